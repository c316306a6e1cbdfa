"""The loop that runs jobs: one a process. Claims, renews leases, retries with backoff, drains at shutdown."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import structlog

from earmark.clock import now_us
from earmark.errors import EarmarkError, UnavailableError
from earmark.jobs import queries
from earmark.jobs.claiming import LOST, Claimer, Process
from earmark.jobs.queue import ensure_periodic
from earmark.jobs.running import RunningJob
from earmark.jobs.types import (
    JOBS,
    Job,
    JobCancelledError,
    JobKind,
    LeaseLostError,
    NewJob,
    PermanentJobError,
)
from earmark.logs import frames_of
from earmark.metrics import Metrics
from earmark.storage.signals import Signals
from earmark.storage.tenant import Operator

SLOTS = 4
_POLL_S = 2.0
"""Between looks where no signal of other processes arrives."""
_POLL_SIGNALLED_S = 10.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 300.0
_LONGEST_STORING_S = 10.0
_LOST_AFTER_S = 1.0
_CLOCKS_S = 0.02
"""The loop's clock and the wall clock, by which a job is due, may differ by as much."""
_JITTER = 0.1
log = structlog.get_logger("earmark.jobs")


class Worker:
    """Runs the jobs of the given kinds until it is stopped."""

    def __init__(
        self, operator: Operator, kinds: Sequence[JobKind], process: Process, metrics: Metrics | None = None
    ) -> None:
        self.kinds = {kind.name: kind for kind in kinds}
        self._operator = operator
        self._process = process
        self._metrics = metrics
        self._claimer = Claimer(operator, kinds, process)
        self._running: dict[str, tuple[RunningJob, asyncio.Task[None]]] = {}
        self._cancelled: set[str] = set()
        self._missing_since: dict[str, float] = {}
        self._is_stopping = False

    @property
    def signals(self) -> Signals:
        """What wakes this worker."""
        return self._operator.database.signals

    # ---- loops, each a supervised task ---------------------------------------------------------------

    async def run(self) -> None:
        """Claim and start jobs until cancelled; woken by signals, by jobs that end, and now and then."""
        await ensure_periodic(self._operator, list(self.kinds.values()))
        with self.signals.listening(JOBS) as waiter:
            while not self._is_stopping:
                is_more = await self._start_due()
                if not is_more:
                    is_signalled = self.signals.is_shared
                    await waiter.wait(_POLL_SIGNALLED_S if is_signalled else _POLL_S)

    async def keep_leases(self) -> None:
        """Renew the leases of what runs here, stop what was cancelled or lost, and take up what others lost."""
        every_s = self._process.lease_us / 3e6
        with self.signals.listening(JOBS) as waiter:
            while True:
                try:
                    await self._renew()
                    await self.recover()
                except UnavailableError as error:  # the database is away: leases run out, and fences hold
                    log.warning("jobs.leases_not_renewed", error=type(error).__name__)
                until = asyncio.get_running_loop().time() + every_s
                while (left_s := until - asyncio.get_running_loop().time()) > 0:
                    await waiter.wait(min(left_s, _POLL_S))
                    with suppress(UnavailableError):
                        await self._stop_cancelled()

    def _wake(self) -> None:
        self.signals.fire(JOBS)

    def _wake_in(self, delay_s: float) -> None:
        asyncio.get_running_loop().call_later(delay_s + _CLOCKS_S, self._wake)

    # ---- claiming ------------------------------------------------------------------------------------

    async def _start_due(self) -> bool:
        """Start what is due; return whether there may be more."""
        free = SLOTS - len(self._running)
        if free <= 0:
            return False
        try:
            jobs = await self._claimer.claim(free)
        except UnavailableError as error:
            log.warning("jobs.not_claimed", error=type(error).__name__)
            return False
        for job in jobs:
            self._start(job)
        return bool(jobs) and len(self._running) < SLOTS

    def _start(self, job: Job) -> asyncio.Task[None]:
        running = RunningJob(job, self._operator)
        task = asyncio.create_task(self._run_one(running), name=f"job {job.kind}")
        self._running[job.id] = (running, task)
        task.add_done_callback(lambda _: self._ended(job, task))
        return task

    def _ended(self, job: Job, task: asyncio.Task[None]) -> None:
        self._running.pop(job.id, None)
        self._missing_since.pop(job.id, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            # Its outcome could not be stored for another reason than an outage: the lease runs out, and counts as lost.
            log.error("job.outcome_lost", job_id=job.id, error=type(error).__name__, trace=frames_of(error))
        self._wake()

    async def run_job(self, tenant_id: int, job_id: str) -> bool:
        """Claim one job for this process, due or not, and run it to its end; return False if another has it."""
        async with self._operator.writing() as work:
            job = await self._claimer.claim_one(work, tenant_id, job_id)
        if job is None:
            return False
        await self._start(job)
        return True

    # ---- running -------------------------------------------------------------------------------------

    async def _run_one(self, running: RunningJob) -> None:
        job = running.job
        kind = self.kinds[job.kind]
        try:
            await kind.handle(running)
            if not running.is_over:
                await self._end(running, kind, "succeeded")
            self._count(job, "succeeded")
        except asyncio.CancelledError:
            await self._stopped(running, kind)
            raise
        except JobCancelledError:
            await self._until_available(lambda: self._end(running, kind, "cancelled"))
            self._count(job, "cancelled")
        except LeaseLostError:
            log.warning("job.lease_lost", job_id=job.id, kind=job.kind)
            self._count(job, "lost")
        except Exception as error:
            failure = error  # a lambda outlives the name
            await self._until_available(lambda: self._failed(running, kind, failure))

    async def _end(self, running: RunningJob, kind: JobKind, state: str, code: str | None = None) -> None:
        """Commit an outcome and, of a periodic kind, the next job with it."""
        then = _next_of(kind)
        await running.end(state, code, then=then)
        if then is not None:  # after the commit: woken any sooner, the worker would find it not yet due
            self._wake_in(then.delay_s)

    async def _until_available(self, store: Callable[[], Awaitable[None]]) -> None:
        """Store what became of a job, again and again while the database or its disk is away.

        Going down it stays unstored: the lease runs out, and the job runs again.
        """
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return await store()
            except UnavailableError as error:
                log.warning("job.outcome_not_stored", error=type(error).__name__)
            if self._is_stopping:
                return None
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_STORING_S)

    async def _stopped(self, running: RunningJob, kind: JobKind) -> None:
        """The task was interrupted: somebody cancelled the job, the process goes down, or the lease was lost.

        Only a cancelled job ends; otherwise it goes back to the queue, which a lost lease makes a change of no row.
        """
        with suppress(UnavailableError):
            if running.job.id in self._cancelled:
                self._cancelled.discard(running.job.id)
                await asyncio.shield(self._end(running, kind, "cancelled"))
            else:
                await asyncio.shield(running.put_back(0.0, None, is_counted=False))

    async def _failed(self, running: RunningJob, kind: JobKind, error: Exception) -> None:
        job = running.job
        code = _code_of(error)
        trace = None if isinstance(error, EarmarkError) else frames_of(error)
        is_postponed = isinstance(error, UnavailableError)  # not its fault: tried until it can be
        failures = job.attempts - job.losses  # a process that died under it says nothing of the job
        is_final = isinstance(error, PermanentJobError) or (failures >= kind.max_attempts and not is_postponed)
        log.warning("job.failed", job_id=job.id, kind=job.kind, attempt=job.attempts, code=code, is_final=is_final,
                    error=type(error).__name__, trace=trace)  # fmt: skip
        if is_final:
            await self._fail(running, kind, code)
        else:
            pause_s = backoff_s(failures)
            await running.put_back(pause_s, code, is_counted=failures < kind.max_attempts)
            self._wake_in(pause_s)
        self._count(job, "failed" if is_final else "retried")

    async def _fail(self, running: RunningJob, kind: JobKind, code: str) -> None:
        """The outcome and what the room wants done about it, in one unit of work."""
        if kind.on_failure is None or not running.is_of_tenant:
            await self._end(running, kind, "failed", code)
        else:
            await running.fail_with(code, kind.on_failure)

    def _count(self, job: Job, outcome: str) -> None:
        if self._metrics is not None:
            self._metrics.count("earmark_jobs_total", kind=job.kind, outcome=outcome)

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
                self._cancelled.add(job_id)
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
            log.error("job.lost_too_often", job_id=job.id, kind=job.kind, losses=job.losses + 1)
            await self._fail(running, self.kinds[job.kind], LOST)

    async def stop(self, grace_s: float) -> None:
        """Let what runs end within `grace_s`, then return the rest to the queue."""
        self._is_stopping = True
        tasks = [task for _, task in self._running.values()]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=grace_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _next_of(kind: JobKind) -> NewJob | None:
    """Return the next job of a periodic kind."""
    if kind.every_s is None:
        return None
    delay_s = kind.every_s * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
    return NewJob(kind.name, unique_key=kind.unique_key, delay_s=delay_s)


def backoff_s(attempts: int) -> float:
    """Return the pause after the given number of attempts: doubling from a second to five minutes, with jitter."""
    pause_s = min(_FIRST_PAUSE_S * 2.0 ** max(0, attempts - 1), _LONGEST_PAUSE_S)
    return pause_s * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311


def _code_of(error: Exception) -> str:
    if isinstance(error, PermanentJobError):
        return error.error_code
    return error.code if isinstance(error, EarmarkError) else "internal_error"
