"""Parses citation markers in streamed text: `[3]`, `[1, 2]`, `[1-3]`, `【4】`.

A partial marker is never emitted: text from an opening bracket on is buffered until it is a marker or
can't become one. Characters that can be neither stored nor shown (control characters, lone surrogates) are
removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from earmark.llm.types import CitationMark, TextDelta

_LONGEST = 96
_MARKER = re.compile(r"[\[【] ?[\^#]? ?(\d{1,6}(?: ?[-–,;] ?\^?\d{1,6}){0,9}) ?[\]】]")
_MAY_BECOME = re.compile(r"[\[【][ \d^#,;\-–]*\Z")
_OPENING = re.compile(r"[\[【]")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufeff]")
_MOST_OF_RANGE = 10


def without_unfit(text: str) -> str:
    """Remove characters that can be neither stored nor shown."""
    return _UNFIT.sub("", text)


class MarkerReader:
    """Splits a stream of text into text and citation marks.

    White space before a marker is removed with it, so that "so it is [1]." becomes "so it is." with the mark
    before the full stop.
    """

    def __init__(self) -> None:
        self._buffer = ""

    def read(self, text: str) -> Iterator[TextDelta | CitationMark]:
        """Add text; yield the events that later text can't change."""
        buffer, at = self._buffer + without_unfit(text), 0
        while at < len(buffer):
            opening = _OPENING.search(buffer, at)
            start = opening.start() if opening else len(buffer)
            before = _without_space(buffer, at, start)
            marker = _MARKER.match(buffer, start)
            if marker is not None:
                yield from _text(buffer[at:before])
                yield from _marks(marker.group(1))
                at = marker.end()
            elif start == len(buffer) or _may_become_marker(buffer, start):
                yield from _text(buffer[at:before])
                at = before
                break
            else:
                yield from _text(buffer[at : start + 1])
                at = start + 1
        self._buffer = buffer[at:]

    def finish(self) -> Iterator[TextDelta | CitationMark]:
        """Yield the rest; an unfinished marker and trailing white space are dropped."""
        opening = _OPENING.search(self._buffer)
        rest = self._buffer[: opening.start()] if opening else self._buffer
        self._buffer = ""
        yield from _text(rest.rstrip())


def _text(text: str) -> Iterator[TextDelta]:
    if text:
        yield TextDelta(text)


def _without_space(text: str, start: int, end: int) -> int:
    floor = max(start, end - _LONGEST)
    while end > floor and text[end - 1] in " \t\n":
        end -= 1
    return end


def _may_become_marker(text: str, start: int) -> bool:
    return len(text) - start <= _LONGEST and _MAY_BECOME.match(text, start) is not None


def _marks(numbers: str) -> Iterator[CitationMark]:
    for one in re.split(r"[,;]", numbers):
        first, *last = re.findall(r"\d+", one)
        end = int(last[-1]) if last else int(first)
        for number in range(int(first), min(end, int(first) + _MOST_OF_RANGE - 1) + 1):
            yield CitationMark(number)
