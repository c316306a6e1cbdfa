"""What a job is, and how a room describes a kind of job."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from earmark.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from earmark.jobs.running import RunningJob
    from earmark.storage.tenant import Operator, Tenant

State = Literal["pending", "running", "succeeded", "failed", "cancelled"]
INSTALLATION = 0
"""The tenant id of jobs that belong to no tenant."""
JOBS = "jobs"
"""The channel that is signalled when there may be something to run or to cancel."""


class Job(NamedTuple):
    """One row of `jobs`. Times are microseconds since 1970."""

    tenant_id: int
    id: str
    end_user_id: str | None
    kind: str
    subject_id: str | None
    payload_json: str
    state: State
    priority: int
    run_us: int
    unique_key: str | None
    attempts: int
    losses: int
    fence: int
    cancel_us: int | None
    progress: float
    error_code: str | None
    created_us: int
    started_us: int | None
    ended_us: int | None

    @property
    def payload(self) -> dict[str, Any]:
        """What the job was enqueued with."""
        found: dict[str, Any] = json.loads(self.payload_json)
        return found

    @property
    def run(self) -> dict[str, Any]:
        """The parameters that name this run of the job in queries: its fence and all."""
        return {"of_tenant": self.tenant_id, "of_id": self.id, "of_fence": self.fence}


class JobCounts(NamedTuple):
    """Jobs of all tenants by state; `overdue_s` is how long the oldest has waited beyond its time."""

    pending: int
    running: int
    failed: int
    overdue_s: float


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be enqueued.

    Args:
        kind: the name of a `JobKind`.
        subject_id: the recording or session that it is about; it goes when that is deleted.
        payload: ids and numbers, nobody's words.
        unique_key: while a job of the tenant with this key is pending or running, no other is added.
        delay_s: how long it waits at least.
        priority: lower runs first within its kind.
    """

    kind: str
    subject_id: str | None = None
    payload: Mapping[str, Any] | None = None
    unique_key: str | None = None
    delay_s: float = 0.0
    priority: int = 0


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job, registered by the room whose work it is.

    Args:
        handle: does the work. Its effects go through `RunningJob.writing` or may be repeated without harm.
        max_attempts: after so many failures the job has failed.
        max_losses: after so many leases that ended without an outcome (a process that died) it has failed.
        is_heavy: it needs a processor for long; at most `heavy_slots` of these run on a host at once.
        every_s: periodic: one job of this kind is always waiting, once an installation.
        on_failure: called in the unit of work in which a tenant's job fails for good.
    """

    name: str
    handle: Callable[[RunningJob], Awaitable[None]]
    max_attempts: int = 5
    max_losses: int = 3
    is_heavy: bool = False
    every_s: float | None = None
    on_failure: Callable[[Tenant, Job], Awaitable[None]] | None = None

    @property
    def unique_key(self) -> str:
        """The key of a periodic kind's one job."""
        return f"every:{self.name}"


def sweeping(name: str, sweep: Callable[[Operator], Awaitable[Any]], every_s: float) -> JobKind:
    """Return a periodic kind whose work is one function of the operator's handle."""

    async def handle(running: RunningJob) -> None:
        await sweep(running.operator)

    return JobKind(name, handle, every_s=every_s)


class JobNotFoundError(NotFoundError):
    """No job has this id."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"There is no job {job_id}.")


class JobEndedError(ConflictError):
    """The job has ended, so that it can't be cancelled."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"The job {job_id} has ended.")


class NotCancellableError(ConflictError):
    """The installation's own upkeep goes on; it can't be cancelled."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"The job {job_id} is the installation's own upkeep and can't be cancelled.")


class JobInterruptedError(ConflictError):
    """Base of what ends a run without an outcome of its own; handlers let it pass."""


class LeaseLostError(JobInterruptedError):
    """Another process may run this job now: this run must have no further effect."""

    def __init__(self) -> None:
        super().__init__("The lease of the job was lost.")


class JobCancelledError(JobInterruptedError):
    """Somebody asked that the job stop."""

    def __init__(self) -> None:
        super().__init__("The job was cancelled.")


class PermanentJobError(ConflictError):
    """The job can't succeed, however often it is tried.

    Args:
        code: public, for whoever looks at the job.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.error_code = code
