"""What one connection may take: seconds and bytes, by the phase it is in.

Each moment of a connection's life is in one phase, and each phase ends:

| phase | until | ends after |
|---|---|---|
| IDLE | a request's first byte | `idle_s`; before the first request `head_s` |
| HEAD | the head is complete | `head_s`, `head_bytes` |
| REQUEST | the reply is complete | what the reader of its body allows (`bodies.py`, `transfers.py`) |
| REST | the rest of a request that has its reply is discarded | `rest_s`, `rest_bytes` |
| CLOSING | the client has taken the end of the reply | as below |

In every phase, what is no body (chunk extensions, trailers) ends after `head_bytes`, and a reply that waits for
its client unless `reply_bytes` of it are taken in each `reply_s`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

_CHUNK_BYTES = 24
"""What a chunk may cost besides its bytes: 16 digits of its size and two line ends."""


@dataclass(frozen=True)
class Allowed:
    """The limits of every connection."""

    head_s: float = 20.0
    head_bytes: int = 64 << 10
    idle_s: float = 5.0
    rest_s: float = 10.0
    rest_bytes: int = 64 << 20
    reply_s: float = 60.0
    reply_bytes: int = 16 << 10
    """A client that takes less than this in `reply_s` has gone, or wants to hold the connection."""
    pipelined: int = 64
    """Requests that may wait for the replies before theirs; later ones are not read."""


class Phase(Enum):
    """What a connection is doing."""

    IDLE = auto()
    HEAD = auto()
    REQUEST = auto()
    REST = auto()
    CLOSING = auto()


class ConnectionLimits:
    """The phase of one connection and what is left of its seconds and bytes. It has one timer.

    Args:
        allowed: the limits.
        loop: the event loop.
        unsent: returns the bytes of the reply that the client has not taken yet.
        on_end: called when the seconds of a phase are over.
        on_stall: called when the client does not take its reply.
    """

    __slots__ = (
        "_allowed", "_arrived", "_before", "_loop", "_on_end", "_on_stall", "_reply_until", "_spare", "_timer",
        "_timer_at", "_unsent", "_until", "phase",
    )  # fmt: skip

    def __init__(
        self,
        allowed: Allowed,
        loop: asyncio.AbstractEventLoop,
        unsent: Callable[[], int],
        *,
        on_end: Callable[[], None],
        on_stall: Callable[[], None],
    ) -> None:
        self._allowed, self._loop, self._unsent = allowed, loop, unsent
        self._on_end, self._on_stall = on_end, on_stall
        self._timer: asyncio.TimerHandle | None = None
        self._until = self._reply_until = self._timer_at = math.inf
        self._before = self._arrived = self._spare = 0
        self.enter(Phase.IDLE, allowed.head_s)

    def enter(self, phase: Phase, seconds: float | None = None) -> None:
        """Begin a phase with its full allowance."""
        allowed = self._allowed
        self.phase = phase
        self._arrived = self._spare = 0
        if phase is Phase.REQUEST:  # the timer stays as it is: moving it costs more than when it fires for nothing
            self._until = math.inf
            return
        if phase is Phase.REST:
            seconds = allowed.rest_s
        elif phase is Phase.HEAD:
            seconds = allowed.head_s
        elif phase is Phase.CLOSING:
            self.watch_reply()
            seconds = math.inf
        self._until = self._loop.time() + (allowed.idle_s if seconds is None else seconds)
        self._arm(self._until)

    def take(self, size_bytes: int) -> None:
        """Count bytes that have arrived and are parsed."""
        self._arrived += size_bytes
        self._spare += size_bytes

    def discard(self, size_bytes: int) -> None:
        """Count bytes that have arrived and that nobody looks at."""
        self._arrived += size_bytes

    def is_body(self, size_bytes: int) -> None:
        """Bytes of those counted are a body, which has limits of its own."""
        self._spare -= size_bytes

    def is_chunk(self) -> None:
        """A chunk has begun: so much of the bytes counted belongs to it."""
        self._spare -= _CHUNK_BYTES

    def is_exceeded(self) -> bool:
        """Whether more bytes have arrived than this phase allows."""
        if self._spare < 0:  # the piece began in the phase before
            self._spare = 0
        allowed = self._allowed
        return self._spare > allowed.head_bytes or (self.phase is Phase.REST and self._arrived > allowed.rest_bytes)

    def watch_reply(self) -> None:
        """Begin to watch that the client takes its reply."""
        self._before = self._unsent()
        self._reply_until = self._loop.time() + self._allowed.reply_s
        self._arm(self._reply_until)

    def reply_is_taken(self) -> None:
        """The client has taken what was waiting for it."""
        if self.phase is not Phase.CLOSING:
            self._reply_until = math.inf

    def stop(self) -> None:
        """The connection is gone."""
        self._until = self._reply_until = math.inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, at: float) -> None:
        """Let the timer fire no later than `at`; one that fires early looks again."""
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer = None
        if at < math.inf:
            self._timer_at = at
            self._timer = self._loop.call_at(at, self._look)

    def _look(self) -> None:
        self._timer = None
        now = self._loop.time()
        if now >= self._reply_until:
            left = self._unsent()
            if self._before - left < min(self._allowed.reply_bytes, self._before + 1):
                self._on_stall()
                return
            self._before, self._reply_until = left, now + self._allowed.reply_s
        if now >= self._until:
            self._until = math.inf
            self._on_end()
        self._arm(min(self._until, self._reply_until))
