"""Reads times at the ends of lines (`Ada: words. [0:00:11]`), as programs for qualitative research write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from earmark.transcripts.speakers import is_name, split_prefix
from earmark.transcripts.stamps import CLOCK, clock_ms
from earmark.transcripts.text.lines import TextLine, unmarked

_AT_END: Final = re.compile(rf"(?<=\S) ?[\[(<{{] ?({CLOCK}) ?[\])>}}]$", re.ASCII)
_SHARE: Final = 0.6
_FEWEST: Final = 2
_BEGINS_MS: Final = 1_000


def with_stamps_in_front(lines: Sequence[TextLine]) -> list[TextLine]:
    """Move times from the ends of lines to their beginnings, if most lines end with one below words.

    A paragraph ends at its time, unless the first time is the beginning: then each begins at its own.
    """
    found = {at: split for at, line in enumerate(lines) if (split := _split(line)) is not None}
    if len(found) < _FEWEST or len(found) < len(lines) * _SHARE:
        return list(lines)
    times = [time for _, time in found.values()]
    if any(later < earlier for earlier, later in pairwise(times)):
        return list(lines)
    is_start = times[0] < _BEGINS_MS
    before_ms, moved = 0, []
    for at, line in enumerate(lines):
        if at not in found:
            moved.append(line)
            continue
        words, time_ms = found[at]
        start_ms, end_ms = (time_ms, None) if is_start else (before_ms, time_ms)
        moved.append(
            replace(line, kind="stamped", start_ms=start_ms, end_ms=end_ms, name=None, words=words, is_bare=False)
        )
        before_ms = time_ms
    return moved


def _split(line: TextLine) -> tuple[str, int] | None:
    """Return a line's words without the time at their end, and the time; None if it is a head or has none."""
    bare = unmarked(line.raw)
    match = _AT_END.search(bare)
    time_ms = clock_ms(match[1]) if match else None
    if match is None or time_ms is None:
        return None
    words = bare[: match.start()].strip()
    prefix = split_prefix(words)
    is_said = bool(prefix and prefix[1]) or (words[-1:] in ".!?…。！？" and len(words.split()) > 2)
    return (words, time_ms) if is_said and not is_name(words.rstrip(": ")) else None
