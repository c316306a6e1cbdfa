"""Runs a job in a command's own process; if the process dies, a server takes the job up."""

from __future__ import annotations

import asyncio

from earmark.runtime import Runtime


async def run_here(runtime: Runtime, tenant_id: int, job_id: str) -> bool:
    """Run a job to its end; return False if another process has it."""
    leases = asyncio.create_task(runtime.worker.renew_leases())
    try:
        return await runtime.worker.run_job(tenant_id, job_id)
    finally:
        leases.cancel()
        await asyncio.gather(leases, return_exceptions=True)
