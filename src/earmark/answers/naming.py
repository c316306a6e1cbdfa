"""Matches a question's words with recordings' names; lists capitalised words that aren't names."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final

from earmark.clock import local_us
from earmark.retrieval.index.analysis import terms_of_name

CALENDAR: Final = frozenset(
    "january february march april may june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday".split()
)
"""Capitalised English words that are not names."""


def terms_of_recording(name: str | None, recorded_us: int | None, offset_min: int | None) -> frozenset[str]:
    """Return the index terms of a recording's name, and of its month, day and year where it was recorded."""
    when = ""
    if recorded_us is not None:
        when = datetime.fromtimestamp(local_us(recorded_us, offset_min) / 1_000_000, UTC).strftime(" %B %Y %d")
    return terms_of_name((name or "") + when, None)


def chosen_by_name(subject: Collection[str], called: Sequence[Collection[str]]) -> tuple[list[int], frozenset[str]]:
    """Return the recordings a question names (all if none), and the matching terms.

    Args:
        subject: index terms of what the question is about.
        called: the terms by which each recording may be called.
    """
    named = frozenset(term for terms in called for term in terms) & frozenset(subject)
    return [at for at, terms in enumerate(called) if named <= frozenset(terms)], named
