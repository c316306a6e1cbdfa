"""Limits of a transcript, and places in a file for error messages.

Source: the wire contract, "Bring your own transcript"; limits that the contract leaves open say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from earmark.errors import InvalidError

MAX_HOURS: Final = 168
MAX_TIME_MS: Final = MAX_HOURS * 3_600_000
MAX_TEXT_UNITS: Final = 10_000
MAX_SPEAKER_UNITS: Final = 128
MAX_NAME_UNITS: Final = 255
MAX_METADATA_BYTES: Final = 16 * 1024
MS_PER_WORD: Final = 400

MAX_BYTES: Final = 32 << 20

# Not in the contract: they bound the memory of one import. 168 hours at a segment a second are 604,800.
MAX_SEGMENTS: Final = 1_000_000
MAX_LINES: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text file, counted from 1."""

    number: int

    def error(self, field: str, problem: str) -> InvalidError:
        """Return the error for `field` on this line; `problem` completes the sentence."""
        return InvalidError(f"Line {self.number}: the {field} {problem}.", details={"line": self.number})


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a JSON list, counted from 0; `within`: path to an inner object."""

    path: str
    index: int
    within: str = ""

    def error(self, field: str, problem: str) -> InvalidError:
        """Return the error for `field` (the item itself if empty); `problem` completes the sentence."""
        name = ".".join(filter(None, (self.path, str(self.index), self.within, field)))
        return InvalidError(f"`{name}` {problem}.", param=name, details={"index": self.index})


Place = Line | Item


def count_units(text: str) -> int:
    """Count UTF-16 units, as clients do."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def is_longer(text: str, max_units: int) -> bool:
    """Whether `text` has more than `max_units` UTF-16 units; counts only if necessary."""
    if len(text) * 2 <= max_units:
        return False
    return len(text) > max_units or count_units(text) > max_units


def too_many_segments() -> InvalidError:
    """Return the error for more segments than a recording of 168 hours can have."""
    return InvalidError(f"The transcript has more than {MAX_SEGMENTS:,} segments.", param="segments")
