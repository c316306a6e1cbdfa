"""`earmark jobs`: what runs, waits and failed in the background, of all projects."""

from __future__ import annotations

from typing import Annotated, Any, get_args

import typer

from earmark.cli.output import JsonOption, emit, run
from earmark.clock import render_time, render_time_or_none
from earmark.identity.projects import list_tenants
from earmark.jobs import queue
from earmark.jobs.kinds import cancel_as_operator
from earmark.jobs.types import Job, NotCancellableError, State
from earmark.runtime import Runtime

jobs_cli = typer.Typer(help="Background jobs: list, run again, cancel.", no_args_is_help=True)
_STATES = get_args(State)


@jobs_cli.command("list")
def list_jobs(
    state: Annotated[str | None, typer.Option(help="pending, running, succeeded, failed or cancelled.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="At most this many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List jobs, newest first."""
    if state is not None and state not in _STATES:
        raise typer.BadParameter(f"--state must be one of {', '.join(_STATES)}.")

    async def work(runtime: Runtime) -> list[Job]:
        return await queue.list_jobs(runtime.operator, state=state, limit=limit)

    for job in run(work):
        progress = f"{job.progress:.0%}" if job.state == "running" else job.error_code or ""
        text = f"{job.id}  {job.kind}  {job.state}  attempts {job.attempts}  {render_time(job.run_us)}  {progress}"
        emit(_to_json(job), as_json=as_json, text=text.rstrip())


@jobs_cli.command("retry")
def retry(job_id: Annotated[str, typer.Argument(metavar="JOB")], as_json: JsonOption = False) -> None:
    """Run a failed job again."""

    async def work(runtime: Runtime) -> Job:
        await queue.retry(runtime.operator, job_id)
        return await queue.get_job(runtime.operator, job_id)

    emit(_to_json(run(work)), as_json=as_json, text=f"{job_id} will run again.")


@jobs_cli.command("cancel")
def cancel(job_id: Annotated[str, typer.Argument(metavar="JOB")], as_json: JsonOption = False) -> None:
    """Cancel a job that waits or runs."""

    async def work(runtime: Runtime) -> Job:
        job = await queue.get_job(runtime.operator, job_id)
        tenants = {tenant.key.tenant_id: tenant for tenant in await list_tenants(runtime.operator)}
        if job.tenant_id not in tenants:
            raise NotCancellableError(job_id)
        await cancel_as_operator(tenants[job.tenant_id], job, runtime.worker.kinds.get(job.kind))
        return await queue.get_job(runtime.operator, job_id)

    emit(_to_json(run(work)), as_json=as_json, text=f"{job_id} is cancelled, or stops within seconds.")


def _to_json(job: Job) -> dict[str, Any]:
    return {
        "id": job.id, "kind": job.kind, "state": job.state, "attempts": job.attempts, "progress": job.progress,
        "error_code": job.error_code, "subject_id": job.subject_id, "end_user_id": job.end_user_id,
        "run_at": render_time(job.run_us), "created_at": render_time(job.created_us),
        "started_at": render_time_or_none(job.started_us), "ended_at": render_time_or_none(job.ended_us),
    }  # fmt: skip
