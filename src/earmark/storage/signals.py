"""Wakes tasks that wait for a change: within this process at once, from other processes where the database can."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol


class Waiter:
    """Waits for wake-ups; none is lost between two waits."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def wake(self) -> None:
        """End the wait that is under way, or the next one at once."""
        self._event.set()

    async def wait(self, timeout_s: float) -> None:
        """Return after a wake-up that came since the last call, or after `timeout_s`."""
        # Not `wait_for`: on Python 3.11 it loses a cancellation that comes together with the event.
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        self._event.clear()


class Wakes(Protocol):
    """What a signal wakes."""

    def wake(self) -> None: ...


class Signals:
    """Named channels of one process. A signal carries no data: whoever is woken reads the database."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[Wakes]] = {}
        self.is_shared = False
        """Whether signals of other processes arrive as well; else waiters must look now and then."""

    def fire(self, channel: str) -> None:
        """Wake everybody who waits on the channel."""
        for one in self._waiting.get(channel, ()):
            one.wake()

    def fire_all(self) -> None:
        """Wake everybody: signals may have been missed."""
        for channel in self._waiting:
            self.fire(channel)

    @contextmanager
    def listening(self, channel: str) -> Iterator[Waiter]:
        """Yield what wakes on signals from now on, so that none between a look and a wait is missed."""
        waiter = Waiter()
        with self.waking(channel, waiter):
            yield waiter

    @contextmanager
    def waking(self, channel: str, who: Wakes) -> Iterator[None]:
        """Wake `who` on signals from now on; several of them may then wait in one place."""
        self._waiting.setdefault(channel, set()).add(who)
        try:
            yield
        finally:
            waiting = self._waiting[channel]
            waiting.discard(who)
            if not waiting:
                del self._waiting[channel]
