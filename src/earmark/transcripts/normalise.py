"""Rules common to all formats: the guarantees of every stored segment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from earmark.errors import InvalidError
from earmark.transcripts.limits import (
    MAX_SEGMENTS,
    MAX_TEXT_UNITS,
    count_units,
    is_longer,
    too_many_segments,
)
from earmark.transcripts.sentences import last_sentence_end, uses_case
from earmark.transcripts.timing import share_time
from earmark.transcripts.types import Segment

# Every control character (category Cc) except tab, LF and CR, and byte-order marks. Once they are removed,
# `str.strip` trims exactly what ECMAScript's `trim` does.
_REMOVED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]")


def clean_text(text: str) -> str:
    """Remove control characters and byte-order marks, and trim; everything else stays verbatim."""
    return _REMOVED.sub("", text).strip()


def flatten(text: str) -> str:
    """Return a text on one line, without control characters."""
    return " ".join(_REMOVED.sub("", text).split())


def build_segments(drafts: Iterable[Segment]) -> tuple[Segment, ...]:
    """Return segments as stored: none too long, in time order, each ending after it starts.

    Args:
        drafts: cleaned, with `0 <= start_ms <= end_ms`; those without text are dropped.

    Raises: InvalidError if none is left, or more than `MAX_SEGMENTS`.
    """
    segments: list[Segment] = []
    for draft in drafts:
        if not draft.text:
            continue
        segments.extend(_fit(draft))
        if len(segments) > MAX_SEGMENTS:
            raise too_many_segments()
    if not segments:
        raise InvalidError("The transcript has no words.", param="segments")
    segments.sort(key=lambda segment: segment.start_ms)
    return tuple(segments)


def _fit(draft: Segment) -> Iterator[Segment]:
    if not is_longer(draft.text, MAX_TEXT_UNITS):
        end_ms = max(draft.end_ms, draft.start_ms + 1)
        yield draft if end_ms == draft.end_ms else replace(draft, end_ms=end_ms)
        return
    parts = cut_text(draft.text)
    spans = share_time(draft.start_ms, draft.end_ms, [count_units(part) for part in parts])
    for part, (start_ms, end_ms) in zip(parts, spans, strict=True):
        yield replace(draft, start_ms=start_ms, end_ms=end_ms, text=part)


def cut_text(text: str) -> list[str]:
    """Cut at the last sentence end that fits, else white space, else code point."""
    is_cased = uses_case(text)
    parts: list[str] = []
    start = 0
    while start < len(text):
        stop = start + _fitting_length(text, start)
        if stop < len(text):
            stop = _cut_before(text, start, stop, is_cased=is_cased)
        if part := text[start:stop].strip():
            parts.append(part)
        start = stop
    return parts


def _fitting_length(text: str, start: int) -> int:
    """Return how many code points from `start` fit, never splitting a surrogate pair."""
    window = text[start : start + MAX_TEXT_UNITS]
    if window.isascii():
        return len(window)
    units = window.encode("utf-16-le")[: MAX_TEXT_UNITS * 2]
    return len(units.decode("utf-16-le", "ignore"))


def _cut_before(text: str, start: int, stop: int, *, is_cased: bool) -> int:
    end = last_sentence_end(text, start, stop, is_cased=is_cased)
    if end > start:
        return end
    for offset in range(stop, start, -1):
        if text[offset].isspace():
            return offset
    return stop
