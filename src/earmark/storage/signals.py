"""Wakes tasks that wait for a change: within this process at once, from other processes where the database can."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Signals:
    """Named channels of one process. A signal carries no data: whoever is woken reads the database."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self.is_shared = False
        """Whether signals of other processes arrive as well; else waiters must look now and then."""

    def fire(self, channel: str) -> None:
        """Wake everybody who waits on the channel."""
        for event in self._waiting.get(channel, ()):
            event.set()

    def fire_all(self) -> None:
        """Wake everybody: signals may have been missed."""
        for channel in list(self._waiting):
            self.fire(channel)

    @contextmanager
    def listening(self, channel: str) -> Iterator[Waiter]:
        """Yield what wakes on signals from now on, so that none between a look and a wait is missed."""
        event = asyncio.Event()
        self._waiting[channel].add(event)
        try:
            yield Waiter(event)
        finally:
            self._waiting[channel].discard(event)
            if not self._waiting[channel]:
                del self._waiting[channel]


class Waiter:
    """One listener of a channel."""

    __slots__ = ("_event",)

    def __init__(self, event: asyncio.Event) -> None:
        self._event = event

    async def wait(self, timeout_s: float) -> None:
        """Return after a signal that came since the last call, or after `timeout_s`."""
        # Not `wait_for`: on Python 3.11 it loses a cancellation that comes together with the event.
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        self._event.clear()
