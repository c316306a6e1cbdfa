"""Parses the cue blocks that WebVTT and SubRip share: a time line, then text lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from earmark.transcripts.limits import MAX_SEGMENTS, Line, count_units, too_many_segments
from earmark.transcripts.normalise import check_span, clean_speaker, clean_text
from earmark.transcripts.speakers import split_speaker
from earmark.transcripts.timing import share_time
from earmark.transcripts.types import Segment

ARROW: Final = "-->"
Span = tuple[int, int]
Part = tuple[str | None, str]


@dataclass(frozen=True, slots=True)
class Cue:
    """A time span and its text lines; `place` is its time line."""

    place: Line
    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grammar:
    """The differences between the two formats."""

    parse_times: Callable[[str], Span | None]
    is_ignored: Callable[[str], bool]
    is_blank: Callable[[str], bool]


def read_cues(lines: Sequence[str], at: int, grammar: Grammar) -> Iterator[Cue]:
    """Yield the cues from line `at` (counted from 0) on.

    Raises: InvalidError naming the line of a block that isn't a cue, or of a time line that can't be read.
    """
    while at < len(lines):
        if not lines[at].strip():
            at += 1
        elif ARROW not in lines[at] and grammar.is_ignored(lines[at]):
            at = _block_end(lines, at, grammar)
        else:
            cue, at = _read_cue(lines, _find_time_line(lines, at), grammar)
            yield cue


def cue_segments(cue: Cue, parts: Sequence[Part]) -> Iterator[Segment]:
    """Yield a segment for each part with words, dividing the cue's time by length."""
    spoken = [(speaker, text) for speaker, raw in parts if (text := clean_text(raw))]
    spans = share_time(cue.start_ms, cue.end_ms, [count_units(text) for _, text in spoken]) if spoken else []
    for (speaker, text), (start_ms, end_ms) in zip(spoken, spans, strict=True):
        yield Segment(start_ms, end_ms, text, clean_speaker(speaker, cue.place))


def split_turns(lines: Sequence[str]) -> list[Part]:
    """Join lines; if the first names a speaker, each line that does starts a part.

    If only a later line has a colon, the colon is more likely part of the text.
    """
    turns: list[tuple[str | None, list[str]]] = []
    for line in filter(None, map(clean_text, lines)):
        speaker, words = split_speaker(line)
        if not turns or (speaker is not None and turns[0][0] is not None):
            turns.append((speaker, [words]))
            if len(turns) > MAX_SEGMENTS:
                raise too_many_segments()
        else:
            turns[-1][1].append(line)
    return [(speaker, " ".join(filter(None, words))) for speaker, words in turns]


def stamp_ms(match: re.Match[str], first: int) -> int:
    """Return the time in four groups from `first` on: hours or None, minutes, seconds, decimals."""
    hours, minutes, seconds, decimals = match.group(first, first + 1, first + 2, first + 3)
    whole_s = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return whole_s * 1_000 + int((decimals or "0").ljust(3, "0"))


def _find_time_line(lines: Sequence[str], at: int) -> int:
    """Return the line that must be the time line of the block at `at`."""
    if ARROW in lines[at]:
        return at
    has_second = at + 1 < len(lines) and bool(lines[at + 1].strip())
    if has_second and ARROW in lines[at + 1]:
        return at + 1
    wrong = at + 1 if has_second and lines[at].strip().isdigit() else at
    raise Line(wrong + 1).error("cue", "has no time line that can be read")


def _read_cue(lines: Sequence[str], time_line: int, grammar: Grammar) -> tuple[Cue, int]:
    place = Line(time_line + 1)
    times = grammar.parse_times(lines[time_line])
    if times is None:
        raise place.error("cue", "has no time line that can be read")
    check_span(*times, place, "cue")
    end = _block_end(lines, time_line + 1, grammar)
    payload = list(lines[time_line + 1 : end])
    if end < len(lines) and ARROW in lines[end] and payload and payload[-1].strip().isdigit():
        payload.pop()  # the next cue's number, if the empty line before it is missing
    return Cue(place, *times, tuple(payload)), end


def _block_end(lines: Sequence[str], at: int, grammar: Grammar) -> int:
    """Return the next empty line or time line; text can't contain an arrow."""
    while at < len(lines) and not grammar.is_blank(lines[at]) and ARROW not in lines[at]:
        at += 1
    return at
