"""Citation numbers in a model's text: `[3]`, `[1, 2]`, `[1-3]`, `【4】` become marks as they stream in.

No half marker is ever let through: text from an opening bracket on is held back until it is a marker
or can't become one. What isn't text (control characters, lone surrogates) is removed on the way, so that
whatever a model says can be stored and shown.
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
    """Return the text without what can be neither stored nor shown."""
    return _UNFIT.sub("", text)


class MarkerReader:
    """Reads a stream of text into words and citation marks.

    White space before a marker goes with it, so that "so it is [1]." reads "so it is." with the mark
    before the full stop.
    """

    def __init__(self) -> None:
        self._held = ""

    def read(self, text: str) -> Iterator[TextDelta | CitationMark]:
        """Take more text; yield what is certain."""
        held, at = self._held + without_unfit(text), 0
        while at < len(held):
            opening = _OPENING.search(held, at)
            start = opening.start() if opening else len(held)
            before = _without_space(held, at, start)
            marker = _MARKER.match(held, start)
            if marker is not None:
                yield from _text(held[at:before])
                yield from _marks(marker.group(1))
                at = marker.end()
            elif start == len(held) or _may_become_marker(held, start):
                yield from _text(held[at:before])
                at = before
                break
            else:
                yield from _text(held[at : start + 1])
                at = start + 1
        self._held = held[at:]

    def finish(self) -> Iterator[TextDelta | CitationMark]:
        """Yield what is left; an unfinished marker is dropped, trailing white space too."""
        opening = _OPENING.search(self._held)
        rest = self._held[: opening.start()] if opening else self._held
        self._held = ""
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
