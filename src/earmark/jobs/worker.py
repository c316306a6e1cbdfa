"""The loop that starts jobs: one a process. Claims, renews leases, drains at shutdown."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import copy_context

import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars

from earmark.clock import now_us
from earmark.clock_jumps import jumps
from earmark.errors import UnavailableError
from earmark.jobs import queries
from earmark.jobs.claiming import LOST, Claimer, Free, Process
from earmark.jobs.kinds import JobKind, ensure_periodic
from earmark.jobs.outcomes import USUAL, Outcomes, Pauses
from earmark.jobs.running import RunningJob
from earmark.jobs.shares import share_of
from earmark.jobs.types import JOBS, Job, NoSlotError
from earmark.logs import frames_of
from earmark.metrics import Metrics
from earmark.storage.signals import Signals
from earmark.storage.tenant import Operator

SLOTS = 4
WAITING_SLOTS = 64
"""For jobs that wait for other servers nearly all of their time."""
_LOST_AFTER_S = 1.0
log = structlog.get_logger("earmark.jobs")


class Worker:
    """Runs the jobs of the given kinds until it is stopped."""

    def __init__(
        self, operator: Operator, kinds: Sequence[JobKind], process: Process, metrics: Metrics | None = None,
        pauses: Pauses = USUAL,
    ) -> None:  # fmt: skip
        self.kinds = {kind.name: kind for kind in kinds}
        self._operator = operator
        self._process = process
        self._pauses = pauses
        self._outcomes = Outcomes(self.kinds, operator.database.signals, pauses, metrics)
        self._claimer = Claimer(operator, kinds, process)
        self._running: dict[str, tuple[RunningJob, asyncio.Task[None]]] = {}
        self._missing_since: dict[str, float] = {}

    @property
    def signals(self) -> Signals:
        """What wakes this worker."""
        return self._operator.database.signals

    # ---- loops, each a supervised task ---------------------------------------------------------------

    async def run(self) -> None:
        """Claim and start jobs until cancelled; woken by signals, by jobs that end, and now and then."""
        await ensure_periodic(self._operator, list(self.kinds.values()))
        with self.signals.listening(JOBS) as waiter:
            while not self._outcomes.is_stopping:
                is_more = await self._start_due()
                if not is_more:
                    pauses = self._pauses
                    await waiter.wait(pauses.poll_signalled_s if self.signals.is_shared else pauses.poll_s)

    async def renew_leases(self) -> None:
        """Renew the leases of what runs here, stop what was cancelled or lost, and take up what others lost.

        After a jump of the wall clock, by which leases are stored, they are renewed at once.
        """
        every_s = self._process.lease_us / 3e6
        with self.signals.listening(JOBS) as waiter:
            while True:
                jumped = jumps.look()
                try:
                    await self._renew()
                    await self._claimer.recall_from_future()
                    await self.recover()
                except UnavailableError as error:  # the database is away: leases run out, and fences hold
                    log.warning("jobs.leases_not_renewed", error=type(error).__name__)
                until = asyncio.get_running_loop().time() + every_s
                while (left_s := until - asyncio.get_running_loop().time()) > 0 and jumps.look() == jumped:
                    await waiter.wait(min(left_s, self._pauses.poll_s))
                    with suppress(UnavailableError):
                        await self._stop_cancelled()

    def _wake(self) -> None:
        self.signals.fire(JOBS)

    # ---- claiming ------------------------------------------------------------------------------------

    async def _start_due(self) -> bool:
        """Start what is due; return whether there may be more."""
        free, free_waiting = self._free(is_waiting=False), self._free(is_waiting=True)
        if free.slots + free_waiting.slots <= 0:
            return False
        try:
            jobs = await self._claimer.claim(free, free_waiting)
        except UnavailableError as error:
            log.warning("jobs.not_claimed", error=type(error).__name__)
            return False
        for job in jobs:
            self._start(job)
        return bool(jobs)

    def _free(self, *, is_waiting: bool) -> Free:
        """Return the free slots for ordinary kinds or for those that mostly wait; of several projects none has all."""
        slots = WAITING_SLOTS if is_waiting else SLOTS
        jobs = [one.job for one, _ in self._running.values() if self.kinds[one.job.kind].is_waiting == is_waiting]
        held = Counter(job.tenant_id for job in jobs)
        full = frozenset(
            tenant_id
            for tenant_id, count in held.items()
            if count >= share_of(slots, is_shared=self._claimer.is_shared)
        )
        return Free(max(0, slots - len(jobs)), full)

    def _start(self, job: Job) -> asyncio.Task[None]:
        running = RunningJob(job, self._operator)
        context = copy_context()
        context.run(bind_contextvars, **job.named)
        task = asyncio.create_task(self._outcomes.run(running), name=f"job {job.kind}", context=context)
        self._running[job.id] = (running, task)
        task.add_done_callback(lambda _: self._ended(job, task), context=context)
        return task

    def _ended(self, job: Job, task: asyncio.Task[None]) -> None:
        self._running.pop(job.id, None)
        self._missing_since.pop(job.id, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            # Its outcome could not be stored for another reason than an outage: the lease runs out, and counts as lost.
            log.error("job.outcome_lost", error=type(error).__name__, trace=frames_of(error))
        self._wake()

    async def run_job(self, tenant_id: int, job_id: str, *, on_waiting: Callable[[], None] | None = None) -> bool:
        """Claim one job for this process, due or not, and run it to its end; return False if another has it.

        Args:
            on_waiting: called if it waits because this host runs as many of its kind as it may. Until one of them
                ends, it may also be taken by another process.
        """
        job = await self._claim_named(tenant_id, job_id, on_waiting)
        if job is None:
            return False
        await self._start(job)
        return True

    async def _claim_named(self, tenant_id: int, job_id: str, on_waiting: Callable[[], None] | None) -> Job | None:
        with self.signals.listening(JOBS) as waiter:
            while True:
                try:
                    return await self._claimer.claim_named(tenant_id, job_id)
                except NoSlotError:
                    if on_waiting is not None:
                        on_waiting()
                    on_waiting = None
                await waiter.wait(self._pauses.poll_s)

    # ---- leases --------------------------------------------------------------------------------------

    async def _renew(self) -> None:
        if not self._running:
            return
        until = {"owner": self._process.owner, "until_us": now_us() + self._process.lease_us}
        await self._operator.write((queries.renew_leases, until))
        await self._stop_cancelled()

    async def _stop_cancelled(self) -> None:
        """Interrupt runs that were cancelled, or whose job is another's or nobody's by now."""
        started = list(self._running.items())  # before the look: a job that is claimed meanwhile is not in it
        if not started:
            return
        rows = await self._operator.fetch_all(queries.select_held, {"owner": self._process.owner})
        held = {job_id: (fence, cancel_us) for job_id, fence, cancel_us in rows}
        for job_id, (running, task) in started:
            fence, cancel_us = held.get(job_id, (None, None))
            if running.is_over or task.done():
                continue
            if fence == running.job.fence and cancel_us is not None:
                self._outcomes.cancelled.add(job_id)
                task.cancel()
            elif fence != running.job.fence and self._since_missing(job_id) > _LOST_AFTER_S:
                task.cancel()  # a run whose outcome is just being committed is missing only for a moment

    def _since_missing(self, job_id: str) -> float:
        """Return for how many seconds the database has had no lease of this process for a job that runs here."""
        now_s = asyncio.get_running_loop().time()
        return now_s - self._missing_since.setdefault(job_id, now_s)

    async def recover(self) -> None:
        """Return to the queue the jobs whose lease ended; fail those that lost theirs too often."""
        for job in await self._claimer.find_lost():
            running = RunningJob(job, self._operator)
            with bound_contextvars(**job.named):
                log.error("job.lost_too_often", losses=job.losses + 1)
                await self._outcomes.fail(running, self.kinds[job.kind], LOST)

    async def stop(self, grace_s: float) -> None:
        """Let what runs end within `grace_s`, then return the rest to the queue."""
        self._outcomes.is_stopping = True
        tasks = [task for _, task in self._running.values()]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=grace_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
