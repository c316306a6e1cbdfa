"""Prompts that clients offer as commands: requests in which a person fills in one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from earmark.errors import InvalidError
from earmark.lengths import has_length
from earmark.text import trim

_LONGEST = 500


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A request with one gap, `{it}`.

    Args:
        argument: the name of what a person fills in; `hint` says what that is.
    """

    name: str
    title: str
    text: str
    argument: str
    hint: str
    request: str


PROMPTS: Final = (
    PromptTemplate(
        "what_did_we_decide",
        "What did we decide about …",
        "Find what was decided about a topic, by whom and when.",
        "topic",
        "What the decision was about, such as the launch date.",
        "What did we decide about {it}? Use earmark's ask tool. Say what was decided, by whom and when, and whether a "
        "later recording changed it. Link each statement to the moment it was said.",
    ),
    PromptTemplate(
        "brief_me",
        "Brief me on … before the call",
        "Prepare for a call: the latest state, promises and open questions about a person, company or project.",
        "subject",
        "Whom or what the call is about.",
        "Brief me on {it} before my call. Use earmark: search for the recordings about it, then ask for the latest "
        "state, what was promised by whom, and what is still open. Answer in at most ten lines, newest first, and link "
        "each to the moment it was said.",
    ),
)


def fill_prompt(prompt: PromptTemplate, given: str | None) -> str:
    """Return the request with its gap filled.

    Raises: InvalidError if nothing is given, or too much.
    """
    value = trim(given or "")
    if not has_length(value, 1, _LONGEST):
        raise InvalidError(f"{prompt.argument} must be 1 to {_LONGEST} characters long.", param=prompt.argument)
    return prompt.request.replace("{it}", value)
