"""Wake-ups for whoever waits for a session's turn to come or to end, from this process and from others.

Within a process whatever ends a turn wakes at once. Of turns in other processes the database's signals tell, where they
reach other processes; elsewhere whoever waits looks every quarter of a second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from earmark.storage.signals import Signals, Waiter

_POLL_S: Final = 0.25
"""How often a change is looked for that only the database tells of."""
_AT_MOST_S: Final = 5.0


def line_channel(session_id: str) -> str:
    """Return the channel that is signalled when the next in line may be first: a turn ended, or a waiter left."""
    return f"line {session_id}"


class Listener:
    """Receives the wake-ups of one session; none is lost between two waits."""

    def __init__(self, signals: TurnSignals, between: Signals, waiter: Waiter) -> None:
        self._signals = signals
        self._between = between
        self._waiter = waiter

    async def wait(self, at_most_s: float, *, holder: str | None = None) -> None:
        """Wait for a wake-up or until a look is due; `holder` has the awaited turn."""
        is_told = self._between.is_shared or self._signals.is_running(holder)
        await self._waiter.wait(min(at_most_s, _AT_MOST_S if is_told else _POLL_S))

    def is_running(self, holder: str | None) -> bool:
        """Whether the holder's turn runs in this process."""
        return self._signals.is_running(holder)


class TurnSignals:
    """Wakes whoever in this process waits for a session's turns."""

    def __init__(self) -> None:
        self._sessions = Signals()
        self._running: set[str] = set()
        self._in_line: Counter[str] = Counter()

    @contextmanager
    def listening(self, session_id: str, between: Signals) -> Iterator[Listener]:
        """Receive the session's wake-ups. Look at the database after this begins, then wait.

        Args:
            between: the database's signals.
        """
        with self._sessions.listening(session_id) as waiter, between.waking(line_channel(session_id), waiter):
            yield Listener(self, between, waiter)

    @contextmanager
    def in_line(self, session_id: str) -> Iterator[None]:
        """Count a send of this process that stands in the session's line while the block runs."""
        self._in_line[session_id] += 1
        try:
            yield
        finally:
            self._in_line[session_id] -= 1
            if not self._in_line[session_id]:
                del self._in_line[session_id]

    def count_in_line(self, session_id: str) -> int:
        """Return how many sends of this process stand in the session's line."""
        return self._in_line.get(session_id, 0)

    def wake(self, session_id: str) -> None:
        """Tell the session's listeners to look again."""
        self._sessions.fire(session_id)

    @contextmanager
    def announcing(self, session_id: str, holder: str) -> Iterator[None]:
        """Wake the session's listeners when this block, which runs the holder's turn, ends."""
        self._running.add(holder)
        try:
            yield
        finally:
            self._running.discard(holder)
            self.wake(session_id)

    def is_running(self, holder: str | None) -> bool:
        """Whether the holder's turn runs in this process."""
        return holder in self._running
