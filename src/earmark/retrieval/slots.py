"""Slots for expensive work, shared fairly: those who wait take turns, whoever asks most."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class FairSlots:
    """Bounds how much runs at once. Waiting owners take turns; each owner's own work runs in order of arrival.

    For one event loop. Waiting holds no other resource.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def hold(self, owner: Hashable) -> AsyncIterator[None]:
        """Hold a slot for the block."""
        await self._acquire(owner)
        try:
            yield
        finally:
            self._release()

    async def _acquire(self, owner: Hashable) -> None:
        if self._free:
            self._free -= 1
            return
        granted = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(granted)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():  # granted in the same instant: pass it on
                self._release()
            raise

    def _release(self) -> None:
        """Pass the slot to the next owner in turn, or leave it free."""
        while self._waiting:
            owner, queue = self._waiting.popitem(last=False)
            granted = queue.popleft()
            if queue:
                self._waiting[owner] = queue
            if not granted.done():  # else given up meanwhile
                granted.set_result(None)
                return
        self._free += 1
