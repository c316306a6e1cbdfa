"""This process's wall clock, which a test sets: the fixture `clock`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from earmark.clock_jumps import jumps


class Clock:
    """Jumps by `shift_s` from the real time, or stands still; the monotonic clock goes on."""

    def __init__(self) -> None:
        self.shift_s: float = 0
        self._stopped_us: int | None = None

    def stop_at(self, time_us: int) -> None:
        """Stand still at microseconds since 1970."""
        self._stopped_us = time_us

    def pass_by(self, seconds: float) -> None:
        """Let time pass: no jump is noticed."""
        self.shift_s += seconds
        jumps.__init__()  # type: ignore[misc]

    def shifted_ns(self, real_ns: int) -> int:
        """Return what this clock shows at a real time."""
        return real_ns + int(self.shift_s * 1e9) if self._stopped_us is None else self._stopped_us * 1_000


@contextmanager
def shifted_clock() -> Iterator[Clock]:
    """Let the test set the clock while the block runs; afterwards no jump has been noticed."""
    clock, time_ns = Clock(), time.time_ns
    jumps.__init__()  # type: ignore[misc]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: clock.shifted_ns(time_ns()))
        patch.setattr(time, "time", lambda: time.time_ns() / 1e9)
        yield clock
    jumps.__init__()  # type: ignore[misc]
