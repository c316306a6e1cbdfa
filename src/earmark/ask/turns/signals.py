"""Wake-ups for whoever waits for a session's turn to come, to end, or to say more.

The one place where a wake-up from another process can be plugged in: let it call `wake`, and let `patience_s`
answer `_AT_MOST_S` for every holder.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from earmark.storage.signals import Signals, Waiter

_POLL_S: Final = 0.25
"""How often a change is looked for that only the database tells of."""
_AT_MOST_S: Final = 5.0


class Listener:
    """Receives the wake-ups of one session; none is lost between two waits."""

    def __init__(self, signals: TurnSignals, waiter: Waiter) -> None:
        self._signals = signals
        self._waiter = waiter

    async def wait(self, at_most_s: float, *, holder: str | None = None) -> None:
        """Wait for a wake-up or until a look is due; `holder` has the awaited turn."""
        await self._waiter.wait(min(at_most_s, self._signals.patience_s(holder)))

    def is_running(self, holder: str | None) -> bool:
        """Whether the holder's turn runs in this process."""
        return self._signals.is_running(holder)


class TurnSignals:
    """Wakes whoever in this process waits for a session's turns."""

    def __init__(self) -> None:
        self._sessions = Signals()
        self._running: set[str] = set()

    @contextmanager
    def listening(self, session_id: str) -> Iterator[Listener]:
        """Receive the session's wake-ups. Look at the database after this begins, then wait."""
        with self._sessions.listening(session_id) as waiter:
            yield Listener(self, waiter)

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

    def patience_s(self, holder: str | None) -> float:
        """Return how long to wait without looking at the database.

        Long for a turn whose end is announced in this process.
        """
        return _AT_MOST_S if holder in self._running else _POLL_S
