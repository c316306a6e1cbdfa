"""Runs a job in a command's own process; if the process dies, a server takes the job up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from earmark.runtime import Runtime


async def run_here(runtime: Runtime, tenant_id: int, job_id: str, on_waiting: Callable[[], None]) -> bool:
    """Run a job to its end, once this machine may; return False if another process has it.

    Args:
        on_waiting: called if the job waits for another of this machine to end.
    """
    leases = asyncio.create_task(runtime.worker.renew_leases())
    try:
        return await runtime.worker.run_job(tenant_id, job_id, on_waiting=on_waiting)
    finally:
        leases.cancel()
        await asyncio.gather(leases, return_exceptions=True)
