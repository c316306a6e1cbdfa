"""Admits callers, whichever edge they come through: who it is, how often it may ask, when its turn to work is."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final

from earmark.computing.threads import compute_for
from earmark.config import Settings
from earmark.fair_slots import FairSlots, Owner
from earmark.identity.keys import authenticate
from earmark.identity.last_used import LastUsed
from earmark.identity.types import Caller
from earmark.limits.rates import Allowance, RateLimiter, RateLimitError, RateLimits
from earmark.limits.shares import Parts, Shares
from earmark.storage.database import Database
from earmark.storage.tenant import Tenant

_AT_WORK: Final = 16
_AT_WORK_EACH: Final = 8
"""A tenant whose work is slow leaves the rest to the others, and whose work is quick a short turn of the event loop."""
_HEAVY: Final = 2


def owner_of(tenant: Tenant) -> Owner:
    """Return whose share a handle's work counts against."""
    return (tenant.key.tenant_id, tenant.key.end_user_no)


class Admission:
    """Admits callers to this process.

    Args:
        settings: how many requests may be at work or wait for it, and how many streams may be open.
    """

    def __init__(self, database: Database, rates: RateLimits, settings: Settings) -> None:
        self._database = database
        self._rates = rates
        self.last_used = LastUsed(database)
        parts = Parts.of(settings)
        self._shares = Shares("requests", settings.requests_at_once, parts)
        # Reads have slots of their own: a list doesn't wait for the searches and questions before it.
        self._slots = {is_read: FairSlots(_AT_WORK, _AT_WORK_EACH) for is_read in (True, False)}
        self.heavy = FairSlots(_HEAVY, most_each=1)
        """For long work in Python, such as parsing megabytes: threads at it share the interpreter with everybody."""
        self.streams = Shares("streams", settings.streams_at_once, parts)
        """Streams are no work, but each holds a connection, a task and what its client has not read."""

    async def recognise(self, authorization: str | None, *, takes_oauth: bool = False) -> tuple[Caller, Tenant]:
        """Authenticate the value of an `Authorization` header; return the caller and its handle.

        Raises: UnauthorizedError.
        """
        caller = await authenticate(self._database, authorization, takes_oauth=takes_oauth)
        return caller, Tenant(self._database, caller.tenant)

    async def count(self, caller: Caller, tenant: Tenant, limits: Iterable[str]) -> Allowance | None:
        """Count a request against these limits; return the state of the one with the fewest requests left.

        Raises: RateLimitError.
        """
        self.last_used.note(caller)
        named = [limiter for name in limits if (limiter := self._rates.by_name.get(name)) is not None]
        states = [await self._count_one(tenant, limiter) for limiter in named]
        return min(states, key=lambda state: state.remaining) if states else None

    async def _count_one(self, tenant: Tenant, limiter: RateLimiter) -> Allowance:
        """Count against one limit, which hosts may share: lease more of it from the database while there is some."""
        state = limiter.count(tenant.key.tenant_id)
        while state.is_exceeded:
            may_count_again = await limiter.lease(tenant)
            state = limiter.count(tenant.key.tenant_id)
            if not may_count_again:
                refuse_if_exceeded(state)
        return state

    async def start(self, owner: Owner, *, is_read: bool = False) -> None:
        """Wait until it is the owner's turn to work; `end` must follow.

        Args:
            is_read: whether the work only reads rows, which is quick.

        Raises: ShareUsedUpError, OverloadedError.
        """
        compute_for(owner)
        self._shares.take(owner)
        try:
            await self._slots[is_read].acquire(owner)
        except BaseException:
            self._shares.give_back(owner)
            raise

    def end(self, owner: Owner, *, is_read: bool = False) -> None:
        """End the owner's work, or its waiting for something that is no work of this process."""
        self._slots[is_read].release(owner)
        self._shares.give_back(owner)


def refuse_if_exceeded(allowance: Allowance) -> None:
    """Raise RateLimitError if the allowance is exceeded."""
    if allowance.is_exceeded:
        raise RateLimitError(max(1, allowance.reset_s - int(time.time())), allowance)
