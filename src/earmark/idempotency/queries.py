"""The SQL of requests with an Idempotency-Key and their stored answers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Delete, Insert, Select, Table, Update, and_, bindparam, delete, select, update

from earmark.storage.query import Guard, query
from earmark.storage.tables import idempotency_answers, idempotency_records, idempotency_sources

records, answers, sources = idempotency_records, idempotency_answers, idempotency_sources


WHERE = ("caller_end_user", "method", "path", "key")


def _is_it(table: Table) -> ColumnElement[bool]:
    return and_(*(table.c[name] == bindparam(f"of_{name}") for name in WHERE))


@query
def insert_record(own: Guard) -> Insert:
    return own.insert_or_ignore(records)


@query
def insert_answer(own: Guard) -> Insert:
    return own.insert(answers)


@query
def select_record(own: Guard) -> Select[Any]:
    columns = (records.c.request_sha256, records.c.made, records.c.session_id, records.c.status, records.c.holder,
               records.c.lease_us)  # fmt: skip
    return select(*columns).where(own(records), _is_it(records)).with_for_update()


@query
def select_answer(own: Guard) -> Select[Any]:
    return select(answers.c.body).where(own(answers), _is_it(answers))


@query
def update_holder(own: Guard) -> Update:
    changed: dict[str, Any] = {"holder": bindparam("new_holder"), "lease_us": bindparam("new_lease_us")}
    return update(records).where(own(records), _is_it(records)).values(changed)


def _is_held() -> ColumnElement[bool]:
    return and_(_is_it(records), records.c.holder == bindparam("held_by"))


@query
def update_lease(own: Guard) -> Update:
    return update(records).where(own(records), _is_held()).values(lease_us=bindparam("new_lease_us"))


@query
def update_answered(own: Guard) -> Update:
    changed: dict[str, Any] = {"status": bindparam("new_status"), "holder": None, "lease_us": None, "session_id": None}
    return update(records).where(own(records), _is_held()).values(changed)


@query
def update_released(own: Guard) -> Update:
    changed: dict[str, Any] = {"session_id": bindparam("new_session_id"), "holder": None, "lease_us": None}
    return update(records).where(own(records), _is_held()).values(changed)


@query
def delete_record(own: Guard) -> Delete:
    return delete(records).where(own(records), _is_held())


@query
def delete_expired_record(own: Guard) -> Delete:
    return delete(records).where(own(records), _is_it(records), records.c.created_us <= bindparam("before_us"))


# ---- what goes with what is deleted, and with time ------------------------------------------------


@query
def delete_answer(own: Guard) -> Delete:
    return delete(answers).where(own(answers), _is_it(answers))


@query
def insert_source(own: Guard) -> Insert:
    return own.insert(sources)


@query
def select_quoting(own: Guard) -> Select[Any]:
    columns = (sources.c[name].label(f"of_{name}") for name in WHERE)
    return select(*columns).where(own(sources), sources.c.recording_id == bindparam("recording_id"))


@query
def select_expired(own: Guard) -> Select[Any]:
    """The oldest expired records' times, oldest first."""
    return (
        select(records.c.created_us)
        .where(own(records), records.c.created_us <= bindparam("before_us"))
        .order_by(records.c.created_us)
        .limit(bindparam("limit"))
    )


@query
def delete_created_before(own: Guard) -> Delete:
    return delete(records).where(own(records), records.c.created_us <= bindparam("before_us"))
