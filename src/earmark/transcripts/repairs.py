"""What had to be repaired or left out of one file, and when that is too much."""

from __future__ import annotations

from typing import Final

from earmark.errors import InvalidError
from earmark.transcripts.limits import Item, Line, Place
from earmark.transcripts.types import TranscriptWarning

MAX_WARNINGS: Final = 100
_TOLERATED: Final = 3
_TOLERATED_SHARE: Final = 10  # one item in ten
_SHOWN_REASONS: Final = 5


class Repairs:
    """Collects the warnings of one file. Messages name fields and places, and never quote the file's words."""

    def __init__(self) -> None:
        self.warnings: list[TranscriptWarning] = []
        self.total = 0
        self._lost: list[TranscriptWarning] = []
        self._lost_total = 0

    def note(self, place: Place | None, code: str, message: str) -> None:
        """Record an assumption or a repair: the item's words are stored."""
        self._add(place, code, message)

    def leave_out(self, place: Place, code: str, problem: str) -> None:
        """Record an item that isn't stored; `problem` is a sentence without its full stop."""
        self._add(place, code, f"{problem}; it was left out.")
        self._lost_total += 1
        if len(self._lost) < _SHOWN_REASONS:
            self._lost.append(_warning(place, code, f"{problem}."))

    def check(self, stored: int) -> None:
        """Refuse a file of which too much had to be left out.

        Args:
            stored: the items (cues, rows, segments) that can be stored.

        Raises: InvalidError with the first reasons.
        """
        total = stored + self._lost_total
        if self._lost_total > max(_TOLERATED, total // _TOLERATED_SHARE) or (self._lost_total and not stored):
            first = self._lost[0]
            place = {"line": first.line} if first.line is not None else {"index": first.index}
            reasons = " ".join(map(render, self._lost))
            counted = "" if self._lost_total == 1 else f"{self._lost_total:,} of {total:,} items can't be read. "
            raise InvalidError(f"{counted}{reasons}", details=place)

    def _add(self, place: Place | None, code: str, message: str) -> None:
        self.total += 1
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(_warning(place, code, message))


def _warning(place: Place | None, code: str, message: str) -> TranscriptWarning:
    line = place.number if isinstance(place, Line) else None
    return TranscriptWarning(code, message, line, place.index if isinstance(place, Item) else None)


def render(warning: TranscriptWarning) -> str:
    """Return a warning as a sentence that begins with its place."""
    if warning.line is not None:
        return f"Line {warning.line}: {warning.message}"
    return warning.message if warning.index is None else f"Item {warning.index}: {warning.message}"
