"""Turns events into deliveries: their frozen bodies, a row for each endpoint that asks for them, and lanes that send.

Whoever queues deliveries holds the endpoints' rows, and so does a lane that finds nothing to send before it says so:
what is queued is seen by the lane, or wakes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Final

from earmark.clock import now_us
from earmark.ids import new_id
from earmark.jobs.outbox import Event
from earmark.jobs.queue import wake
from earmark.jobs.types import NewJob
from earmark.storage.tenant import Tenant
from earmark.webhooks import delivery_queries, queries
from earmark.webhooks.bodies import make_body
from earmark.webhooks.types import DISABLED, TEST, Delivery, Endpoint

DELIVER: Final = "webhooks.deliver"
LANES: Final = 2
"""How many deliveries to one endpoint are under way at once, in all processes."""


async def queue_events(work: Tenant, events: Iterable[Event], endpoints: Sequence[Endpoint], project_id: str) -> None:
    """Queue events for those of the endpoints that ask for them; the caller holds the endpoints' rows.

    An event that was queued for an endpoint already is not queued again.
    """
    woken: dict[str, None] = {}
    for event in events:
        wanted = [endpoint for endpoint in endpoints if _is_for(endpoint, event)]
        for has_text in sorted({endpoint.has_text for endpoint in wanted}):
            await _insert_body(work, event, project_id, has_text)
        for endpoint in wanted:
            await work.execute(delivery_queries.insert_delivery, asdict(new_delivery(event, endpoint)))
            woken[endpoint.id] = None
    for endpoint_id in woken:
        await wake_lanes(work, endpoint_id)


def _is_for(endpoint: Endpoint, event: Event) -> bool:
    if event.type == TEST or not endpoint.wants(event.type):
        return False
    if event.created_us < endpoint.created_us <= now_us():  # one from the future: the clock stepped back since
        return False
    return event.type != DISABLED or event.data.get("id") != endpoint.id


async def queue_test(work: Tenant, event: Event, endpoint: Endpoint) -> Delivery:
    """Queue an event for one endpoint, whatever it asks for; the caller holds its row."""
    delivery = new_delivery(event, endpoint)
    await _insert_body(work, event, work.key.project_id, endpoint.has_text)
    await work.execute(delivery_queries.insert_delivery, asdict(delivery))
    await wake_lanes(work, endpoint.id)
    return delivery


def new_delivery(event: Event, endpoint: Endpoint) -> Delivery:
    """Return a delivery that is due at once."""
    now = now_us()
    return Delivery(
        new_id("dlv"), endpoint.id, event.id, endpoint.has_text, event.type, "pending", 0, 0, None, now, None, now, None
    )


async def _insert_body(work: Tenant, event: Event, project_id: str, has_text: int) -> None:
    row = {
        "event_id": event.id, "has_text": has_text, "end_user_id": event.end_user_id, "subject_id": event.subject_id,
        "body": await make_body(work, event, project_id, has_text=bool(has_text)), "created_us": event.created_us,
    }  # fmt: skip
    await work.execute(queries.insert_body, row)


async def wake_lanes(work: Tenant, endpoint_id: str) -> None:
    """Let an endpoint's lanes look for something to send; the caller holds its row."""
    for lane in range(LANES):
        await wake(work.whole_tenant(), lane_job(endpoint_id, lane))


def lane_job(endpoint_id: str, lane: int, delay_s: float = 0.0) -> NewJob:
    """Return the one open job of an endpoint's lane."""
    payload = {"endpoint_id": endpoint_id, "lane": lane}
    key = f"{DELIVER}:{endpoint_id}:{lane}"
    return NewJob(DELIVER, subject_id=endpoint_id, payload=payload, unique_key=key, delay_s=delay_s)
