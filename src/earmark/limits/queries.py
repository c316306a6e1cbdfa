"""The SQL of leased rate limits."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Delete, Insert, Update, bindparam, delete, update

from earmark.storage.query import Guard, query
from earmark.storage.tables import rate_leases


@query
def insert_lease(own: Guard) -> Insert:
    return own.insert_or_ignore(rate_leases)


@query
def update_leased(own: Guard) -> Update:
    is_it = (rate_leases.c.name == bindparam("of_name"), rate_leases.c.minute == bindparam("of_minute"))
    more: dict[str, Any] = {"leased": rate_leases.c.leased + bindparam("wanted", type_=rate_leases.c.leased.type)}
    return update(rate_leases).where(own(rate_leases), *is_it).values(more).returning(rate_leases.c.leased)


@query
def delete_leases_before(own: Guard) -> Delete:
    return delete(rate_leases).where(own(rate_leases), rate_leases.c.minute < bindparam("before_minute"))
