"""What a job is, and what may end it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from earmark.errors import ConflictError, NotFoundError

State = Literal["pending", "running", "succeeded", "failed", "cancelled"]
INSTALLATION = 0
"""The tenant id of jobs that belong to no tenant."""
JOBS = "jobs"
"""The channel that is signalled when there may be something to run or to cancel."""


CANCELLED = "cancelled"
"""The error code with which a room hears that the operator cancelled its job."""


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
    def named(self) -> dict[str, str]:
        """What a line of the log says of the job in which it was written."""
        return {"job_id": self.id, "job_kind": self.kind}

    @property
    def run(self) -> dict[str, Any]:
        """The parameters that name this run of the job in queries: its fence and all."""
        return {"of_tenant": self.tenant_id, "of_id": self.id, "of_fence": self.fence}


class DueJobs(NamedTuple):
    """Jobs of one kind that could run now, and how long the oldest has waited."""

    kind: str
    jobs: int
    waited_s: float


class JobCounts(NamedTuple):
    """Jobs of all tenants by state; `overdue_s` is how long the oldest has waited beyond its time.

    `pending` are those that could run now, `later` those whose time has not come.
    """

    pending: int
    running: int
    failed: int
    overdue_s: float
    later: int


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


class NoSlotError(ConflictError):
    """This host runs as many jobs of this kind as it may: the job waits for one of them to end."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"As many jobs {kind} run on this machine as may.")


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


class FailedJobError(ConflictError):
    """This run of the job failed; it is tried again.

    Args:
        code: public, for whoever looks at the job.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.error_code = code


class PermanentJobError(FailedJobError):
    """The job can't succeed, however often it is tried."""
