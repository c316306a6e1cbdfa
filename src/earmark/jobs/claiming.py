"""Which jobs a process runs next: fair between tenants, within the slots for heavy kinds, under a lease.

The tenant with the fewest running jobs comes first, then by turns; within a tenant the lowest priority number, then
the oldest. A tenant's pending jobs are never counted or walked over: one of 100,000 costs another nothing.
Semantics follow those of River, Oban and Solid Queue (`docs/decisions/2026-11-29-jobs-in-rows.md`).
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from earmark.clock import now_us
from earmark.clock_jumps import SETTLES_S, jumps
from earmark.ids import random_text
from earmark.jobs import queries
from earmark.jobs.kinds import JobKind
from earmark.jobs.queue import requeue
from earmark.jobs.types import INSTALLATION, JOBS, Job
from earmark.storage.tenant import Operator

LOST = "lease_lost"
"""The error code of a job whose processes died under it too often."""
_TENANTS_AT_ONCE = 32
_LOST_AT_ONCE = 100
_SKEW_US = 60_000_000
"""How far the clocks of hosts may be apart: what is further in the future was written before a clock stepped back."""


@dataclass(frozen=True, slots=True)
class Process:
    """Who claims. `host` is one for all processes that share its processors."""

    host: str
    owner: str
    lease_us: int
    heavy_slots: int


def new_process(host: str, lease_s: float, heavy_slots: int) -> Process:
    """Return this process as a claimer of jobs."""
    return Process(host, f"{host}:{random_text(12)}", round(lease_s * 1e6), heavy_slots)


def _now() -> dict[str, int]:
    now = now_us()
    return {"now_us": now, "future_us": now + _SKEW_US}


@dataclass(slots=True)
class _Counts:
    """Running jobs of each tenant, of ordinary kinds and of those that mostly wait, and of each kind on this host."""

    running: Counter[int] = field(default_factory=Counter)
    waiting: Counter[int] = field(default_factory=Counter)
    here: Counter[str] = field(default_factory=Counter)


class Claimer:
    """Claims jobs of the given kinds for one process."""

    def __init__(self, operator: Operator, kinds: Sequence[JobKind], process: Process) -> None:
        self._operator = operator
        self._kinds = {kind.name: kind for kind in kinds}
        self._heavy = [kind.name for kind in kinds if kind.is_heavy]
        self._waiting = frozenset(kind.name for kind in kinds if kind.is_waiting)
        self._process = process
        self._after_tenant = -1

    async def claim(self, most: int, most_waiting: int = 0) -> list[Job]:
        """Return at most `most` jobs, and `most_waiting` of the kinds that mostly wait, leased to this process."""
        if not await self._may_find():
            return []
        async with self._operator.writing() as work:
            if self._operator.database.compiler.dialect_name == "postgresql":
                await work.fetch_all(queries.lock_host, {"host_number": zlib.crc32(self._process.host.encode())})
            counts = await self._count_running(work)
            tenants = await self._find_tenants(work)
            claimed = await self._claim_some(work, tenants, counts, most)
            if most_waiting and self._waiting:
                claimed += await self._claim_waiting(work, tenants, counts.waiting, most_waiting)
            return claimed

    async def _claim_some(self, work: Operator, tenants: list[int], counts: _Counts, most: int) -> list[Job]:
        claimed: list[Job] = []
        for tenant_id in sorted(tenants, key=lambda one: counts.running[one]):
            if len(claimed) >= most:
                break
            names = [name for name, kind in self._kinds.items() if self._may_start(kind, counts.here)]
            job = await self._claim_of(work, tenant_id, names)
            if job is None:
                continue
            claimed.append(job)
            counts.here[job.kind] += 1
            self._after_tenant = tenant_id
        return claimed

    async def _claim_waiting(self, work: Operator, tenants: list[int], running: Counter[int], most: int) -> list[Job]:
        """Claim one job of each tenant; the worker asks again while it gets any."""
        claimed: list[Job] = []
        for tenant_id in sorted(tenants, key=lambda one: running[one]):
            job = await self._claim_of(work, tenant_id, sorted(self._waiting)) if len(claimed) < most else None
            claimed += [] if job is None else [job]
        return claimed

    async def _may_find(self) -> bool:
        """Look without a write, for the usual answer: only periodic jobs are there, and wait for their time."""
        tenants = await self._find_tenants(self._operator)
        if tenants != [INSTALLATION]:
            return bool(tenants)
        return bool(await self._operator.fetch_all(queries.select_own_due, _now()))

    async def _find_tenants(self, handle: Operator) -> list[int]:
        """Tenants with something pending, those after the one that was served last first."""
        params = {"after_tenant": self._after_tenant, "most": _TENANTS_AT_ONCE}
        found = [row[0] for row in await handle.fetch_all(queries.select_tenants_waiting, params)]
        if len(found) < _TENANTS_AT_ONCE and self._after_tenant >= 0:
            rows = await handle.fetch_all(queries.select_tenants_waiting, {**params, "after_tenant": -1})
            found += [row[0] for row in rows if row[0] not in found]
        return found

    async def _count_running(self, work: Operator) -> _Counts:
        counts = _Counts()
        for tenant_id, kind, host, count in await work.fetch_all(queries.select_running):
            (counts.waiting if kind in self._waiting else counts.running)[tenant_id] += count
            counts.here[kind] += count if host == self._process.host else 0
        return counts

    def _may_start(self, kind: JobKind, here: Counter[str]) -> bool:
        """Whether this host may run one more job of an ordinary kind."""
        is_full = kind.is_heavy and sum(here[name] for name in self._heavy) >= self._process.heavy_slots
        return (
            not kind.is_waiting and not is_full and (kind.most_on_host is None or here[kind.name] < kind.most_on_host)
        )

    async def _claim_of(self, work: Operator, tenant_id: int, names: Sequence[str]) -> Job | None:
        """Claim the tenant's next job of these kinds: the lowest priority number, then the one that waited longest."""
        due = []
        for name in names:
            params = {"of_tenant": tenant_id, "of_kind": name, "most": 1, **_now()}
            due += [(row[1], row[2], row[0]) for row in await work.fetch_all(queries.select_due, params)]
        for *_, job_id in sorted(due):
            job = await self.claim_one(work, tenant_id, job_id)
            if job is not None:
                return job
        return None

    async def claim_one(self, work: Operator, tenant_id: int, job_id: str) -> Job | None:
        """Claim one pending job; None if another process was first."""
        now = now_us()
        params = {
            "of_tenant": tenant_id, "of_id": job_id, "owner": self._process.owner, "host": self._process.host,
            "until_us": now + self._process.lease_us, "now_us": now,
        }  # fmt: skip
        row = await work.fetch_one(queries.claim_job, params)
        return None if row is None else Job._make(row)

    async def find_lost(self) -> list[Job]:
        """Return to the queue jobs whose lease ended; return those that lost theirs too often, to be failed.

        None while a jump of the clock is so recent that a living process may not have renewed its leases.
        """
        now = now_us()  # first: what jumps from here on is not in it
        if jumps.quiet_s() < SETTLES_S:
            return []
        latest_us = now + 2 * self._process.lease_us + _SKEW_US
        params = {"now_us": now, "latest_us": latest_us, "most": _LOST_AT_ONCE}
        if not await self._operator.fetch_all(queries.select_lost, params):
            return []
        spent = []
        async with self._operator.writing() as work:
            for job in map(Job._make, await work.fetch_all(queries.select_lost, params)):
                kind = self._kinds.get(job.kind)
                if kind is not None and job.losses + 1 >= kind.max_losses:
                    spent.append(job)
                    continue
                await requeue(work, job._replace(losses=job.losses + 1, error_code=LOST))
            work.signal(JOBS)
        return spent
