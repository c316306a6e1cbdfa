"""Graceful shutdown and overload: running requests finish, new ones are refused with 503.

After SIGTERM or SIGINT the server still listens: new requests get 503 with Retry-After while running ones
finish. After `EARMARK_SHUTDOWN_GRACE_S` the rest are cancelled: their units of work roll back, their turns
are released, and they answer 503 too. Then uvicorn's own handler closes the sockets.
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

from earmark.contexts import start_shared
from earmark.errors import UnavailableError
from earmark.limits.shares import OverloadedError

_CANCELLED_S = 2.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
log = structlog.get_logger("earmark.api")


class ShuttingDownError(UnavailableError):
    """The server is shutting down; a retry will reach another one, or this one restarted."""

    retry_after_s = 5

    def __init__(self, session_id: str | None = None) -> None:
        super().__init__("The server is shutting down; try again in a few seconds.")
        self.session_id = session_id


class Draining:
    """Tracks running requests; refuses new ones on overload or shutdown."""

    def __init__(self, grace_s: float, most: int) -> None:
        self._grace_s = grace_s
        self._most = most
        self._running: set[asyncio.Task[Any]] = set()
        self._waiting = 0
        self.also: Callable[[], set[asyncio.Task[Any]]] = set
        """Returns further tasks that may finish: turns outlive the request that started them."""
        self._task: asyncio.Task[None] | None = None
        self.is_on = False
        self.is_over = False
        """Whether the grace period has passed and the remaining tasks are being cancelled."""

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Track the current task as a running request."""
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            yield
        finally:
            self._running.discard(task)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Exclude a request waiting for its client from the concurrency limit."""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    def refuse_if_busy(self) -> None:
        """Raise ShuttingDownError or OverloadedError if a new request can't be accepted."""
        if self.is_on:
            raise ShuttingDownError
        if len(self._running) - self._waiting > self._most:
            raise OverloadedError

    def listen(self) -> None:
        """Install signal handlers that drain, then call the previous ones.

        Does nothing where no server has installed handlers, as in a test.
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
            if self.is_on and number == signal.SIGINT:  # a second Ctrl-C stops at once
                stop(number, frame)
            elif not self.is_on:
                self.is_on = True
                loop.call_soon_threadsafe(self._start, lambda: stop(number, frame))

        return handle

    def _start(self, stop: Callable[[], None]) -> None:
        self._task = start_shared(self.drain(stop))  # no request's: the signal came while any of them ran

    async def drain(self, stop: Callable[[], None]) -> None:
        """Wait for running tasks, cancel them after the grace period, then stop the server."""
        self.is_on = True
        log.info("server.stopping", requests=len(self._running), grace_s=self._grace_s)
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
