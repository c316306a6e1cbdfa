"""The SQL of the outbox."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Delete, Insert, Select, Update, and_, bindparam, case, delete, func, insert, select, update

from earmark.storage.query import Guard, operator_query, query
from earmark.storage.tables import Int, event_readers, events

EVENT = (
    events.c.tenant_id, events.c.id, events.c.end_user_id, events.c.type, events.c.subject_id, events.c.data_json,
    events.c.created_us, events.c.position,
)  # fmt: skip


@query
def insert_event(own: Guard) -> Insert:
    """With a number above the tenant's last: the time, unless the clock stepped back.

    The number of a transaction under way is not seen; those two have no order.
    """
    now_us, last = bindparam("created_us", type_=Int), func.max(events.c.seq)
    following = select(case((last >= now_us, last + 1), else_=now_us)).where(own(events)).scalar_subquery()
    return own.insert(events, unset=("seq",)).values(seq=following)


@query
def delete_events_about(own: Guard) -> Delete:
    return delete(events).where(own(events), events.c.subject_id == bindparam("subject_id"))


@query
def delete_events_of_end_user(own: Guard) -> Delete:
    return delete(events).where(own(events), events.c.end_user_id == bindparam("erased_id"))


@query
def select_events_about(own: Guard) -> Select[Any]:
    is_it = events.c.subject_id == bindparam("subject_id")
    return select(events.c.id).where(own(events), is_it).order_by(events.c.id).with_for_update()


@query
def select_events_of_end_user(own: Guard) -> Select[Any]:
    is_it = events.c.end_user_id == bindparam("erased_id")
    return select(events.c.id).where(own(events), is_it).order_by(events.c.id).with_for_update()


@query
def select_own_events_between(own: Guard) -> Select[Any]:
    is_between = and_(events.c.position > bindparam("after_position"), events.c.position <= bindparam("until_position"))
    return select(*EVENT).where(own(events), is_between).order_by(events.c.position).with_for_update()


@operator_query
def select_unplaced(own: Guard) -> Select[Any]:
    """Committed events that have no position yet, oldest first."""
    return (
        select(events.c.tenant_id, events.c.id)
        .where(events.c.position.is_(None))
        .order_by(events.c.seq, events.c.id)
        .limit(bindparam("most"))
    )


@operator_query
def place_event(own: Guard) -> Update:
    is_it = (events.c.tenant_id == bindparam("of_tenant")) & (events.c.id == bindparam("of_id"))
    return update(events).where(is_it, events.c.position.is_(None)).values(position=bindparam("new_position"))


@operator_query
def select_events_after(own: Guard) -> Select[Any]:
    after = events.c.position > bindparam("after_position")
    return select(*EVENT).where(after).order_by(events.c.position).limit(bindparam("most"))


@operator_query
def delete_events_before(own: Guard) -> Delete:
    return delete(events).where(events.c.created_us < bindparam("before_us"))


@operator_query
def select_reader(own: Guard, *, for_update: bool) -> Select[Any]:
    found = select(event_readers.c.position).where(event_readers.c.name == bindparam("of_name"))
    return found.with_for_update() if for_update else found


@operator_query
def insert_reader(own: Guard) -> Insert:
    values: dict[str, Any] = {"name": bindparam("name"), "position": bindparam("position")}
    return insert(event_readers).values(values)


@operator_query
def update_reader(own: Guard) -> Update:
    is_it = event_readers.c.name == bindparam("of_name")
    return update(event_readers).where(is_it).values(position=bindparam("new_position"))
