"""Reads blocks of a time line and words, whatever stands between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from earmark.transcripts.captions.time_lines import TimeLine, read_time_line
from earmark.transcripts.footers import is_footer
from earmark.transcripts.limits import Line
from earmark.transcripts.repairs import Repairs

_BLOCK: Final = re.compile(r"NOTE(?:[ \t].*)?|(?:STYLE|REGION)[ \t\f]*", re.DOTALL)
_NAMED: Final = re.compile(r'"([^"]{1,128})"')
_HEADER: Final = re.compile(r"\ufeff?WEBVTT(?:[ \t].*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Cue:
    """Words between two times; a time that can't be read is None. `place` is the time line.

    `speaker`: whom the cue's identifier names (`1 "Ines Marlow" (298)`).
    """

    place: Line
    start_ms: int | None
    end_ms: int | None
    lines: tuple[str, ...]
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class _Mark:
    at: int  # counted from 0
    times: TimeLine


def read_cues(lines: Sequence[str], repairs: Repairs) -> Iterator[Cue]:
    """Yield the cues of a file in its order.

    A cue begins with a time line and takes every line until the next cue's head (its number or identifier), but
    for comments, style blocks and repeated headers. What stands before the first cue is no cue's.
    """
    marks = [_Mark(at, times) for at, line in enumerate(lines) if (times := read_time_line(line)) is not None]
    heads = _heads(lines, marks)
    _note_stray(lines, heads[0] if heads else len(lines), repairs)
    for position, mark in enumerate(marks):
        until = heads[position + 1] if position + 1 < len(marks) else len(lines)
        place = Line(mark.at + 1)
        words = _payload(lines, mark.at + 1, until, is_last=position + 1 == len(marks), repairs=repairs)
        if mark.times.words:
            words.insert(0, mark.times.words)
        if mark.times.start_ms is None and mark.times.end_ms is None:
            repairs.leave_out(place, "times_unreadable", "the cue's times can't be read")
            continue
        named = _NAMED.search(lines[heads[position]]) if heads[position] < mark.at else None
        yield Cue(place, mark.times.start_ms, mark.times.end_ms, tuple(words), named[1] if named else None)


def count_cues(lines: Sequence[str]) -> int:
    """Count the lines that are time lines, also broken ones."""
    return sum(read_time_line(line) is not None for line in lines)


def _heads(lines: Sequence[str], marks: Sequence[_Mark]) -> list[int]:
    """Return for each cue the line at which it begins: its number or identifier, else its time line."""
    above = [_line_above(lines, mark.at) for mark in marks]
    numbers = [int(lines[at]) if at is not None and _is_number(lines[at]) else None for at in above]
    steps = sum(
        number is not None and (number == 1 or position == 0 or numbers[position - 1] == number - 1)
        for position, number in enumerate(numbers)
    )
    is_numbered = steps * 5 >= len(marks) * 4
    heads = []
    for position, (mark, at) in enumerate(zip(marks, above, strict=True)):
        is_head = at is not None and (
            (numbers[position] is not None and (is_numbered or at == mark.at - 1))
            or (at == mark.at - 1 and _is_identifier(lines, at, marks[position - 1].at if position else -1))
        )
        heads.append(at if is_head and at is not None else mark.at)
    return heads


def _line_above(lines: Sequence[str], at: int) -> int | None:
    """Return the nearest line above that isn't blank."""
    for above in range(at - 1, max(at - 4, -1), -1):
        if lines[above].strip():
            return above
    return None


def _is_number(line: str) -> bool:
    bare = line.strip()
    return bare.isascii() and bare.isdigit() and len(bare) <= 9


def _is_identifier(lines: Sequence[str], at: int, before: int) -> bool:
    """Whether the line above a time line is its cue's identifier, not the words of the cue before."""
    if at == 0:
        return True
    if lines[at - 1].strip() or _HEADER.fullmatch(lines[at]):
        return False
    has_other_words = any(line.strip() for line in lines[before + 1 : at])
    return before < 0 or has_other_words or " " not in lines[at].strip()


def _payload(lines: Sequence[str], first: int, until: int, *, is_last: bool, repairs: Repairs) -> list[str]:
    words: list[str] = []
    at, is_after_blank = first, False
    while at < until:
        line = lines[at]
        if not line:
            is_after_blank = True
        elif is_after_blank and (_BLOCK.fullmatch(line) or _HEADER.fullmatch(line)):
            while at < until and lines[at]:
                at += 1
            continue
        elif line.strip():
            if is_after_blank and words:
                if is_last and (_is_number(line) or is_footer(line)):
                    at += 1
                    continue
                if line.startswith("```"):
                    break
                repairs.note(Line(at + 1), "blank_line", "a blank line inside the cue above was removed.")
            is_after_blank = False
            if not (is_last and (line.startswith("```") or (words and is_footer(line)))):
                words.append(line)
        at += 1
    return words


def _note_stray(lines: Sequence[str], until: int, repairs: Repairs) -> None:
    """Note words before the first cue that belong to no header or comment."""
    at = 0
    while at < until:
        line = lines[at]
        if _HEADER.fullmatch(line) or _BLOCK.fullmatch(line):
            while at < until and lines[at].strip():
                at += 1
        elif line.strip():
            repairs.note(Line(at + 1), "stray_text", "the text before the first cue was left out.")
            return
        at += 1
