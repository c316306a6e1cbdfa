"""How often a tenant may call: fixed UTC minutes, counted exactly among the processes of one host.

Hosts that share a PostgreSQL lease from it what they may count, a few requests at a time
(`rate_leases.py`); SQLite's processes are all on one host.
"""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

from earmark.config import Settings
from earmark.errors import LimitExceededError
from earmark.identity.rate_leases import delete_old_leases, lease_requests
from earmark.identity.shared_counts import SharedCounts
from earmark.identity.sign_in import TRIES_PER_MINUTE
from earmark.storage.tenant import Operator, Tenant

_LIMITS = ("overall", "uploads", "transcriptions", "sign-in")
_KINDS = len(_LIMITS)
_LEASED_SHARE = 20
"""A lease is a 20th of the limit at the most, so that a host that falls silent keeps no more from the others."""
_POLL_S = 0.002


class RateLimitError(LimitExceededError):
    """The tenant's requests of this minute are used up."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"Too many requests; try again in {retry_after_s} seconds.")
        self.retry_after_s = retry_after_s


class Allowance(NamedTuple):
    """Where a tenant stands. `reset_s` is the Unix second at which the next minute begins."""

    limit: int
    remaining: int
    reset_s: int
    is_exceeded: bool


class RateLimiter:
    """Counts requests against one limit.

    Args:
        counts: the counters of this host.
        name: one of `_LIMITS`.
        per_minute: how many are let through.
        is_leased: other hosts count against the same limit.
    """

    def __init__(self, counts: SharedCounts, name: str, per_minute: int, *, is_leased: bool = False) -> None:
        self.per_minute = per_minute
        self.counts = counts
        self._name = name
        self._number = _LIMITS.index(name)
        self._is_leased = is_leased

    def count(self, whose: int) -> Allowance:
        """Count one request of a tenant, unless what this host may count is used up."""
        minute = int(time.time()) // 60
        limit, key = self.per_minute, whose * _KINDS + self._number
        may, elsewhere = self._granted(key, minute) if self._is_leased else (limit, 0)
        used = self.counts.count(key, minute, may)
        return Allowance(limit, limit - elsewhere - used if used else 0, minute * 60 + 60, not used)

    def _granted(self, key: int, minute: int) -> tuple[int, int]:
        """Return how many this host may count and how many others may; all, where counters can't be written."""
        at = self.counts.find(key, minute)
        return (self.per_minute, 0) if at is None else self.counts.granted(at)

    async def lease(self, tenant: Tenant) -> bool:
        """Lease more requests of this minute from all hosts' share; return whether to count again.

        The first lease of a minute is for one request and the next for as many as were used, so that a host
        that is asked little keeps little from the others.
        """
        if not self._is_leased:
            return False
        counts, minute = self.counts, int(time.time()) // 60
        at = counts.find(tenant.key.tenant_id * _KINDS + self._number, minute)
        if at is None:
            return False
        may_ask = counts.begin_lease(at, time.time_ns() // 1_000_000)
        if may_ask is None:
            await asyncio.sleep(_POLL_S)
        if not may_ask:
            return may_ask is None
        got = by_all = 0
        is_answered = False
        try:
            wanted = max(1, min(counts.used(at), self.per_minute // _LEASED_SHARE))
            before = await lease_requests(tenant, self._name, minute, wanted)
            got, is_answered = max(0, min(wanted, self.per_minute - before)), True
            by_all = min(self.per_minute, before + wanted)
        finally:
            counts.end_lease(at, got, by_all, is_last=is_answered and not got)
        return got > 0


class RateLimits:
    """The limits of an installation: those of `/v1` that are switched on, by name, and that of signing in.

    Args:
        is_leased: the database is one that several hosts may share.
    """

    def __init__(self, settings: Settings, *, is_leased: bool) -> None:
        self.counts = SharedCounts(settings.data_dir / "rates.bin")
        per_minute = {
            "overall": settings.rate_limit_overall,
            "uploads": settings.rate_limit_uploads,
            "transcriptions": settings.rate_limit_transcriptions,
        }
        self.by_name = {
            name: RateLimiter(self.counts, name, limit, is_leased=is_leased)
            for name, limit in per_minute.items()
            if limit
        }
        self._is_leased = is_leased
        self.sign_in = RateLimiter(self.counts, "sign-in", TRIES_PER_MINUTE)

    async def sweep(self, operator: Operator) -> None:
        """Forget the leases of minutes that are over."""
        if self._is_leased:
            await delete_old_leases(operator)

    def close(self) -> None:
        """Let the counters go."""
        self.counts.close()
