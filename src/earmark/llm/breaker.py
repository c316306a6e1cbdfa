"""A circuit breaker: fails requests fast while a model keeps failing."""

from __future__ import annotations

import time
from collections.abc import Callable


class Breaker:
    """Opens after `limit` failures in a row; after `rest_s` one trial request is let through.

    Args:
        clock: a monotonic clock, in seconds.
    """

    def __init__(self, limit: int = 5, rest_s: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._rest_s, self._clock = limit, rest_s, clock
        self._failures = 0
        self._opened_s: float | None = None

    def allow(self) -> bool:
        """Let a request through, or not. Once `rest_s` is over, one is: the trial, during which others are not."""
        if self._opened_s is None:
            return True
        if self._clock() - self._opened_s < self._rest_s:
            return False
        self._opened_s = self._clock()
        return True

    def succeeded(self) -> None:
        """Record a success and close the breaker."""
        self._failures, self._opened_s = 0, None

    def failed(self) -> None:
        """Record a failure; open the breaker at the limit."""
        self._failures += 1
        if self._failures >= self._limit:
            self._opened_s = self._clock()
