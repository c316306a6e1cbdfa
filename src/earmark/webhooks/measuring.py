"""How far deliveries are behind, over all tenants."""

from __future__ import annotations

from typing import Final, NamedTuple

from earmark.clock import now_us
from earmark.jobs.queue import find_tenants_with_open
from earmark.storage.tenant import Operator, Tenant, TenantKey
from earmark.webhooks import delivery_queries
from earmark.webhooks.queueing import DELIVER

_MOST_TENANTS: Final = 500


class Backlog(NamedTuple):
    """Deliveries that have not ended, and the age of the oldest."""

    pending: int
    oldest_s: float


async def measure_backlog(operator: Operator) -> Backlog:
    """Return the deliveries that have not ended; of more than 500 tenants that have some, those of 500.

    Only tenants with an open lane are looked at: whatever is queued for an endpoint has one.
    """
    pending, oldest_us, now = 0, None, now_us()
    for tenant_id in await find_tenants_with_open(operator, DELIVER, most=_MOST_TENANTS):
        tenant = Tenant(operator.database, TenantKey(tenant_id, "", ""))
        row = await tenant.fetch_one(delivery_queries.select_pending_totals)
        if row is not None and row[0]:
            pending += row[0]
            oldest_us = row[1] if oldest_us is None else min(oldest_us, row[1])
    return Backlog(pending, 0.0 if oldest_us is None else max(0.0, (now - oldest_us) / 1e6))
