"""Which retention is in force while a shortened one waits: the longest of the last 24 hours.

Each key of a level keeps the values that it had within that time (`Earlier`). None among them means that the level set
nothing, so that the level below applied. Which values of two levels were in force at the same moment isn't stored: of
all that were, the longest counts, which at worst keeps something for those 24 hours longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

DELAY_US: Final = 24 * 3_600 * 1_000_000
_MOST: Final = 24
Earlier = Sequence[tuple[int | None, int]]
"""Values that a key had, and until when (microseconds since 1970), oldest first."""


def note_replaced(earlier: Earlier, replaced: int | None, now_us: int) -> list[tuple[int | None, int]]:
    """Return the earlier values of a key after another one was set; those that can't be the longest are left out."""
    kept = [(days, until_us) for days, until_us in earlier if until_us > now_us - DELAY_US]
    kept = [one for one in kept if not _is_covered(one[0], replaced)]
    kept.append((replaced, now_us))
    return _shortened(kept)


def _is_covered(days: int | None, by: int | None) -> bool:
    """Whether a value is never longer than another one that was in force later."""
    if days is None or by is None:
        return days is None and by is None
    return days <= by


def _shortened(kept: list[tuple[int | None, int]]) -> list[tuple[int | None, int]]:
    """Return at most `_MOST` values: of the two oldest, the longer one counts until the end of the other."""
    unset = [one for one in kept if one[0] is None]
    each = [one for one in kept if one[0] is not None]  # their days fall: what a later one covers is gone
    while len(each) > _MOST:
        each[:2] = [(each[0][0], each[1][1])]
    return sorted([*unset, *each], key=lambda one: one[1])


def in_force(current: int | None, earlier: Earlier, now_us: int) -> set[int | None]:
    """Return the values that a key has, or had within the last 24 hours."""
    return {current} | {days for days, until_us in earlier if until_us > now_us - DELAY_US}


def longest(own: Iterable[int | None], below: Iterable[int | None]) -> int | None:
    """Return the longest of a level's values; where it set nothing, those of the level below count. None: for ever."""
    found: set[int | None] = set()
    for days in own:
        found |= set(below) if days is None else {days}
    return None if None in found else max(days for days in found if days is not None)
