"""Which jobs a process runs next: fair between tenants, within the slots of the host, under a lease.

The tenant with the fewest running jobs comes first, then by turns; within a tenant its kinds of job take turns, and
within a kind its end users; of an end user the lowest priority number comes first, then the oldest. Pending jobs are
never counted or walked over: 100,000 of a tenant cost another nothing, be they due or not.
Semantics follow those of River, Oban and Solid Queue (`docs/decisions/2026-11-29-jobs-in-rows.md`).
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from earmark.clock import now_us
from earmark.clock_jumps import SETTLES_S, jumps
from earmark.ids import random_text
from earmark.jobs import claim_queries, queries
from earmark.jobs.kinds import JobKind
from earmark.jobs.queue import requeue
from earmark.jobs.shares import Shares
from earmark.jobs.turns import Turns
from earmark.jobs.types import JOBS, Job, NoSlotError
from earmark.storage.query import Row
from earmark.storage.tenant import Operator

LOST = "lease_lost"
"""The error code of a job whose processes died under it too often."""
_TENANTS_LOOKED_AT, _TENANTS_AT_ONCE = 128, 32
_PEOPLE_AT_ONCE = 64
_LOST_AT_ONCE = 100
_SKEW_US = 60_000_000
"""How far the clocks of hosts may be apart: what is further in the future was written before a clock stepped back."""
_TENANTS: Final = "tenants"
Due = dict[int, dict[str, int]]
"""The kinds of which tenants have due jobs, with the priority of the first; the tenants in the order of their turns."""
MayStart = Callable[[JobKind, int], bool]


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


@dataclass(frozen=True, slots=True)
class Free:
    """Slots of a process: for ordinary kinds, or for those that mostly wait.

    Args:
        slots: how many are free.
        full: the tenants that have their share of all there are.
    """

    slots: int
    full: Collection[int] = ()


_NONE_FREE: Final = Free(0)


class Claimer:
    """Claims jobs of the given kinds for one process."""

    def __init__(self, operator: Operator, kinds: Sequence[JobKind], process: Process) -> None:
        self._operator = operator
        self._kinds = {kind.name: kind for kind in kinds}
        self._process = process
        self._turns = Turns()
        self.is_shared = False
        """Whether there were several projects at the last look: then nobody has every slot."""

    async def claim(self, free: Free | int, free_waiting: Free = _NONE_FREE) -> list[Job]:
        """Return jobs leased to this process, at most one of each tenant for each sort of slot.

        Args:
            free: the slots for ordinary kinds.
            free_waiting: those for the kinds that mostly wait.
        """
        slots = {False: Free(free) if isinstance(free, int) else free, True: free_waiting}
        await self._look_whether_shared()
        due = await self._find_due(await self._count_running(self._operator), slots)
        if not due:
            return []
        async with self._operator.writing() as work:
            shares = await self._lock_host(work)
            return [job for each in slots for job in await self._claim_round(work, due, shares, slots[each], each)]

    # ---- what is due -----------------------------------------------------------------------------------

    async def _find_due(self, shares: Shares, slots: dict[bool, Free]) -> Due:
        """Look without a write: only what could be started as things stand, so that nothing else hides it."""

        def may_start(kind: JobKind, tenant_id: int) -> bool:
            free = slots[kind.is_waiting]
            return free.slots > 0 and tenant_id not in free.full and shares.may_start(kind, tenant_id)

        last = self._turns.last(_TENANTS, -1)
        due = await self._find_between(last, None, may_start)
        if len(due) < _TENANTS_AT_ONCE and last >= 0:
            due |= await self._find_between(-1, last, may_start)
        return due

    async def _find_between(self, after: int, until: int | None, may_start: MayStart) -> Due:
        """The tenants after one until another with something that may be started; a look is at some of them."""
        due: Due = {}
        while len(due) < _TENANTS_AT_ONCE:
            asked = {"after_tenant": after, "most": _TENANTS_LOOKED_AT}
            rows = await self._operator.fetch_all(claim_queries.select_pending_groups, asked)
            now, tenants = now_us(), sorted({row[0] for row in rows})
            for tenant_id, name, priority, first_us in rows:
                kind = self._kinds.get(name)
                is_wanted = kind is not None and first_us <= now and (until is None or tenant_id <= until)
                if kind is not None and is_wanted and may_start(kind, tenant_id):
                    of_kind = due.setdefault(tenant_id, {})
                    of_kind[name] = min(priority, of_kind.get(name, priority))
            if len(tenants) < _TENANTS_LOOKED_AT or (until is not None and tenants[-1] >= until):
                break
            after = tenants[-1]
        return {tenant_id: due[tenant_id] for tenant_id in sorted(due)}

    # ---- what is claimed of it -------------------------------------------------------------------------

    async def _lock_host(self, work: Operator) -> Shares:
        """Let no other process of this host claim until the commit, and count what runs."""
        if self._operator.database.compiler.dialect_name == "postgresql":
            number = zlib.crc32(self._process.host.encode())
            await work.fetch_all(claim_queries.lock_host, {"host_number": number})
        return await self._count_running(work)

    async def _count_running(self, handle: Operator) -> Shares:
        rows = await handle.fetch_all(queries.select_running)
        counted = ((tenant_id, kind, host, count) for tenant_id, kind, host, count in rows)
        process = self._process
        return Shares(self._kinds, process.host, process.heavy_slots, counted, is_shared=self.is_shared)

    async def _look_whether_shared(self) -> None:
        ((has_projects,),) = await self._operator.fetch_all(queries.select_has_projects)
        self.is_shared = bool(has_projects)

    async def _claim_round(self, work: Operator, due: Due, shares: Shares, free: Free, is_waiting: bool) -> list[Job]:
        """Claim at most one job of each tenant; the worker asks again while it gets any."""
        running = shares.waiting if is_waiting else shares.running
        claimed: dict[int, Job] = {}
        for tenant_id, kind in self._offers(due, running, is_waiting):
            for whose in self._in_turn(kind, tenant_id, due):
                if len(claimed) >= free.slots or tenant_id in claimed:
                    break
                if whose in claimed or whose in free.full or not shares.may_start(kind, whose):
                    continue
                job = await self._claim_next(work, whose, kind.name, due[whose][kind.name])
                if job is not None:
                    claimed[whose] = job
                    shares.add(whose, kind)
            if tenant_id in claimed:
                self._turns.note(_TENANTS, tenant_id)
        return list(claimed.values())

    def _offers(self, due: Due, running: Mapping[int, int], is_waiting: bool) -> Iterator[tuple[int, JobKind]]:
        """What could be claimed, one after the other: tenants in their order, and of each its kinds in theirs."""
        for tenant_id in sorted(due, key=lambda one: running[one]):
            for name in self._turns.in_turn(("kinds", tenant_id), due[tenant_id]):
                if self._kinds[name].is_waiting == is_waiting:
                    yield tenant_id, self._kinds[name]

    def _in_turn(self, kind: JobKind, tenant_id: int, due: Due) -> Sequence[int]:
        """Return the tenant, after those whose turn at a kind with few slots comes before its own."""
        if kind.most_on_host is None and not kind.is_heavy:
            return [tenant_id]
        those = self._turns.in_turn(("slots", kind.name), [one for one in due if kind.name in due[one]])
        return those[: those.index(tenant_id) + 1]

    async def _claim_next(self, work: Operator, tenant_id: int, name: str, priority: int) -> Job | None:
        """Claim the next job of a tenant and kind: of the end user whose turn it is, the oldest."""
        asked = {"of_tenant": tenant_id, "of_kind": name, "of_priority": priority, "now_us": now_us()}
        line = ("people", tenant_id, name)
        async for found in self._looks(work, self._turns.last(line, ""), asked):
            job = None if found is None else await self.claim_one(work, tenant_id, found[0])
            if job is not None:
                self._turns.note(line, job.end_user_id or "")
                self._turns.note(("kinds", tenant_id), name)
                self._turns.note(("slots", name), tenant_id)
                return job
        return None

    async def _looks(self, work: Operator, last: str, asked: dict[str, Any]) -> AsyncIterator[Row | None]:
        """Look for a job of the end users after the last, of the tenant itself, of the first end users, of anybody."""
        for after in (last, None, "") if last else ("", None):
            if after is None:
                yield await work.fetch_one(claim_queries.select_due, asked, whose="none")
                continue
            people = {**asked, "after_end_user": after, "most": _PEOPLE_AT_ONCE}
            [(person,)] = await work.fetch_all(claim_queries.select_due_end_user, people)
            if person is not None:
                yield await work.fetch_one(claim_queries.select_due, {**asked, "of_end_user": person}, whose="one")
        yield await work.fetch_one(claim_queries.select_due, asked, whose="any")

    async def claim_named(self, tenant_id: int, job_id: str) -> Job | None:
        """Claim a pending job, due or not; None if there is none, or another process was first.

        Raises: NoSlotError while this host may not run one more of its kind.
        """
        await self._look_whether_shared()
        async with self._operator.writing() as work:
            shares = await self._lock_host(work)
            row = await work.fetch_one(queries.select_any_job, {"job_id": job_id})
            if row is None or (job := Job._make(row)).state != "pending":
                return None
            if not shares.may_start(self._kinds[job.kind], tenant_id):
                raise NoSlotError(job.kind)
            return await self.claim_one(work, tenant_id, job_id)

    async def claim_one(self, work: Operator, tenant_id: int, job_id: str) -> Job | None:
        """Claim one pending job; None if another process was first."""
        now = now_us()
        params = {
            "of_tenant": tenant_id, "of_id": job_id, "owner": self._process.owner, "host": self._process.host,
            "until_us": now + self._process.lease_us, "now_us": now,
        }  # fmt: skip
        row = await work.fetch_one(claim_queries.claim_job, params)
        return None if row is None else Job._make(row)

    # ---- what was lost ---------------------------------------------------------------------------------

    async def recall_from_future(self) -> None:
        """Let jobs that were added before the clock stepped back run now: nothing waits until it is there again."""
        now = now_us()
        asked = {"now_us": now, "future_us": now + _SKEW_US}
        if await self._operator.fetch_all(claim_queries.select_of_future, asked):
            async with self._operator.writing() as work:
                await work.execute(claim_queries.recall_from_future, asked)
                work.signal(JOBS)

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
