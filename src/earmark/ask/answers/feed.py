"""What a turn says while it runs, numbered from 1: kept in memory for whoever follows it in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple


class TurnEvent(NamedTuple):
    """One event of a turn's stream.

    `data` is what the wire shows, but for the last event: a `turn.completed` carries its AskResult, a
    `turn.failed` its EarmarkError.
    """

    name: str
    data: Any


class TurnFeed:
    """Grows while the turn runs; any number of followers read it at their own pace."""

    def __init__(self) -> None:
        self.events: list[TurnEvent] = []
        self._changed = asyncio.Event()

    @property
    def is_ended(self) -> bool:
        """Whether the last event is in."""
        return bool(self.events) and self.events[-1].name in ("turn.completed", "turn.failed")

    def publish(self, name: str, data: Any) -> None:
        """Add an event and wake all followers."""
        self.events.append(TurnEvent(name, data))
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def follow(self, after: int = 0) -> AsyncIterator[tuple[int, TurnEvent]]:
        """Yield (number, event) of every event behind number `after`, to the end of the turn."""
        while True:
            while after < len(self.events):
                after += 1
                yield after, self.events[after - 1]
            if self.is_ended:
                return
            await self._changed.wait()
