"""Recognises `Ada: words`: decides whether the text before a colon is a name."""

from __future__ import annotations

import re
from typing import Final

_MAX_CHARS: Final = 40
_MAX_WORDS: Final = 4
_COLON: Final = re.compile("[:：]")
# Characters that names don't contain and clauses before a colon often do.
_UNNAMELY: Final = frozenset(',;!?…"<>{}=、。！？')


def split_speaker(line: str) -> tuple[str | None, str]:
    """Return the speaker a line names and the words; (None, line) if none."""
    colon = _COLON.search(line, 0, _MAX_CHARS + 2)
    if colon is None:
        return None, line
    name = line[: colon.start()].strip()
    if not _is_name(name) or not _is_spaced(line, colon.end()):
        return None, line
    return " ".join(name.split()), line[colon.end() :].strip()


def _is_name(text: str) -> bool:
    if not text or len(text) > _MAX_CHARS or not text[0].isalpha():
        return False
    return len(text.split()) <= _MAX_WORDS and _UNNAMELY.isdisjoint(text)


def _is_spaced(line: str, at: int) -> bool:
    """Whether the colon before `at` is a separator, unlike those of 10:30 and https://."""
    follower = line[at : at + 1]
    return not follower or line[at - 1] == "：" or follower.isspace() or follower > "\u2e80"
