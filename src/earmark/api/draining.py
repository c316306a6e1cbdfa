"""Going down: what runs may finish, what comes is told to try again, and what takes too long is stopped cleanly.

On SIGTERM or SIGINT the server keeps listening: new requests get 503 with Retry-After while those under way
finish. After `EARMARK_SHUTDOWN_GRACE_S` the rest are cancelled, which undoes their unit of work and lets go of
their turns, and they too answer 503. Then uvicorn's own handler closes the sockets.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import structlog

from earmark.errors import UnavailableError

_CANCELLED_S = 2.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
log = structlog.get_logger("earmark.api")


class ShuttingDownError(UnavailableError):
    """The server is going down; another one, or this one again, will answer soon."""

    retry_after_s = 5

    def __init__(self, session_id: str | None = None) -> None:
        super().__init__("The server is shutting down; try again in a few seconds.")
        self.session_id = session_id


class OverloadedError(UnavailableError):
    """More requests at once than the server takes on; those under way go on."""

    retry_after_s = 1

    def __init__(self) -> None:
        super().__init__("The server has more to do than it can take on; try again in a second.")


class Draining:
    """Whether the server goes down or has its hands full, and which requests run."""

    def __init__(self, grace_s: float, most: int) -> None:
        self._grace_s = grace_s
        self._most = most
        self._running: set[asyncio.Task[Any]] = set()
        self._waiting = 0
        self.also: Callable[[], set[asyncio.Task[Any]]] = set
        """Returns what else may finish: turns go on without the request that began them."""
        self._task: asyncio.Task[None] | None = None
        self.is_on = False
        self.is_over = False
        """The grace period has passed: what still runs is being cancelled."""

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count the current task among those that may finish."""
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            yield
        finally:
            self._running.discard(task)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """The current request waits for its client, so that it keeps no other from being taken on."""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    def refuse_if_busy(self) -> None:
        """Raise ShuttingDownError or OverloadedError where a new request can't be taken on."""
        if self.is_on:
            raise ShuttingDownError
        if len(self._running) - self._waiting > self._most:
            raise OverloadedError

    def listen(self) -> None:
        """Come before the handlers that are installed for the signals, and hand over to them in the end.

        Only where a server has installed handlers; an application in a test has none.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for one in _SIGNALS:
            stop = signal.getsignal(one)
            if callable(stop) and stop is not signal.default_int_handler:
                signal.signal(one, self._handler(loop, stop))

    def _handler(
        self, loop: asyncio.AbstractEventLoop, stop: Callable[[int, FrameType | None], Any]
    ) -> Callable[[int, FrameType | None], None]:
        def handle(number: int, frame: FrameType | None) -> None:
            if self.is_on and number == signal.SIGINT:  # a second Ctrl-C: now
                stop(number, frame)
            elif not self.is_on:
                self.is_on = True
                loop.call_soon_threadsafe(self._start, lambda: stop(number, frame))

        return handle

    def _start(self, stop: Callable[[], None]) -> None:
        self._task = asyncio.create_task(self.drain(stop))

    async def drain(self, stop: Callable[[], None]) -> None:
        """Wait for what runs, cancel it when the grace period is over, then stop the server."""
        self.is_on = True
        await self._wait(self._grace_s)
        left = self._running | self.also()
        if left:
            log.warning("shutdown.cancelled", tasks=len(left))
            self.is_over = True
            for task in left:
                task.cancel()
            await self._wait(_CANCELLED_S)
        stop()

    async def _wait(self, most_s: float) -> None:
        left = self._running | self.also()
        if left:
            await asyncio.wait(left, timeout=most_s)
