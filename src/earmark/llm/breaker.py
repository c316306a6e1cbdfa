"""A circuit breaker: a model that keeps failing is left alone for a while, so that people wait for nothing."""

from __future__ import annotations

import time
from collections.abc import Callable


class Breaker:
    """Opens after `limit` failures in a row; after `rest_s` one request may try again.

    Args:
        clock: seconds that only rise.
    """

    def __init__(self, limit: int = 5, rest_s: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._rest_s, self._clock = limit, rest_s, clock
        self._failures = 0
        self._opened_s: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether requests should fail at once. Asking lets one through when the rest is over."""
        if self._opened_s is None:
            return False
        if self._clock() - self._opened_s < self._rest_s:
            return True
        self._opened_s = self._clock()  # this one tries; others wait for how it goes
        return False

    def succeeded(self) -> None:
        """Close it."""
        self._failures, self._opened_s = 0, None

    def failed(self) -> None:
        """Count a failure."""
        self._failures += 1
        if self._failures >= self._limit:
            self._opened_s = self._clock()
