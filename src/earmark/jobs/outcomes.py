"""What becomes of a job that runs: succeeded, cancelled, failed, or tried again after a pause."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from earmark.computing.threads import compute_for
from earmark.errors import EarmarkError, UnavailableError
from earmark.jobs.kinds import JobKind
from earmark.jobs.running import RunningJob
from earmark.jobs.types import JOBS, FailedJobError, JobCancelledError, LeaseLostError, NewJob, PermanentJobError
from earmark.logs import frames_of
from earmark.metrics import Metrics
from earmark.storage.signals import Signals

_LONGEST_PAUSE_S = 300.0
_LONGEST_STORING_S = 10.0
_CLOCKS_S = 0.02
"""The loop's clock and the wall clock, by which a job is due, may differ by as much."""
_JITTER = 0.1
log = structlog.get_logger("earmark.jobs")


@dataclass(frozen=True)
class Pauses:
    """How long a worker waits."""

    poll_s: float = 2.0
    """Between looks where no signal of other processes arrives."""
    poll_signalled_s: float = 10.0
    """Between looks where signals arrive."""
    first_s: float = 1.0
    """After the first failure; doubled after each further one."""


USUAL: Final = Pauses()


class Outcomes:
    """Runs handlers and stores how each run ended."""

    def __init__(self, kinds: Mapping[str, JobKind], signals: Signals, pauses: Pauses, metrics: Metrics | None) -> None:
        self.cancelled: set[str] = set()
        """The jobs whose tasks are interrupted because somebody cancelled them."""
        self.is_stopping = False
        self._kinds = kinds
        self._signals = signals
        self._pauses = pauses
        self._metrics = metrics

    async def run(self, running: RunningJob) -> None:
        """Run a job and store its outcome."""
        job = running.job
        kind = self._kinds[job.kind]
        if running.is_of_tenant:
            compute_for((job.tenant_id, None))
        try:
            await kind.handle(running)
            if not running.is_over:
                await self._end(running, kind, "succeeded")
            self._count(running, "succeeded")
        except asyncio.CancelledError:
            await self._stopped(running, kind)
            raise
        except JobCancelledError:
            await self._until_available(lambda: self._end(running, kind, "cancelled"))
            self._count(running, "cancelled")
        except LeaseLostError:
            log.warning("job.lease_lost")
            self._count(running, "lost")
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
        pause_s = self._pauses.first_s
        while True:
            try:
                return await store()
            except UnavailableError as error:
                log.warning("job.outcome_not_stored", error=type(error).__name__)
            if self.is_stopping:
                return None
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_STORING_S)

    async def _stopped(self, running: RunningJob, kind: JobKind) -> None:
        """The task was interrupted: somebody cancelled the job, the process goes down, or the lease was lost.

        Only a cancelled job ends; otherwise it goes back to the queue, which a lost lease makes a change of no row.
        """
        with suppress(UnavailableError):
            if running.job.id in self.cancelled:
                self.cancelled.discard(running.job.id)
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
        log.warning(
            "job.failed", attempt=job.attempts, code=code, is_final=is_final, error=type(error).__name__, trace=trace
        )
        if is_final:
            await self.fail(running, kind, code)
        else:
            pause_s = backoff_s(failures, self._pauses.first_s)
            await running.put_back(pause_s, code, is_counted=failures < kind.max_attempts)
            self._wake_in(pause_s)
        self._count(running, "failed" if is_final else "retried")

    async def fail(self, running: RunningJob, kind: JobKind, code: str) -> None:
        """The outcome and what the room wants done about it, in one unit of work."""
        if kind.on_failure is None or not running.is_of_tenant:
            await self._end(running, kind, "failed", code)
        else:
            await running.fail_with(code, kind.on_failure)

    def _count(self, running: RunningJob, outcome: str) -> None:
        if self._metrics is not None:
            kind, seconds = running.job.kind, time.perf_counter() - running.started_s
            self._metrics.count("earmark_jobs_total", kind=kind, outcome=outcome)
            self._metrics.observe("earmark_job_seconds", seconds, kind=kind, outcome=outcome)

    def _wake_in(self, delay_s: float) -> None:
        asyncio.get_running_loop().call_later(delay_s + _CLOCKS_S, self._signals.fire, JOBS)


def _next_of(kind: JobKind) -> NewJob | None:
    """Return the next job of a periodic kind."""
    if kind.every_s is None:
        return None
    delay_s = kind.every_s * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
    return NewJob(kind.name, unique_key=kind.unique_key, delay_s=delay_s)


def backoff_s(attempts: int, first_s: float = Pauses.first_s) -> float:
    """Return the pause after the given number of attempts: doubling from the first to five minutes, with jitter."""
    pause_s = min(first_s * 2.0 ** max(0, attempts - 1), _LONGEST_PAUSE_S)
    return pause_s * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311


def _code_of(error: Exception) -> str:
    if isinstance(error, FailedJobError):
        return error.error_code
    return error.code if isinstance(error, EarmarkError) else "internal_error"
