"""The log of deliveries: read, resent, made up for; and test events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from earmark.clock import now_us
from earmark.jobs.outbox import emit
from earmark.jobs.queue import enqueue
from earmark.jobs.types import NewJob
from earmark.library.end_users import page_params
from earmark.library.types import Page
from earmark.storage.tenant import Tenant
from earmark.webhooks import delivery_queries
from earmark.webhooks.endpoints import hold_enabled
from earmark.webhooks.errors import DeliveryNotFoundError, SinceError
from earmark.webhooks.queueing import queue_test, wake_lanes
from earmark.webhooks.types import ALL, DISABLED, EVENT_NAMES, TEST, Attempt, Delivery, DeliveryFilters, Endpoint

RECOVER: Final = "webhooks.recover"
KEPT_DAYS: Final = 30
_DAY_US: Final = 24 * 3_600 * 1_000_000
_SKEW_US: Final = 60_000_000


async def list_deliveries(tenant: Tenant, page: Page, filters: DeliveryFilters) -> list[Delivery]:
    """Return deliveries, newest first."""
    given = filters.given()
    params = {**page_params(page), **given}
    shape = {"filters": frozenset(given), "is_continued": page.after is not None}
    rows = await tenant.fetch_all(delivery_queries.select_deliveries, params, **shape)
    return [Delivery(*row) for row in rows]


async def get_delivery(tenant: Tenant, endpoint_id: str, delivery_id: str, *, for_update: bool = False) -> Delivery:
    """Return a delivery to an endpoint; `for_update` locks its row until the commit.

    Raises: DeliveryNotFoundError.
    """
    params = {"endpoint_id": endpoint_id, "delivery_id": delivery_id}
    shape = {"for_update": True} if for_update else {}
    row = await tenant.fetch_one(delivery_queries.select_delivery, params, **shape)
    if row is None:
        raise DeliveryNotFoundError
    return Delivery(*row)


async def list_attempts(tenant: Tenant, delivery_id: str) -> list[Attempt]:
    """Return a delivery's attempts, first to last."""
    rows = await tenant.fetch_all(delivery_queries.select_attempts, {"delivery_id": delivery_id})
    return [Attempt(*row) for row in rows]


async def send_test(tenant: Tenant, endpoint_id: str) -> Delivery:
    """Queue a `webhook_endpoint.test` for one endpoint.

    Raises: EndpointNotFoundError; EndpointDisabledError.
    """
    async with tenant.writing() as work:
        endpoint = await hold_enabled(work, endpoint_id)
        event = await emit(work, TEST, end_user_id=None, data={"id": endpoint_id})
        return await queue_test(work, event, endpoint)


async def resend(tenant: Tenant, endpoint_id: str, delivery_id: str) -> Delivery:
    """Queue a delivery again, with all its attempts; one that waits is sent at once, one under way is left alone.

    Raises: EndpointNotFoundError; EndpointDisabledError; DeliveryNotFoundError.
    """
    async with tenant.writing() as work:
        await hold_enabled(work, endpoint_id)
        before = await get_delivery(work, endpoint_id, delivery_id, for_update=True)
        if before.status == "pending" and before.lane is not None:
            return before
        step = before.step if before.status == "pending" else 0
        after = replace(before, status="pending", step=step, next_us=now_us(), lane=None, ended_us=None)
        new = {f"new_{name}": getattr(after, name) for name in delivery_queries.CHANGING}
        await work.execute(delivery_queries.update_delivery, {"delivery_id": delivery_id, **new})
        await wake_lanes(work, endpoint_id)
    return after


async def recover(tenant: Tenant, endpoint_id: str, since_us: int) -> int:
    """Queue again what failed since a time, and what was missed while the endpoint was disabled; return how many.

    A job does it, some at a time: neither the request nor other writers wait for thousands.

    Raises: SinceError; EndpointNotFoundError; EndpointDisabledError.
    """
    now = now_us()
    if not now - KEPT_DAYS * _DAY_US - _SKEW_US <= since_us <= now:
        raise SinceError(KEPT_DAYS)
    async with tenant.writing() as work:
        endpoint = await hold_enabled(work, endpoint_id)
        wanted = {"endpoint_id": endpoint_id, "since_us": since_us}
        failed = await work.fetch_one(delivery_queries.count_failed, wanted)
        missed = await work.fetch_one(delivery_queries.count_missed, missed_by(endpoint, since_us))
        count = sum(int(row[0]) for row in (failed, missed) if row is not None)
        if count:
            await enqueue(work.whole_tenant(), NewJob(RECOVER, subject_id=endpoint_id, payload=wanted))
    return count


async def requeue_failed(
    work: Tenant, endpoint_id: str, since_us: int, after: tuple[int, str], most: int
) -> tuple[int, str] | None:
    """Queue some failed deliveries again; return the place of the last, None if there are no more.

    The caller holds the endpoint's row.
    """
    wanted = {"endpoint_id": endpoint_id, "since_us": since_us, "after_us": after[0], "after_id": after[1]}
    rows = await work.fetch_all(delivery_queries.select_failed, {**wanted, "most": most})
    if not rows:
        return None
    ids = [row[1] for row in rows]
    params = {"endpoint_id": endpoint_id, "ids": ids, "now_us": now_us()}
    await work.execute(delivery_queries.requeue_failed, params)
    await wake_lanes(work, endpoint_id)
    return rows[-1][0], rows[-1][1]


def missed_by(endpoint: Endpoint, since_us: int) -> dict[str, Any]:
    """Return the parameters of queries for the events that an endpoint asks for and was never sent."""
    asked = EVENT_NAMES if ALL in endpoint.events else endpoint.events
    types = [name for name in asked if name not in (TEST, DISABLED)]
    is_from_future = endpoint.created_us > now_us()  # the clock stepped back since
    since_us = since_us if is_from_future else max(since_us, endpoint.created_us)
    return {"endpoint_id": endpoint.id, "types": types, "since_us": since_us}
