"""The SQL of endpoints."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Delete, Insert, Select, Update, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from earmark.library.queries import newest_first
from earmark.storage.dialect import any_of
from earmark.storage.query import Guard, query
from earmark.storage.tables import event_readers, webhook_bodies, webhook_endpoints
from earmark.webhooks.types import Endpoint

ENDPOINT = tuple(webhook_endpoints.c[name] for name in Endpoint.__dataclass_fields__)
_FIXED = ("id", "created_us")
CHANGING = tuple(name for name in Endpoint.__dataclass_fields__ if name not in _FIXED)


@query
def insert_endpoint(own: Guard) -> Insert:
    return own.insert(webhook_endpoints)


@query
def select_endpoint(own: Guard, *, for_update: bool = False) -> Select[Any]:
    statement = select(*ENDPOINT).where(own(webhook_endpoints), webhook_endpoints.c.id == bindparam("endpoint_id"))
    return statement.with_for_update(key_share=True) if for_update else statement


@query
def select_endpoints(own: Guard, *, is_continued: bool) -> Select[Any]:
    statement = select(*ENDPOINT).where(own(webhook_endpoints))
    return newest_first(statement, webhook_endpoints, is_continued=is_continued)


@query
def select_endpoints_enabled(own: Guard) -> Select[Any]:
    """Locked, in one order: whoever queues deliveries and a lane that finds none take turns."""
    is_enabled = webhook_endpoints.c.status == "enabled"
    statement = select(*ENDPOINT).where(own(webhook_endpoints), is_enabled).order_by(webhook_endpoints.c.id)
    return statement.with_for_update(key_share=True)


@query
def select_all_endpoints(own: Guard) -> Select[Any]:
    return select(*ENDPOINT).where(own(webhook_endpoints)).order_by(webhook_endpoints.c.id).with_for_update()


@query
def select_secrets(own: Guard) -> Select[Any]:
    return select(webhook_endpoints.c.secret_sealed).where(own(webhook_endpoints)).order_by(webhook_endpoints.c.id)


@query
def count_endpoints(own: Guard) -> Select[Any]:
    return select(func.count()).select_from(webhook_endpoints).where(own(webhook_endpoints))


@query
def update_endpoint(own: Guard) -> Update:
    changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in CHANGING}
    is_it = webhook_endpoints.c.id == bindparam("endpoint_id")
    return update(webhook_endpoints).where(own(webhook_endpoints), is_it).values(changed)


@query
def delete_endpoint(own: Guard) -> Delete:
    return delete(webhook_endpoints).where(own(webhook_endpoints), webhook_endpoints.c.id == bindparam("endpoint_id"))


@query
def delete_expired_secrets(own: Guard) -> Update:
    is_over = webhook_endpoints.c.previous_expires_us <= bindparam("now_us")
    nothing: dict[str, Any] = {"previous_sealed": None, "previous_expires_us": None}
    return update(webhook_endpoints).where(own(webhook_endpoints), is_over).values(nothing)


# ---- which tenants have had endpoints, by the outbox's readers ----------------------------------------


@query
def select_readers(own: Guard) -> Select[Any]:
    """Select the readers with these names."""
    return select(event_readers.c.name, event_readers.c.position).where(any_of(event_readers.c.name, "names"))


@query
def select_readers_between(own: Guard) -> Select[Any]:
    """Whether there are any whose names lie between two."""
    is_between = (event_readers.c.name > bindparam("first")) & (event_readers.c.name < bindparam("last"))
    return select(event_readers.c.name).where(is_between).limit(1)


@query
def select_reader_held(own: Guard) -> Select[Any]:
    return select(event_readers.c.position).where(event_readers.c.name == bindparam("of_name")).with_for_update()


@query
def insert_reader_once(own: Guard) -> Insert:
    values: dict[str, Any] = {"name": bindparam("name"), "position": bindparam("position")}
    return postgresql_insert(event_readers).values(values).on_conflict_do_nothing()


# ---- bodies ------------------------------------------------------------------------------------------


@query
def insert_body(own: Guard) -> Insert:
    """What an event says is fixed by whoever makes it first."""
    return own.insert_or_ignore(webhook_bodies)


@query
def select_body(own: Guard) -> Select[Any]:
    is_it = (webhook_bodies.c.event_id == bindparam("event_id")) & (webhook_bodies.c.has_text == bindparam("has_text"))
    return select(webhook_bodies.c.body).where(own(webhook_bodies), is_it)


@query
def delete_bodies_about(own: Guard) -> Delete:
    return delete(webhook_bodies).where(own(webhook_bodies), webhook_bodies.c.subject_id == bindparam("subject_id"))


@query
def delete_bodies_of_end_user(own: Guard) -> Delete:
    return delete(webhook_bodies).where(own(webhook_bodies), webhook_bodies.c.end_user_id == bindparam("erased_id"))


@query
def delete_bodies_before(own: Guard) -> Delete:
    return delete(webhook_bodies).where(own(webhook_bodies), webhook_bodies.c.created_us < bindparam("before_us"))
