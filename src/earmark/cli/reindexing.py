"""`earmark reindex`: recomputes all vectors with the configured embedder, while search continues."""

from __future__ import annotations

import asyncio

from earmark.cli.output import JsonOption, emit, run
from earmark.cli.progress import progress
from earmark.errors import ConflictError, ProviderError
from earmark.jobs.queue import get_job
from earmark.jobs.types import INSTALLATION
from earmark.runtime import Runtime


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
    job_id = await runtime.reindexer.enqueue()
    if job_id is None:
        raise ConflictError("Another process is reindexing.")
    leases = asyncio.create_task(runtime.worker.keep_leases())
    try:
        await runtime.worker.run_job(INSTALLATION, job_id)
    finally:
        leases.cancel()
        await asyncio.gather(leases, return_exceptions=True)
    job = await get_job(runtime.operator, job_id)
    if job.state != "succeeded":
        raise ReindexingError(job.error_code)
