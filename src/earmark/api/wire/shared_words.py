"""The few words of a shared link's page, in the console's languages. What was said stays in its own language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of the page. `{from}`, `{to}`, `{time}` stand for what is put there."""

    language: str
    gone_title: str
    gone: str
    chat: str
    part: str
    until: str
    play: str
    deleted: str
    unnamed: str
    unclear: str


_ENGLISH: Final = Words(
    "en",
    "This link is not valid",
    "It may have expired, or the person who shared it has ended it. Ask them for a new one.",
    "A chat about recordings, as it was when it was shared.",
    "{from} to {to}",
    "Shared for reading with earmark until {time}.",
    "Play from here",
    "a deleted recording",
    "Recording without a name",
    "unclear",
)
_GERMAN: Final = Words(
    "de",
    "Dieser Link ist nicht gültig",
    "Vielleicht ist er abgelaufen, oder die Person, die ihn geteilt hat, hat ihn beendet. Bitte sie um einen neuen.",
    "Ein Chat über Aufnahmen, so wie er war, als er geteilt wurde.",
    "{from} bis {to}",
    "Zum Lesen geteilt mit earmark bis {time}.",
    "Ab hier abspielen",
    "eine gelöschte Aufnahme",
    "Aufnahme ohne Namen",
    "unverständlich",
)
WORDS: Final[Mapping[str, Words]] = {one.language: one for one in (_ENGLISH, _GERMAN)}
"""By language tag; a test holds them to the console's languages."""
