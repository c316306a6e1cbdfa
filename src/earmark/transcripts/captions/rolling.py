"""Unrolls captions that repeat what is already on the screen: every phrase once, when it is first said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from earmark.transcripts.captions.cues import Cue

_SAID_AGAIN_MS: Final = 500
_FEWEST_WORDS: Final = 3
_HIGHLIGHTS: Final = 3


def unroll(cues: Sequence[Cue], *, are_highlighted: bool) -> list[Cue]:
    """Return the cues without what they repeat of the one before, if the file is of rolling captions.

    It is one if at least half of its cues begin with the end of the cue before, and at least one of these goes on
    with new words: two cues that both say "No." are two answers.

    Args:
        are_highlighted: whether cues of the same words differ in their markup, as where one word after the other is.
    """
    if not _is_rolling(cues, are_highlighted):
        return list(cues)
    return list(_unrolled(cues))


def _is_rolling(cues: Sequence[Cue], are_highlighted: bool) -> bool:
    repeats = goes_on = 0
    for before, cue in pairwise(cues):
        known = _overlap(_words(before.lines), before.lines, cue.lines)
        repeats += known is not None
        goes_on += known is not None and bool(known[1])
    if goes_on == 0:  # one word after the other is highlighted, and the words stay
        return are_highlighted and repeats > _HIGHLIGHTS and repeats * 2 >= len(cues) - 1
    return repeats * 2 >= len(cues) - 1


def _unrolled(cues: Sequence[Cue]) -> Iterator[Cue]:
    before: Cue | None = None
    for cue in cues:
        known = (
            None
            if before is None or _is_said_again(before, cue)
            else (_overlap(_words(before.lines), before.lines, cue.lines))
        )
        if known is None:
            yield cue
        elif known[1]:
            yield replace(cue, lines=known[1])
        if cue.lines:
            before = cue


def _is_said_again(before: Cue, cue: Cue) -> bool:
    """Whether the screen was empty between two cues: then the second one's words are new."""
    if before.end_ms is None or cue.start_ms is None:
        return False
    return cue.start_ms - before.end_ms > _SAID_AGAIN_MS


def _overlap(shown: list[str], before: Sequence[str], lines: Sequence[str]) -> tuple[int, tuple[str, ...]] | None:
    """Return how much of a cue was on the screen, and its new lines; None if nothing was."""
    for count in range(min(len(before), len(lines)), 0, -1):
        if tuple(before[-count:]) == tuple(lines[:count]):
            return count, tuple(lines[count:])
    words = _words(lines)
    for count in range(min(len(shown), len(words)), 0, -1):
        if count < _FEWEST_WORDS and count < len(shown):
            return None
        if shown[-count:] == words[:count]:
            rest = " ".join(words[count:])
            return count, ((rest,) if rest else ())
    return None


def _words(lines: Sequence[str]) -> list[str]:
    return " ".join(lines).split()
