"""`earmark reindex`: recomputes all vectors with the configured embedder, while search continues."""

from __future__ import annotations

import asyncio
from typing import Final

from earmark.cli.foreground import run_here
from earmark.cli.notices import tell
from earmark.cli.output import JsonOption, emit, run
from earmark.cli.progress import progress
from earmark.errors import ConflictError, ProviderError
from earmark.jobs.queue import get_job, list_jobs
from earmark.jobs.types import INSTALLATION
from earmark.retrieval.index.reindexing import RENEW
from earmark.runtime import Runtime

_LOOK_S: Final = 0.5
_WAITING: Final = "Waiting for an import or another index to be made: this machine does no more of them at once."


class ReindexingError(ProviderError):
    """The vectors could not be made anew; those made until then are used by the next try."""

    def __init__(self, code: str | None) -> None:
        super().__init__(f"Reindexing failed ({code}). What was made is kept; run `earmark reindex` again.")


def reindex(as_json: JsonOption = False) -> None:
    """Recompute all vectors after a change of embedder; an interrupted run is resumed."""

    async def work(runtime: Runtime) -> None:
        made = 0
        with progress("reindexing", await runtime.reindexer.count(), is_shown=not as_json) as advance:

            def note() -> None:
                nonlocal made
                made += 1
                advance()

            runtime.reindexer.on_made = note
            await _run_here(runtime)
        name = (await runtime.embedders.in_use()).name
        text = f"{made} recordings reindexed; the embedder in use is {name}."
        emit({"recordings": made, "embedder": name}, as_json=as_json, text=text)

    run(work)


async def _run_here(runtime: Runtime) -> None:
    """Run the job in this process; a server takes it up if this process dies."""
    runtime.reindexer.is_foreground = True
    job_id = await runtime.reindexer.enqueue() or await _find_waiting(runtime)
    await run_here(runtime, INSTALLATION, job_id, lambda: tell(_WAITING))
    job = await get_job(runtime.operator, job_id)
    while job.state in ("pending", "running"):  # a server took it while it waited
        await asyncio.sleep(_LOOK_S)
        job = await get_job(runtime.operator, job_id)
    if job.state != "succeeded":
        raise runtime.reindexer.failure or ReindexingError(job.error_code)


async def _find_waiting(runtime: Runtime) -> str:
    """Return the job that a stopped run left behind.

    Raises: ConflictError if a run is under way, or died less than a lease ago.
    """
    await runtime.worker.recover()
    for job in await list_jobs(runtime.operator, state="pending", limit=1_000):
        if job.kind == RENEW:
            return job.id
    lease_s = runtime.settings.job_lease_s
    raise ConflictError(f"Another process is reindexing, or one died within the last {lease_s:.0f} seconds.")
