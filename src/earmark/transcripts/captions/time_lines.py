"""Recognises a cue's time line in every spelling, and one that is broken."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from earmark.transcripts.stamps import clock_ms, seconds_ms

# A stamp: digits with separators, at least one of them; `clock_ms` then says whether it is a time.
_STAMP: Final = r"\d{1,6}(?:[:.,;][ ]?\d{1,9}){1,4}"
_ARROW: Final = r"-{1,3}>|=>|[–—]>?|→"
_TIME_LINE: Final = re.compile(
    rf"[ \t\f]*[\[(]?[ ]?(?P<start>{_STAMP}|\d+)[ ]?s?[ ]?[\])]?[ \t\f]*+(?:{_ARROW})[ \t\f]*+"
    rf"[\[(]?[ ]?(?P<end>{_STAMP}|\d+)[ ]?s?[ ]?[\])]?(?P<rest>(?::?[ \t\f].*)?)",
    re.ASCII | re.DOTALL,
)
_SBV: Final = re.compile(r"[ \t]*(?P<start>\d{1,3}:\d\d:\d\d\.\d{1,3}),(?P<end>\d{1,3}:\d\d:\d\d\.\d{1,3})[ \t]*")
_HAS_ARROW: Final = re.compile(r"-{1,3}>|=>|→")
_DIGITS: Final = {ord(one): str(at % 10) for at, one in enumerate("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹")}
_SETTING: Final = re.compile(r"[A-Za-z]\w{0,15}:[^\s:]+", re.ASCII)
_LONGEST_STAMP: Final = 40
# 00: 00: 03, 120 --> 00: 00: 07, 000, as translators' programs write it.
_SPACED: Final = re.compile(r"[ \t]*\d{1,3}: ?\d{1,2}: ?\d{1,2}[,. ]{0,3}\d{0,3} ?-{1,2}> ?[\d:,. ]{5,24}", re.ASCII)
_SPACES: Final = re.compile(r"([:,.]) ")
# Digits and the signs of times; what else stands in a broken stamp is "xx" or "??".
_BROKEN_STAMP: Final = re.compile(r"[\dxX?:.,; \[\]()-]{1,40}")
_SEPARATORS: Final = frozenset(":.,;")


@dataclass(frozen=True, slots=True)
class TimeLine:
    """A line's times in milliseconds, None where it has none that can be read, and the words after them."""

    start_ms: int | None
    end_ms: int | None
    words: str = ""


def read_time_line(line: str) -> TimeLine | None:
    """Return a line's times; None if it isn't a time line, as in `Press File --> Export there`."""
    line = line.translate(_DIGITS)
    if "--&gt;" in line:
        line = line.replace("--&gt;", "-->")
    if ": " in line and ">" in line and _SPACED.fullmatch(line):
        line = _SPACES.sub(r"\1", line)
    if match := _SBV.fullmatch(line):
        return TimeLine(clock_ms(match["start"]), clock_ms(match["end"]))
    if not (">" in line or "–" in line or "—" in line or "→" in line):
        return None
    if match := _TIME_LINE.fullmatch(line):
        return _matched(match)
    return _broken(line)


def _matched(match: re.Match[str]) -> TimeLine | None:
    start, end = match["start"], match["end"]
    is_clock = ":" in start or ":" in end or start.count(".") > 1
    rest = match["rest"]
    words = "" if all(map(_SETTING.fullmatch, rest.split())) else rest.strip(": \t\f")
    if is_clock:
        return TimeLine(clock_ms(start), clock_ms(end), words)
    if not any(mark in start + end for mark in ".,") and "s" not in match[0][: match.end("end") - match.start() + 2]:
        return None  # "3 -> 5"
    return TimeLine(seconds_ms(f"{start}s"), seconds_ms(f"{end}s"), words)


def _broken(line: str) -> TimeLine | None:
    """Return the one time that can be read of a line with an arrow between what should be times."""
    arrow = _HAS_ARROW.search(line)
    if arrow is None:
        return None
    left, right = line[: arrow.start()].strip(), (line[arrow.end() :].split(maxsplit=1) or [""])[0]
    if len(left) > _LONGEST_STAMP or len(right) > _LONGEST_STAMP:
        return None
    start_ms, end_ms = clock_ms(left), clock_ms(right)
    if start_ms is None and not _is_broken_stamp(left):
        return None
    is_alone = start_ms is not None and len(line[arrow.end() :].split()) <= 1  # 00:00:01,000 --> soon
    is_stamp_like = is_alone or not right or end_ms is not None or _is_broken_stamp(right)
    return TimeLine(start_ms, end_ms) if is_stamp_like else None


def _is_broken_stamp(text: str) -> bool:
    return _BROKEN_STAMP.fullmatch(text) is not None and not _SEPARATORS.isdisjoint(text)
