"""The SQL of identity."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Insert, Select, Update, bindparam, func, insert, select, update

from earmark.storage.query import Guard, query
from earmark.storage.tables import api_keys, installation, projects, tenants


@query
def insert_project(own: Guard) -> Insert:
    return insert(projects).values(id=bindparam("id"), name=bindparam("name"), created_us=bindparam("created_us"))


@query
def insert_tenant(own: Guard) -> Insert:
    values: dict[str, Any] = {"id": bindparam("id"), "project_id": bindparam("project_id"), "mode": bindparam("mode")}
    return insert(tenants).values(values)


@query
def select_projects(own: Guard) -> Select[tuple[str, str]]:
    return select(projects.c.id, projects.c.name).order_by(projects.c.created_us, projects.c.id)


@query
def select_tenant(own: Guard) -> Select[tuple[int, str, str]]:
    return select(tenants.c.id, tenants.c.project_id, tenants.c.mode).where(
        tenants.c.project_id == bindparam("project_id"), tenants.c.mode == bindparam("mode")
    )


@query
def select_tenants(own: Guard) -> Select[tuple[int, str, str]]:
    return select(tenants.c.id, tenants.c.project_id, tenants.c.mode).order_by(tenants.c.id)


@query
def select_last_tenant_id(own: Guard) -> Select[tuple[int]]:
    return select(func.coalesce(func.max(tenants.c.id), 0))


@query
def insert_key(own: Guard) -> Insert:
    return own.insert(api_keys, unset=("kind", "last_used_us"))


@query
def select_keys(own: Guard) -> Select[Any]:
    columns = (api_keys.c.id, api_keys.c.label, api_keys.c.hint, api_keys.c.end_user_id, api_keys.c.created_us,
               api_keys.c.expires_us, api_keys.c.revoked_us)  # fmt: skip
    return select(*columns).where(own(api_keys)).order_by(api_keys.c.created_us, api_keys.c.id)


@query
def update_key_revoked(own: Guard) -> Update:
    return (
        update(api_keys)
        .where(own(api_keys), api_keys.c.id == bindparam("key_id"))
        .values(revoked_us=func.coalesce(api_keys.c.revoked_us, bindparam("now_us")))
    )


@query
def select_installation(own: Guard) -> Select[tuple[str]]:
    return select(installation.c.value).where(installation.c.name == bindparam("key"))


@query
def insert_installation(own: Guard) -> Insert:
    return insert(installation).values(name=bindparam("key"), value=bindparam("text"))
