"""The SQL of deliveries and their attempts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Insert, Select, Update, and_, bindparam, exists, func, or_, select, tuple_, update

from earmark.jobs.event_queries import EVENT
from earmark.library.queries import newest_first
from earmark.storage.dialect import PENDING, any_of
from earmark.storage.query import Guard, query
from earmark.storage.tables import events, webhook_attempts, webhook_deliveries
from earmark.storage.tables.columns import Int
from earmark.webhooks.types import Attempt, Delivery

DELIVERY = tuple(webhook_deliveries.c[name] for name in Delivery.__dataclass_fields__)
ATTEMPT = tuple(webhook_attempts.c[name] for name in Attempt.__dataclass_fields__)
CHANGING = ("status", "attempts", "step", "last_status_code", "next_us", "lane", "ended_us")
_OF_ENDPOINT = webhook_deliveries.c.endpoint_id == bindparam("endpoint_id")
_IS_PENDING = webhook_deliveries.c.status == PENDING


@query
def insert_delivery(own: Guard) -> Insert:
    """One for each endpoint and event."""
    return own.insert_or_ignore(webhook_deliveries)


@query
def select_delivery(own: Guard, *, for_update: bool = False) -> Select[Any]:
    is_it = and_(_OF_ENDPOINT, webhook_deliveries.c.id == bindparam("delivery_id"))
    statement = select(*DELIVERY).where(own(webhook_deliveries), is_it)
    return statement.with_for_update(key_share=True) if for_update else statement


@query
def select_deliveries(own: Guard, *, filters: frozenset[str], is_continued: bool) -> Select[Any]:
    statement = select(*DELIVERY).where(own(webhook_deliveries))
    for name in sorted(filters):
        statement = statement.where(webhook_deliveries.c[name] == bindparam(name))
    return newest_first(statement, webhook_deliveries, is_continued=is_continued)


@query
def update_delivery(own: Guard) -> Update:
    changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in CHANGING}
    is_it = webhook_deliveries.c.id == bindparam("delivery_id")
    return update(webhook_deliveries).where(own(webhook_deliveries), is_it).values(changed)


# ---- what a lane sends next --------------------------------------------------------------------------


@query
def select_in_lane(own: Guard) -> Select[Any]:
    """What the lane was sending when its process died."""
    is_it = and_(_OF_ENDPOINT, _IS_PENDING, webhook_deliveries.c.lane == bindparam("lane"))
    return select(*DELIVERY).where(own(webhook_deliveries), is_it).with_for_update(key_share=True)


@query
def select_next(own: Guard) -> Select[Any]:
    """The delivery that is due longest; one due further ahead than any can be is of before a clock stepped back."""
    is_due = or_(
        webhook_deliveries.c.next_us <= bindparam("now_us"), webhook_deliveries.c.next_us > bindparam("latest_us")
    )
    is_free = and_(_OF_ENDPOINT, _IS_PENDING, webhook_deliveries.c.lane.is_(None), is_due)
    return (
        select(*DELIVERY).where(own(webhook_deliveries), is_free)
        .order_by(webhook_deliveries.c.next_us).limit(1).with_for_update(skip_locked=True, key_share=True)
    )  # fmt: skip


@query
def select_earliest(own: Guard) -> Select[Any]:
    """The delivery that is due next, whenever that is."""
    is_free = and_(_OF_ENDPOINT, _IS_PENDING, webhook_deliveries.c.lane.is_(None))
    return (
        select(*DELIVERY).where(own(webhook_deliveries), is_free)
        .order_by(webhook_deliveries.c.next_us).limit(1).with_for_update(skip_locked=True, key_share=True)
    )  # fmt: skip


@query
def select_next_time(own: Guard) -> Select[Any]:
    is_free = and_(_OF_ENDPOINT, _IS_PENDING, webhook_deliveries.c.lane.is_(None))
    return select(func.min(webhook_deliveries.c.next_us)).where(own(webhook_deliveries), is_free)


@query
def update_lane(own: Guard) -> Update:
    is_it = webhook_deliveries.c.id == bindparam("delivery_id")
    return update(webhook_deliveries).where(own(webhook_deliveries), is_it).values(lane=bindparam("new_lane"))


@query
def insert_attempt(own: Guard) -> Insert:
    return own.insert_or_ignore(webhook_attempts)


@query
def select_attempts(own: Guard) -> Select[Any]:
    return (
        select(*ATTEMPT)
        .where(own(webhook_attempts), webhook_attempts.c.delivery_id == bindparam("delivery_id"))
        .order_by(webhook_attempts.c.number)
    )


@query
def select_pending_totals(own: Guard) -> Select[Any]:
    """How many deliveries have not ended, and when the oldest was made."""
    columns: tuple[Any, ...] = (func.count(), func.min(webhook_deliveries.c.created_us))
    return select(*columns).select_from(webhook_deliveries).where(own(webhook_deliveries), _IS_PENDING)


# ---- many at once ------------------------------------------------------------------------------------


@query
def fail_pending(own: Guard) -> Update:
    """End what waits for an endpoint that was disabled."""
    ended: dict[str, Any] = {"status": "failed", "next_us": None, "ended_us": bindparam("now_us")}
    return update(webhook_deliveries).where(own(webhook_deliveries), _OF_ENDPOINT, _IS_PENDING).values(ended)


_IS_FAILED = and_(
    _OF_ENDPOINT, webhook_deliveries.c.status == "failed", webhook_deliveries.c.created_us >= bindparam("since_us")
)


@query
def count_failed(own: Guard) -> Select[Any]:
    return select(func.count()).select_from(webhook_deliveries).where(own(webhook_deliveries), _IS_FAILED)


@query
def select_failed(own: Guard) -> Select[Any]:
    """Some of them after a place, first to last: what fails again meanwhile isn't found once more."""
    place = tuple_(webhook_deliveries.c.created_us, webhook_deliveries.c.id)
    is_next = place > tuple_(bindparam("after_us"), bindparam("after_id"))
    columns = (webhook_deliveries.c.created_us, webhook_deliveries.c.id)
    return (
        select(*columns).where(own(webhook_deliveries), _IS_FAILED, is_next)
        .order_by(*columns).limit(bindparam("most"))
    )  # fmt: skip


@query
def requeue_failed(own: Guard) -> Update:
    is_it = and_(_OF_ENDPOINT, webhook_deliveries.c.status == "failed", any_of(webhook_deliveries.c.id, "ids"))
    queued: dict[str, Any] = {
        "status": "pending", "step": 0, "next_us": bindparam("now_us", type_=Int), "lane": None, "ended_us": None,
    }  # fmt: skip
    return update(webhook_deliveries).where(own(webhook_deliveries), is_it).values(queued)


@query
def count_failed_since(own: Guard) -> Select[Any]:
    """Count the events of which every attempt failed, tests apart."""
    is_it = and_(
        _OF_ENDPOINT, webhook_deliveries.c.status == "failed", webhook_deliveries.c.ended_us >= bindparam("since_us"),
        webhook_deliveries.c.type != bindparam("test_type"),
    )  # fmt: skip
    return select(func.count()).select_from(webhook_deliveries).where(own(webhook_deliveries), is_it)


def _is_missed(own: Guard) -> Any:
    """Events of the types asked for, of which no delivery to the endpoint was made."""
    has_delivery = exists().where(
        own(webhook_deliveries), webhook_deliveries.c.event_id == events.c.id, _OF_ENDPOINT
    )  # fmt: skip
    is_asked = and_(any_of(events.c.type, "types"), events.c.created_us >= bindparam("since_us"))
    return and_(own(events), is_asked, events.c.position.is_not(None), ~has_delivery)


@query
def count_missed(own: Guard) -> Select[Any]:
    return select(func.count()).select_from(events).where(own(events), _is_missed(own))


@query
def select_missed(own: Guard) -> Select[Any]:
    """Some of them, first to last, locked against their erasure."""
    statement = select(*EVENT).where(own(events), _is_missed(own)).order_by(events.c.position)
    return statement.limit(bindparam("most")).with_for_update()
