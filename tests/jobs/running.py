"""Jobs run by a test itself, where no worker runs."""

from __future__ import annotations

from earmark.jobs.queue import find_open
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant


async def run_waiting(runtime: Runtime, tenant: Tenant, unique_key: str) -> None:
    """Run the tenant's waiting job with this unique key, if there is one, to its success."""
    job = await find_open(tenant, unique_key)
    if job is not None:
        assert await runtime.worker.run_job(job.tenant_id, job.id)
        assert await find_open(tenant, unique_key) is None
