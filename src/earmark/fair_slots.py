"""Slots for what can't all run at once, shared fairly: tenants take turns, and the end users of each tenant too."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable, Iterator
from contextlib import asynccontextmanager
from typing import Final

Owner = tuple[Hashable, Hashable]
"""A tenant, and an end user of it or None."""
_Queue = deque["asyncio.Future[None]"]
NOBODY: Final[Owner] = (None, None)
"""Owner of what belongs to no tenant: the operator's work, and callers who aren't known yet."""
URGENT: Final[Owner] = ("", None)
"""Owner of what comes before all others: a late renewal of a lease would lose work that is done."""


class FairSlots:
    """Bounds how much runs at once. What waits for one owner runs in order of arrival.

    For one event loop. Waiting holds no other resource.

    Args:
        count: the slots.
        most_each: how many of them one tenant may hold.
    """

    def __init__(self, count: int, most_each: int | None = None) -> None:
        self._free = count
        self._most_each = count if most_each is None else most_each
        self._held: dict[Hashable, int] = {}
        self._waiting: OrderedDict[Hashable, OrderedDict[Hashable, _Queue]] = OrderedDict()

    @asynccontextmanager
    async def hold(self, owner: Owner) -> AsyncIterator[None]:
        """Hold a slot for the block."""
        await self.acquire(owner)
        try:
            yield
        finally:
            self.release(owner)

    async def acquire(self, owner: Owner) -> None:
        """Take a slot, after a wait if need be."""
        tenant, user = owner
        if self._free and self._held.get(tenant, 0) < self._most_each:
            self._take(tenant)
            return
        granted = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant, OrderedDict()).setdefault(user, deque()).append(granted)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():  # granted in the same instant: pass it on
                self.release(owner)
            raise

    def release(self, owner: Owner) -> None:
        """Give a slot back; whoever is next gets it."""
        tenant = owner[0]
        left = self._held[tenant] - 1
        if left:
            self._held[tenant] = left
        else:
            del self._held[tenant]
        self._free += 1
        while self._waiting and self._free and self._grant_next():
            pass

    def _take(self, tenant: Hashable) -> None:
        self._free -= 1
        self._held[tenant] = self._held.get(tenant, 0) + 1

    def _grant_next(self) -> bool:
        """Grant a free slot to the tenant whose turn it is; False if nobody may have it."""
        for tenant in self._in_turn():
            granted = self._pop(tenant)
            if not granted.done():  # else given up meanwhile
                self._take(tenant)
                granted.set_result(None)
            return True
        return False

    def _in_turn(self) -> Iterator[Hashable]:
        if URGENT[0] in self._waiting:
            yield URGENT[0]
        yield from (one for one in self._waiting if self._held.get(one, 0) < self._most_each)

    def _pop(self, tenant: Hashable) -> asyncio.Future[None]:
        """Remove who waited longest of the tenant's next end user; both go to the end of their lines."""
        users = self._waiting.pop(tenant)
        user, queue = users.popitem(last=False)
        granted = queue.popleft()
        if queue:
            users[user] = queue
        if users:
            self._waiting[tenant] = users
        return granted
