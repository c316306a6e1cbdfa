"""A running turn of this process: why it has to stop, and how much of it is persisted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from earmark.ask.answers.feed import TurnEvent, TurnFeed
from earmark.ask.turns.log import append_events, forget_events
from earmark.clock_jumps import jumps
from earmark.storage.tenant import Tenant

_YOUNG_S: Final = 0.125
"""A turn younger than this persists nothing yet: most answers of the built-in model are over by then."""


@dataclass(eq=False, slots=True)
class HeldTurn:
    """One running turn, between its own task and the heartbeat.

    Args:
        place: names its session, its message and its end user.
        written: how many of its events other processes can read.
        is_unsure: whether a commit's outcome is unknown, so that `written` has to be looked up.
        renewed_s: when its lease was renewed, by the monotonic clock.
        renewed_after: how many jumps of the wall clock there had been then.
    """

    tenant: Tenant
    place: dict[str, Any]
    holder: str
    feed: TurnFeed
    written: int = 0
    is_unsure: bool = False
    is_cancelled: bool = False
    renewed_s: float = field(default_factory=time.monotonic)
    renewed_after: int = field(default_factory=jumps.look)
    _began_s: float = field(default_factory=time.monotonic)
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)
    _error: BaseException | None = None
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """No write is under way yet."""
        self._idle.set()

    @property
    def session_id(self) -> str:
        """The session whose turn it is."""
        return str(self.place["session_id"])

    @property
    def is_stopped(self) -> bool:
        """Whether its work has been told to stop."""
        return self._stopped.is_set()

    @property
    def has_news(self) -> bool:
        """Whether it has events to persist and is old enough for that."""
        return len(self.feed.events) > self.written and time.monotonic() - self._began_s >= _YOUNG_S

    def unwritten(self) -> list[TurnEvent]:
        """Return the events that are to be persisted next."""
        return self.feed.events[self.written :]

    def cancel(self) -> None:
        """Stop it; what was said so far stays."""
        self.is_cancelled = True
        self._stopped.set()

    def stop(self, error: BaseException) -> None:
        """Stop it with this error, unless it is stopped already."""
        if not self.is_stopped:
            self._error = error
            self._stopped.set()

    def begin_writing(self) -> None:
        """Hold up the turn's end until `end_writing`."""
        self._idle.clear()

    def end_writing(self) -> None:
        """Let the turn end."""
        self._idle.set()

    def note_written(self, number: int, *, renewed_after: int | None) -> None:
        """Note what a commit has persisted, and that the lease was renewed after so many jumps of the clock."""
        self.written = number
        if renewed_after is not None:
            self.renewed_s, self.renewed_after = time.monotonic(), renewed_after

    async def until_written(self) -> None:
        """Wait for a write that is under way."""
        await self._idle.wait()

    async def unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` to its end, or until the turn is stopped.

        Raises: TurnLostError, SessionNotFoundError if the turn is no longer ours; what broke its heartbeat.
        """
        task = asyncio.create_task(work)
        stopped = asyncio.create_task(self._stopped.wait())
        try:
            await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
        finally:
            for one in (task, stopped):
                if not one.done():
                    one.cancel()
                    await asyncio.wait({one})
        if self._error is not None:
            raise self._error

    async def write_last(self, work: Tenant, last: TurnEvent) -> None:
        """Persist all events with the last one, in the unit of work that ends the turn."""
        await forget_events(work, self.place["session_id"], self.place["message_id"])
        await append_events(work, self.place, 1, [*self.feed.events, last])
