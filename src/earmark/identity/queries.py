"""The SQL of identity."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Delete, Insert, Select, Update, bindparam, delete, func, insert, select, update

from earmark.identity.types import AuditEvent
from earmark.storage.query import Guard, query
from earmark.storage.tables import (
    api_keys,
    audit_events,
    audit_heads,
    end_users,
    installation,
    projects,
    tenants,
)


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


# ---- credentials -----------------------------------------------------------------------------------

KEY_FIELDS = ("id", "kind", "label", "hint", "end_user_id", "end_user_no", "scopes_json", "created_us", "expires_us",
              "revoked_us", "last_used_us")  # fmt: skip
KEY = tuple(api_keys.c[name] for name in KEY_FIELDS)


@query
def insert_key(own: Guard) -> Insert:
    return own.insert(api_keys, unset=("last_used_us",))


@query
def select_keys(own: Guard) -> Select[Any]:
    own_keys = select(*KEY).where(own(api_keys), api_keys.c.kind != "code")
    return own_keys.order_by(api_keys.c.created_us, api_keys.c.id)


@query
def select_key_to_change(own: Guard) -> Select[Any]:
    return select(*KEY).where(own(api_keys), api_keys.c.id == bindparam("key_id")).with_for_update()


@query
def update_key_revoked(own: Guard) -> Update:
    return (
        update(api_keys)
        .where(own(api_keys), api_keys.c.id == bindparam("key_id"))
        .values(revoked_us=func.coalesce(api_keys.c.revoked_us, bindparam("now_us")))
    )


@query
def update_key_expiry(own: Guard) -> Update:
    one = own(api_keys), api_keys.c.id == bindparam("key_id")
    return update(api_keys).where(*one).values(expires_us=bindparam("new_expires_us"))


@query
def update_key_used(own: Guard) -> Update:
    one = own(api_keys), api_keys.c.id == bindparam("key_id")
    is_later = func.coalesce(api_keys.c.last_used_us, 0) < bindparam("used_us")
    return update(api_keys).where(*one, is_later).values(last_used_us=bindparam("used_us"))


@query
def select_end_user_to_lock(own: Guard) -> Select[Any]:
    """Lock the end user's row, to serialise issuing its tokens."""
    return select(end_users.c.id).where(own(end_users), end_users.c.id == bindparam("whose_id")).with_for_update()


@query
def select_tokens_in_use(own: Guard) -> Select[tuple[str]]:
    whose = api_keys.c.end_user_id == bindparam("whose_id")
    return select(api_keys.c.id).where(
        own(api_keys), whose, api_keys.c.kind == "token", api_keys.c.revoked_us.is_(None)
    )


@query
def update_code_used(own: Guard) -> Update:
    """Mark a code as used: one row for the first request across processes, none after."""
    return (
        update(api_keys)
        .where(
            own(api_keys),
            api_keys.c.id == bindparam("key_id"),
            api_keys.c.kind == "code",
            api_keys.c.revoked_us.is_(None),
            api_keys.c.expires_us > bindparam("now_us"),
        )
        .values(revoked_us=bindparam("now_us"))
    )


@query
def delete_old_codes(own: Guard) -> Delete:
    return delete(api_keys).where(own(api_keys), api_keys.c.kind == "code", api_keys.c.expires_us < bindparam("now_us"))


# ---- the audit trail -------------------------------------------------------------------------------


@query
def insert_audit_event(own: Guard) -> Insert:
    return own.insert(audit_events)


@query
def select_audit_events(own: Guard, *, is_continued: bool) -> Select[Any]:
    columns = (audit_events.c[name] for name in AuditEvent.__dataclass_fields__)
    statement = select(*columns).where(own(audit_events)).order_by(audit_events.c.seq).limit(bindparam("limit"))
    return statement.where(audit_events.c.seq > bindparam("after_seq")) if is_continued else statement


@query
def insert_audit_head(own: Guard) -> Insert:
    return own.insert_or_ignore(audit_heads)


@query
def select_audit_head(own: Guard, *, for_update: bool) -> Select[Any]:
    statement = select(audit_heads.c.tenant_id, audit_heads.c.seq, audit_heads.c.hash).where(own(audit_heads))
    return statement.with_for_update() if for_update else statement


@query
def update_audit_head(own: Guard) -> Update:
    changed: dict[str, Any] = {"seq": bindparam("new_seq"), "hash": bindparam("new_hash")}
    return update(audit_heads).where(own(audit_heads)).values(changed)


# ---- the installation ------------------------------------------------------------------------------


@query
def select_installation(own: Guard) -> Select[tuple[str]]:
    return select(installation.c.value).where(installation.c.name == bindparam("key"))


@query
def insert_installation(own: Guard) -> Insert:
    return insert(installation).values(name=bindparam("key"), value=bindparam("text"))


@query
def update_installation(own: Guard) -> Update:
    return update(installation).where(installation.c.name == bindparam("key")).values(value=bindparam("text"))
