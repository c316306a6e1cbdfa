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

    @property
    def is_open(self) -> bool:
        """Whether requests should fail at once. Once `rest_s` is over, the first read returns False."""
        if self._opened_s is None:
            return False
        if self._clock() - self._opened_s < self._rest_s:
            return True
        self._opened_s = self._clock()  # this request is the trial; the breaker stays open for others
        return False

    def succeeded(self) -> None:
        """Record a success and close the breaker."""
        self._failures, self._opened_s = 0, None

    def failed(self) -> None:
        """Record a failure; open the breaker at the limit."""
        self._failures += 1
        if self._failures >= self._limit:
            self._opened_s = self._clock()
