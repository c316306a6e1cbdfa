"""Parses plain text: `Speaker: words` lines, lines that begin with a time, or prose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from earmark.errors import InvalidError
from earmark.transcripts.limits import MAX_HOURS, MAX_TIME_MS, MS_PER_WORD, Line, count_units
from earmark.transcripts.normalise import build_segments, clean_text
from earmark.transcripts.sentences import split_sentences
from earmark.transcripts.speakers import split_speaker
from earmark.transcripts.text_body import decode_text, split_lines
from earmark.transcripts.timing import estimate_time_ms, share_time
from earmark.transcripts.types import ParsedTranscript, Segment

ESTIMATED: Final = "import/estimated"
_TIME: Final = r"(?:(\d{1,3}):)?(\d{1,3}):([0-5]\d)(?:[.,](\d{1,3}))?"
_STAMP: Final = re.compile(rf"(?:\[{_TIME}\]|\({_TIME}\)|{_TIME}(?=\s|$))[ \t]*+(?:[-–—|][ \t]++)?", re.ASCII)
# 168 hours at one word per line.
_MAX_LINES: Final = MAX_TIME_MS // MS_PER_WORD
_GROUPS: Final = 4  # per notation of a time; there are three
Turn = tuple[str | None, str]  # speaker, words


@dataclass(frozen=True, slots=True)
class _Line:
    number: int  # counted from 1
    raw: str
    start_ms: int | None  # its leading time
    words: str  # without that time, possibly empty


def parse_plain(body: bytes) -> ParsedTranscript:
    """Parse a text file; times are estimated if it has none.

    Raises: InvalidError if it has no words, or more than the longest recording can contain.
    """
    text = decode_text(body)
    lines = _read_lines(text)
    if _is_timed(lines):
        return ParsedTranscript(build_segments(_timed_segments(lines)))
    if _is_dialogue(lines):
        return ParsedTranscript(_consecutive(_name_speakers([line.raw for line in lines])), engine=ESTIMATED)
    return ParsedTranscript(estimate_prose(text), engine=ESTIMATED)


def estimate_prose(text: str) -> tuple[Segment, ...]:
    """Return one segment per sentence, consecutive, with estimated durations.

    Raises: InvalidError as `parse_plain`.
    """
    return _consecutive((None, sentence) for sentence in split_sentences(text))


def _read_lines(text: str) -> list[_Line]:
    lines: list[_Line] = []
    for number, line in enumerate(split_lines(text), start=1):
        if not (raw := clean_text(line)):
            continue
        if len(lines) >= _MAX_LINES:
            raise InvalidError(f"The text has more than {_MAX_LINES:,} lines of words.")
        stamp = _STAMP.match(raw)
        start_ms = _stamp_ms(stamp) if stamp else None
        words = raw[stamp.end() :].strip() if stamp and start_ms is not None else raw
        lines.append(_Line(number, raw, start_ms, words))
    return lines


def _stamp_ms(match: re.Match[str]) -> int | None:
    """Return the time, or None if more than 59 minutes follow hours."""
    for first in (1, 1 + _GROUPS, 1 + 2 * _GROUPS):
        hours, minutes, seconds, decimals = match.group(*range(first, first + _GROUPS))
        if minutes is None:
            continue
        if hours is not None and int(minutes) > 59:
            return None
        whole_s = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
        return whole_s * 1_000 + int((decimals or "0").ljust(3, "0"))
    return None


def _is_timed(lines: Sequence[_Line]) -> bool:
    """Whether leading times are positions in the recording, not times of day ("12:30 we left")."""
    if not lines or lines[0].start_ms is None:
        return False
    stamps = sum(line.start_ms is not None for line in lines)
    with_words = sum(bool(line.words) for line in lines)
    return lines[0].raw[0] in "[(" or stamps * 2 >= with_words


def _is_dialogue(lines: Sequence[_Line]) -> bool:
    named = sum(split_speaker(line.raw)[0] is not None for line in lines)
    return named * 2 > len(lines)


def _name_speakers(lines: Sequence[str]) -> Iterator[Turn]:
    """Yield each line's speaker and words; a line without a name continues the last speaker."""
    speaker: str | None = None
    for line in lines:
        name, words = split_speaker(line)
        speaker = name or speaker
        if words:
            yield speaker, words


def _consecutive(turns: Iterator[Turn]) -> tuple[Segment, ...]:
    return build_segments(_estimate(turns))


def _estimate(turns: Iterator[Turn]) -> Iterator[Segment]:
    at_ms = 0
    for speaker, raw in turns:
        if not (text := clean_text(raw)):
            continue
        end_ms = at_ms + estimate_time_ms(text)
        if end_ms > MAX_TIME_MS:
            raise InvalidError(f"The text takes longer than {MAX_HOURS} hours to say, at 400 ms a word.")
        yield Segment(at_ms, end_ms, text, speaker)
        at_ms = end_ms


def _timed_segments(lines: Sequence[_Line]) -> Iterator[Segment]:
    """Yield a segment per line; lines between two times share the time between them."""
    stamps = [index for index, line in enumerate(lines) if line.start_ms is not None]
    speaker: str | None = None
    for first, until in zip(stamps, [*stamps[1:], len(lines)], strict=True):
        turns: list[Turn] = []
        for line in lines[first:until]:
            name, words = split_speaker(line.words)
            speaker = name or speaker
            if words:
                turns.append((speaker, words))
        start_ms = lines[first].start_ms or 0
        if start_ms > MAX_TIME_MS:
            raise Line(lines[first].number).error("time", f"is after {MAX_HOURS} hours")
        yield from _share(turns, start_ms, lines[until].start_ms if until < len(lines) else None)


def _share(turns: Sequence[Turn], start_ms: int, next_ms: int | None) -> Iterator[Segment]:
    end_ms = next_ms or 0
    if end_ms <= start_ms:
        end_ms = start_ms + sum(estimate_time_ms(words) for _, words in turns)
    weights = [count_units(words) for _, words in turns]
    spans = share_time(start_ms, min(end_ms, MAX_TIME_MS), weights) if turns else []
    for (speaker, words), (from_ms, until_ms) in zip(turns, spans, strict=True):
        yield Segment(from_ms, until_ms, words, speaker)
