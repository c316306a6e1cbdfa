"""A job while it runs: its right to have effects, its progress, its outcome.

Every effect stands in a unit of work that first checks, and locks, the job's fence: a process that was paused beyond
its lease finds another fence and has no effect. The last effect and the outcome `succeeded` are one unit of work, so
that a job that ran again leaves the same rows.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from earmark.clock import now_us
from earmark.jobs import queries
from earmark.jobs.queue import enqueue, enqueue_for_installation, requeue
from earmark.jobs.types import INSTALLATION, Job, JobCancelledError, LeaseLostError, NewJob
from earmark.storage.tenant import Operator, Tenant, TenantKey


class RunningJob:
    """What a handler gets."""

    def __init__(self, job: Job, operator: Operator) -> None:
        self.job = job
        self.operator = operator
        self.started_s = time.perf_counter()
        self.is_over = False
        """Whether an outcome is committed."""
        self._is_leaving = False

    @property
    def tenant(self) -> Tenant:
        """The project-wide handle on the job's tenant.

        Raises: RuntimeError for a job of the installation, which has none.
        """
        if not self.is_of_tenant:
            raise RuntimeError("a job of the installation has no tenant")
        return Tenant(self.operator.database, TenantKey(self.job.tenant_id, "", ""))

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Tenant]:
        """A unit of work of the job's tenant that commits only while this run holds the job.

        Raises: LeaseLostError; JobCancelledError.
        """
        async with self.tenant.writing() as work:
            _check_fence(await work.fetch_one(queries.select_fence, self.job.run))
            yield work
        self.is_over = self.is_over or self._is_leaving

    @asynccontextmanager
    async def finishing(self) -> AsyncIterator[Tenant]:
        """The last unit of work: its effects and the job's success are committed together.

        Raises: LeaseLostError; JobCancelledError.
        """
        async with self.writing() as work:
            yield work
            if not await work.execute(queries.end_job, self._outcome("succeeded")):
                raise LeaseLostError
        self.is_over = True

    async def fail_with(self, code: str, announce: Callable[[Tenant, Job], Awaitable[None]]) -> None:
        """Commit the failure of a tenant's job together with what its room wants done about it."""
        async with self.tenant.writing() as work:
            if await work.execute(queries.end_job, self._outcome("failed", code)):
                await announce(work, self.job._replace(error_code=code))
        self.is_over = True

    async def check(self) -> None:
        """Raise if this run should stop: between two steps of long work that have no effect of their own.

        Raises: LeaseLostError; JobCancelledError.
        """
        async with self.operator.writing() as work:
            _check_fence(await work.fetch_one(queries.select_own_fence, self.job.run))

    async def report(self, progress: float) -> None:
        """Say how far it is, from 0 to 1."""
        async with self.operator.writing() as work:
            await work.execute(queries.update_progress, self._progress(progress))

    async def report_in(self, work: Tenant, progress: float) -> None:
        """Store the progress together with the effects of a step; a later run begins after it.

        What failed or was lost before the step says nothing of what comes after it, and is not counted any more.
        """
        await work.execute(queries.update_own_progress, self._progress(progress))
        self.job = self.job._replace(attempts=1, losses=0)

    def _progress(self, progress: float) -> dict[str, Any]:
        return {**self.job.run, "progress_now": min(1.0, max(0.0, progress))}

    async def end(self, state: str, code: str | None = None, *, then: NewJob | None = None) -> bool:
        """Commit an outcome that has no effects beside it; return whether this run still held the job.

        Args:
            then: the installation's next job, added with the outcome.
        """
        async with self.operator.writing() as work:
            is_held = await work.execute(queries.end_own_job, self._outcome(state, code)) > 0
            if is_held and then is not None:
                await enqueue_for_installation(work, then)
        self.is_over = True
        return is_held

    async def put_back(self, delay_s: float, code: str | None, *, is_counted: bool = True) -> None:
        """Leave the job to a later run.

        Args:
            is_counted: whether this run was one of its attempts.
        """
        attempts = self.job.attempts - (not is_counted)
        async with self.operator.writing() as work:
            await requeue(work, self.job._replace(attempts=attempts, error_code=code), delay_s)
        self.is_over = True

    async def leave(self, work: Tenant, *, then: NewJob | None = None) -> None:
        """End the job as succeeded with the effects of a unit of work of its own (`writing`).

        Args:
            then: a job to be added, which may have this one's unique key: it goes on later.
        """
        if not await work.execute(queries.end_job, self._outcome("succeeded")):
            raise LeaseLostError
        if then is not None:
            await enqueue(work, then)
        self._is_leaving = True

    def _outcome(self, state: str, code: str | None = None) -> dict[str, Any]:
        progress = 1.0 if state == "succeeded" else 0.0
        return {**self.job.run, "new_state": state, "code": code, "now_us": now_us(), "progress_now": progress}

    @property
    def is_of_tenant(self) -> bool:
        """Whether the job belongs to a tenant."""
        return self.job.tenant_id != INSTALLATION


def _check_fence(row: Any) -> None:
    if row is None:
        raise LeaseLostError
    if row[0] is not None:
        raise JobCancelledError
