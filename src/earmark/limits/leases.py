"""Rate-limit leases for hosts that share a database."""

from __future__ import annotations

import time

from earmark.identity.projects import list_tenants
from earmark.limits import queries
from earmark.storage.tenant import Operator, Tenant

_RETAINED_MINUTES = 5


async def lease_requests(tenant: Tenant, name: str, minute: int, wanted: int) -> int:
    """Lease `wanted` requests of a tenant's minute; return how many all hosts had leased before.

    The result may exceed the limit: the caller knows the limit and uses only what is below it.
    """
    params = {"of_name": name, "of_minute": minute, "wanted": wanted}
    async with tenant.writing() as work:
        row = await work.fetch_one(queries.update_leased, params)
        if row is None:
            await work.execute(queries.insert_lease, {"name": name, "minute": minute, "leased": 0})
            row = await work.fetch_one(queries.update_leased, params)
    assert row is not None
    leased: int = row[0]
    return leased - wanted


async def delete_old_leases(operator: Operator) -> None:
    """Delete the leases of past minutes."""
    before = {"before_minute": int(time.time()) // 60 - _RETAINED_MINUTES}
    for tenant in await list_tenants(operator):
        async with tenant.writing() as work:
            await work.execute(queries.delete_leases_before, before)
