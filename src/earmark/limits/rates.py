"""Rate limits: fixed UTC minutes per tenant, counted exactly across one host's processes.

Hosts that share a PostgreSQL database lease shares of a limit from it, a few requests at a time
(`rate_leases.py`); SQLite's processes are all on one host.
"""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

from earmark.config import Settings
from earmark.errors import LimitExceededError, UnavailableError
from earmark.identity.sign_in import TRIES_PER_MINUTE
from earmark.limits.counters import SharedCounts
from earmark.limits.leases import delete_old_leases, lease_requests
from earmark.storage.tenant import Operator, Tenant

_LIMITS = ("overall", "uploads", "transcriptions", "summaries", "sign-in", "links", "oidc")
_LINKS_PER_MINUTE = 600
"""Pages and pieces of audio that one address may ask of shared links."""
_OIDC_PER_MINUTE = 60
"""Requests of sign-in with a provider; an office has one address."""
_KINDS = len(_LIMITS)
_LEASED_SHARE = 20
"""A lease is at most 1/20 of the limit, so that an idle host withholds no more from the others."""
_POLL_S = 0.002
_TICK_S = 0.1


class RateLimitError(LimitExceededError):
    """The tenant has used up its requests of this minute."""

    def __init__(self, retry_after_s: int, allowance: Allowance) -> None:
        super().__init__(f"Too many requests; try again in {retry_after_s} seconds.")
        self.retry_after_s = retry_after_s
        self.allowance = allowance


class Allowance(NamedTuple):
    """A tenant's state of a limit. `reset_s` is the Unix time of the next minute."""

    limit: int
    remaining: int
    reset_s: int
    is_exceeded: bool


class RateLimiter:
    """Counts requests against one limit.

    Args:
        counts: this host's counters.
        name: one of `_LIMITS`.
        per_minute: requests allowed per minute.
        is_leased: whether other hosts count against the same limit.
    """

    def __init__(self, counts: SharedCounts, name: str, per_minute: int, *, is_leased: bool = False) -> None:
        self.per_minute = per_minute
        self._counts = counts
        self._name = name
        self._number = _LIMITS.index(name)
        self._is_leased = is_leased

    def count(self, whose: int) -> Allowance:
        """Count one request of a tenant, unless this host's share is used up."""
        minute = int(time.time()) // 60
        limit, key, elsewhere = self.per_minute, whose * _KINDS + self._number, 0
        if self._is_leased:
            with self._counts.slot(key, minute) as slot:
                used, elsewhere = slot.count(min(slot.granted, limit)), slot.elsewhere
        else:
            used = self._counts.count(key, minute, limit)
        return Allowance(limit, limit - elsewhere - used if used else 0, minute * 60 + 60, not used)

    async def lease(self, tenant: Tenant) -> bool:
        """Lease more requests of this minute from the database; return whether to count again.

        The first lease of a minute is for one request, the next for as many as were used, so that a host
        with little traffic withholds little from the others.
        """
        if not self._is_leased:
            return False
        minute = int(time.time()) // 60
        key = tenant.key.tenant_id * _KINDS + self._number
        with self._counts.slot(key, minute) as slot:
            may_ask, granted = slot.begin_lease(time.monotonic_ns() // 1_000_000), slot.granted
            wanted = max(1, min(slot.used, self.per_minute // _LEASED_SHARE))
        if may_ask is None:
            await asyncio.sleep(_POLL_S)
        if not may_ask:
            return may_ask is None
        got = by_all = 0
        is_answered = False
        try:
            before = await self._leased_before(tenant, minute, wanted, granted)
            got, is_answered = max(0, min(wanted, self.per_minute - before)), True
            by_all = min(self.per_minute, before + wanted)
        finally:
            with self._counts.slot(key, minute) as slot:
                slot.end_lease(got, by_all, is_last=is_answered and not got)
        return got > 0

    async def _leased_before(self, tenant: Tenant, minute: int, wanted: int, granted: int) -> int:
        try:
            return await lease_requests(tenant, self._name, minute, wanted)
        except UnavailableError:  # the database may still serve reads, so each host counts on its own
            return granted


class RateLimits:
    """The installation's limits: the enabled ones of `/v1` by name, and those of console sign-ins and shared links.

    Args:
        is_leased: whether several hosts may share the database.
    """

    def __init__(self, settings: Settings, *, is_leased: bool) -> None:
        self._counts = SharedCounts(settings.data_dir / "rates.bin")
        per_minute = {
            "overall": settings.rate_limit_overall,
            "uploads": settings.rate_limit_uploads,
            "transcriptions": settings.rate_limit_transcriptions,
            "summaries": settings.rate_limit_summaries,
        }
        self.by_name = {
            name: RateLimiter(self._counts, name, limit, is_leased=is_leased)
            for name, limit in per_minute.items()
            if limit
        }
        self._is_leased = is_leased
        self.sign_in = RateLimiter(self._counts, "sign-in", TRIES_PER_MINUTE)
        self.links = RateLimiter(self._counts, "links", _LINKS_PER_MINUTE)
        self.oidc = RateLimiter(self._counts, "oidc", _OIDC_PER_MINUTE)

    async def join(self) -> None:
        """Open the counters and detect other processes of this host; await before the first request.

        Raises: OSError if the data folder can't be used.
        """
        await asyncio.to_thread(self._counts.join)

    async def share_counts(self) -> None:
        """Share this process's counts with the others periodically until cancelled."""
        while True:
            self._counts.tick()
            await asyncio.sleep(_TICK_S)

    async def sweep(self, operator: Operator) -> None:
        """Delete the leases of past minutes."""
        if self._is_leased:
            await delete_old_leases(operator)

    def close(self) -> None:
        """Write and close the counters."""
        self._counts.close()
