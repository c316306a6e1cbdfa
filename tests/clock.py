"""This process's wall clock, which a test sets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from earmark.clock_jumps import jumps


class Clock:
    """Jumps by `shift_s` from the real time; the monotonic clock goes on."""

    def __init__(self) -> None:
        self.shift_s: float = 0


@contextmanager
def shifted_clock() -> Iterator[Clock]:
    """Let the test set the clock while the block runs; afterwards no jump has been noticed."""
    clock, time_ns = Clock(), time.time_ns
    jumps.__init__()  # type: ignore[misc]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: time_ns() + int(clock.shift_s * 1e9))
        patch.setattr(time, "time", lambda: time.time_ns() / 1e9)
        yield clock
    jumps.__init__()  # type: ignore[misc]
