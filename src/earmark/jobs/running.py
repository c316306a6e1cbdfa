"""A job while it runs: its right to have effects, its progress, its outcome.

Every effect stands in a unit of work that first checks, and locks, the job's fence: a process that was paused beyond
its lease finds another fence and has no effect. The last effect and the outcome `succeeded` are one unit of work, so
that a job that ran again leaves the same rows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from earmark.clock import now_us
from earmark.jobs import queries
from earmark.jobs.queue import enqueue_for_installation
from earmark.jobs.types import INSTALLATION, Job, JobCancelledError, LeaseLostError, NewJob
from earmark.storage.tenant import Operator, Tenant


class RunningJob:
    """What a handler gets.

    Args:
        tenant: the project-wide handle on the job's tenant; None for the installation's jobs.
    """

    def __init__(self, job: Job, operator: Operator, tenant: Tenant | None) -> None:
        self.job = job
        self.operator = operator
        self._tenant = tenant
        self.is_over = False
        """Whether an outcome is committed."""

    @property
    def tenant(self) -> Tenant:
        """The handle on the job's tenant.

        Raises: RuntimeError for a job of the installation, which has none.
        """
        if self._tenant is None:
            raise RuntimeError("a job of the installation has no tenant")
        return self._tenant

    def _it(self) -> dict[str, Any]:
        return {"of_tenant": self.job.tenant_id, "of_id": self.job.id, "of_fence": self.job.fence}

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Tenant]:
        """A unit of work of the job's tenant that commits only while this run holds the job.

        Raises: LeaseLostError; JobCancelledError.
        """
        async with self.tenant.writing() as work:
            _check_fence(await work.fetch_one(queries.select_fence, self._it()))
            yield work

    @asynccontextmanager
    async def finishing(self) -> AsyncIterator[Tenant]:
        """The last unit of work: its effects and the job's success are committed together.

        Raises: LeaseLostError; JobCancelledError.
        """
        async with self.writing() as work:
            yield work
            if not await work.execute(queries.end_job, {**self._it(), **_outcome("succeeded")}):
                raise LeaseLostError
        self.is_over = True

    async def check(self) -> None:
        """Raise if this run should stop: between two steps of long work that have no effect of their own.

        Raises: LeaseLostError; JobCancelledError.
        """
        async with self.operator.writing() as work:
            _check_fence(await work.fetch_one(queries.select_own_fence, self._it()))

    async def report(self, progress: float) -> None:
        """Say how far it is, from 0 to 1."""
        async with self.operator.writing() as work:
            await work.execute(queries.update_progress, {**self._it(), "progress_now": min(1.0, max(0.0, progress))})

    async def report_in(self, work: Tenant, progress: float) -> None:
        """Store the progress together with the effects of a step; a later run begins with it."""
        await work.execute(queries.update_own_progress, {**self._it(), "progress_now": min(1.0, max(0.0, progress))})

    async def end(self, state: str, code: str | None = None, *, then: NewJob | None = None) -> bool:
        """Commit an outcome that has no effects beside it; return whether this run still held the job.

        Args:
            then: the installation's next job, added with the outcome.
        """
        async with self.operator.writing() as work:
            is_held = await work.execute(queries.end_own_job, {**self._it(), **_outcome(state, code)}) > 0
            if is_held and then is not None:
                await enqueue_for_installation(work, then)
        self.is_over = True
        return is_held

    async def put_back(self, delay_s: float, code: str | None, *, is_counted: bool = True) -> None:
        """Leave the job to a later run.

        Args:
            is_counted: whether this run was one of its attempts.
        """
        changed = {
            "next_us": now_us() + round(delay_s * 1e6), "attempts_now": self.job.attempts - (not is_counted),
            "losses_now": self.job.losses, "code": code,
        }  # fmt: skip
        async with self.operator.writing() as work:
            await work.execute(queries.requeue_job, {**self._it(), **changed})
        self.is_over = True

    @property
    def is_of_tenant(self) -> bool:
        """Whether the job belongs to a tenant."""
        return self.job.tenant_id != INSTALLATION


def _check_fence(row: Any) -> None:
    if row is None:
        raise LeaseLostError
    if row[0] is not None:
        raise JobCancelledError


def _outcome(state: str, code: str | None = None) -> dict[str, Any]:
    progress = 1.0 if state == "succeeded" else 0.0
    return {"new_state": state, "code": code, "now_us": now_us(), "progress_now": progress}
