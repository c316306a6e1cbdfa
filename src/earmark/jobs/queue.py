"""Adding, finding and cancelling jobs, in the unit of work of whatever causes it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import structlog

from earmark.clock import now_us
from earmark.errors import EarmarkError
from earmark.ids import new_id
from earmark.jobs import queries
from earmark.jobs.types import INSTALLATION, JOBS, DueJobs, Job, JobCounts, JobEndedError, JobNotFoundError, NewJob
from earmark.storage.tenant import Operator, Tenant

log = structlog.get_logger("earmark.jobs")


def _row(new: NewJob, end_user_id: str | None) -> dict[str, Any]:
    now = now_us()
    return {
        "id": new_id("job"), "end_user_id": end_user_id, "kind": new.kind, "subject_id": new.subject_id,
        "payload_json": json.dumps(dict(new.payload or {})), "state": "pending", "priority": new.priority,
        "run_us": now + round(new.delay_s * 1e6), "unique_key": new.unique_key, "attempts": 0, "losses": 0, "fence": 0,
        "lease_owner": None, "lease_host": None, "lease_us": None, "cancel_us": None, "progress": 0.0,
        "error_code": None, "created_us": now, "started_us": None, "ended_us": None,
    }  # fmt: skip


async def enqueue(work: Tenant, new: NewJob, *, promptly: Callable[[], Awaitable[None]] | None = None) -> str | None:
    """Add a job in the caller's unit of work; return its id, or None if an open job has its unique key.

    Args:
        promptly: does the job's work, harmlessly if it was done already; called right after the commit, before the
            caller gets its answer. The job makes sure that it is done where a crash comes between.
    """
    row = _row(new, work.end_user_id)
    is_added = await work.execute(queries.insert_job, row)
    if promptly is not None:
        work.after_commit(lambda: _try(promptly))
    if not is_added:
        return None
    work.signal(JOBS)
    return str(row["id"])


async def wake(work: Tenant, new: NewJob) -> None:
    """Add a job, or let the waiting one with its unique key run as soon as the new one would.

    One that runs already is left as it is: the caller and the job must agree on who sees what by a lock of their own.
    """
    if await enqueue(work, new) is None:
        sooner = {"of_key": new.unique_key, "sooner_us": now_us() + round(new.delay_s * 1e6)}
        await work.execute(queries.bring_forward, sooner)
        work.signal(JOBS)


async def _try(work: Callable[[], Awaitable[None]]) -> None:
    """The change is committed, and the job does what could not be done now."""
    try:
        await work()
    except EarmarkError as error:
        log.warning("job.not_done_promptly", error=type(error).__name__)


async def enqueue_for_installation(operator: Operator, new: NewJob) -> str | None:
    """Add a job that belongs to no tenant; return its id, or None if an open job has its unique key.

    In the caller's unit of work if it is in one.
    """
    return await enqueue_for_tenant(operator, INSTALLATION, new)


async def enqueue_for_tenant(
    operator: Operator, tenant_id: int, new: NewJob, *, end_user_id: str | None = None
) -> str | None:
    """Add a job of a tenant, for the operator, who reads events of all tenants; as `enqueue_for_installation`."""
    row = {"tenant_id": tenant_id, **_row(new, end_user_id)}
    async with operator.writing() as work:
        if not await work.execute(queries.insert_own_job, row):
            return None
        work.signal(JOBS)
    return str(row["id"])


async def get_job(operator: Operator, job_id: str) -> Job:
    """Return a job of any tenant.

    Raises: JobNotFoundError.
    """
    rows = await operator.fetch_all(queries.select_any_job, {"job_id": job_id})
    if not rows:
        raise JobNotFoundError(job_id)
    return Job._make(rows[0])


async def requeue(work: Operator, job: Job, delay_s: float = 0.0) -> None:
    """Return a running job to the queue, with the attempts, losses and error code that it has now."""
    counts = {"attempts_now": job.attempts, "losses_now": job.losses, "code": job.error_code}
    await work.execute(queries.requeue_job, {**job.run, **counts, "next_us": now_us() + round(delay_s * 1e6)})


async def cancel(tenant: Tenant, job_id: str) -> None:
    """Cancel a job: one that waits at once, one that runs as soon as it notices.

    Raises: JobNotFoundError; JobEndedError.
    """
    params = {"job_id": job_id, "now_us": now_us()}
    async with tenant.writing() as work:
        if not await work.execute(queries.cancel_pending, params) and not await work.execute(
            queries.cancel_running, params
        ):
            found = await work.fetch_one(queries.select_job, {"job_id": job_id})
            raise JobNotFoundError(job_id) if found is None else JobEndedError(job_id)
        work.signal(JOBS)


async def count_open(tenant: Tenant, kinds: Collection[str], *, most: int) -> int:
    """Return how many jobs of these kinds wait or run of the tenant's; counted as far as `most`."""
    found = await tenant.whole_tenant().fetch_one(queries.count_open, {"kinds": list(kinds), "most": most})
    return 0 if found is None else min(most, sum(found))


async def delete_about(work: Tenant, subject_id: str) -> None:
    """Delete the jobs about a recording or session; part of deleting it."""
    await work.execute(queries.delete_jobs_about, {"subject_id": subject_id})


async def delete_of_end_user(work: Tenant, end_user_id: str) -> None:
    """Delete the jobs of an end user; part of erasing it."""
    await work.execute(queries.delete_jobs_of_end_user, {"erased_id": end_user_id})


async def list_jobs(operator: Operator, *, state: str | None = None, limit: int = 50) -> list[Job]:
    """Return the newest jobs of all tenants, of one state if it is named."""
    params = {"most": limit, **({"of_state": state} if state else {})}
    rows = await operator.fetch_all(queries.select_jobs_listed, params, has_state=state is not None)
    return [Job._make(row) for row in rows]


async def retry(operator: Operator, job_id: str) -> None:
    """Run a failed job again, with all its attempts.

    Raises: JobNotFoundError if no failed job has this id.
    """
    async with operator.writing() as work:
        if not await work.execute(queries.retry_failed, {"of_id": job_id, "now_us": now_us()}):
            raise JobNotFoundError(job_id)
        work.signal(JOBS)


async def count_jobs(operator: Operator) -> JobCounts:
    """Return how many jobs wait, run and have failed; periodic ones wait for their next time and don't count."""
    now = now_us()
    rows = await operator.fetch_all(queries.select_job_counts, {"now_us": now})
    found = {state: (count, run_us) for state, count, run_us in rows}
    pending, running, failed = (found.get(state, (0, now)) for state in ("pending", "running", "failed"))
    ((later,),) = await operator.fetch_all(queries.count_later, {"now_us": now})
    return JobCounts(pending[0], running[0], failed[0], (now - pending[1]) / 1e6, later)


async def count_due(operator: Operator) -> list[DueJobs]:
    """Return the jobs of all tenants that could run now, by kind."""
    now = now_us()
    rows = await operator.fetch_all(queries.select_due_by_kind, {"now_us": now})
    return [DueJobs(kind, count, (now - since_us) / 1e6) for kind, count, since_us in rows]


async def count_running(operator: Operator) -> dict[str, int]:
    """Return how many jobs of each kind run now, on all hosts."""
    counts: dict[str, int] = {}
    for _, kind, _, count in await operator.fetch_all(queries.select_running):
        counts[kind] = counts.get(kind, 0) + count
    return counts


async def find_tenants_with_open(operator: Operator, kind: str, *, most: int) -> list[int]:
    """Return the ids of tenants that have open jobs of a kind, at most `most`."""
    rows = await operator.fetch_all(queries.select_tenants_with_open, {"of_kind": kind, "most": most})
    return [row[0] for row in rows]


async def prune(operator: Operator) -> None:
    """Delete jobs that ended a day ago, and failed ones after a month."""
    now = now_us()
    await operator.write(
        (queries.delete_ended_before, {"before_us": now - 24 * 3_600_000_000}),
        (queries.delete_failed_before, {"before_us": now - 30 * 24 * 3_600_000_000}),
    )
