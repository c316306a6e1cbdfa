"""Who comes next: tenants, the kinds of each tenant, and the end users of each kind take turns."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from typing import Any, Final, TypeVar

_MOST_REMEMBERED: Final = 10_000
T = TypeVar("T", int, str)


class Turns:
    """Remembers, for each line, who was served last: whoever comes after it in order is next.

    Of a process: each has its own memory. One that begins, or remembers too many lines, begins with the first.
    """

    def __init__(self) -> None:
        self._last: dict[Hashable, Any] = {}

    def last(self, line: Hashable, default: T) -> T:
        """Return who was served last."""
        found: T = self._last.get(line, default)
        return found

    def note(self, line: Hashable, served: int | str) -> None:
        """Remember who was served."""
        if len(self._last) >= _MOST_REMEMBERED and line not in self._last:
            self._last.clear()
        self._last[line] = served

    def in_turn(self, line: Hashable, those: Collection[T]) -> Sequence[T]:
        """Return them in order, those after the one that was served last first."""
        last = self._last.get(line)
        return sorted(those, key=lambda one: (last is not None and one <= last, one))
