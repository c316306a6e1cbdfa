"""Jobs run by a test itself, where no worker runs."""

from __future__ import annotations

from earmark.jobs.queue import list_jobs
from earmark.jobs.types import Job
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant


async def _open(runtime: Runtime, tenant: Tenant, unique_key: str) -> list[Job]:
    key = (tenant.key.tenant_id, unique_key)
    jobs = await list_jobs(runtime.operator, limit=1_000)
    return [job for job in jobs if (job.tenant_id, job.unique_key) == key and job.state in ("pending", "running")]


async def run_waiting(runtime: Runtime, tenant: Tenant, unique_key: str) -> None:
    """Run the tenant's waiting job with this unique key, if there is one, to its success."""
    for job in await _open(runtime, tenant, unique_key):
        assert await runtime.worker.run_job(job.tenant_id, job.id)
        assert await _open(runtime, tenant, unique_key) == []
