"""The SQL of identity."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    Insert,
    Select,
    Update,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from earmark.identity.types import AuditEvent
from earmark.storage.keyset import newest_first
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
def select_tenant_numbered(own: Guard) -> Select[tuple[int, str, str]]:
    return select(tenants.c.id, tenants.c.project_id, tenants.c.mode).where(tenants.c.id == bindparam("of_id"))


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
    return select(*KEY).where(own(api_keys), _is_listed()).order_by(api_keys.c.created_us, api_keys.c.id)


@query
def select_newest_keys(own: Guard, *, is_continued: bool) -> Select[Any]:
    statement = select(*KEY).where(own(api_keys), _is_listed())
    return _newest_first(statement, is_continued=is_continued)


def _newest_first(statement: Select[Any], *, is_continued: bool) -> Select[Any]:
    ordered = newest_first(statement, api_keys.c.created_us, api_keys.c.id, is_continued=is_continued)
    return ordered.limit(bindparam("limit"))


def _is_listed() -> ColumnElement[bool]:
    """Whether it is a key or a token: what links and OAuth hold is their own rooms'."""
    kind = api_keys.c.kind
    return or_(kind == "key", kind == "token", kind == "access")


@query
def select_key_to_change(own: Guard) -> Select[Any]:
    return select(*KEY).where(own(api_keys), api_keys.c.id == bindparam("key_id"), _is_listed()).with_for_update()


@query
def select_key_id(own: Guard) -> Select[tuple[str]]:
    return select(api_keys.c.id).where(own(api_keys), api_keys.c.id == bindparam("key_id"), _is_listed())


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
def select_access_tokens(own: Guard, *, is_continued: bool) -> Select[Any]:
    """Select the access tokens that are not revoked, newest first."""
    statement = select(*KEY).where(own(api_keys), api_keys.c.kind == "access", api_keys.c.revoked_us.is_(None))
    return _newest_first(statement, is_continued=is_continued)


@query
def select_access_token(own: Guard) -> Select[tuple[str]]:
    one = api_keys.c.id == bindparam("key_id"), api_keys.c.kind == "access", api_keys.c.revoked_us.is_(None)
    return select(api_keys.c.id).where(own(api_keys), *one).with_for_update()


@query
def select_access_tokens_in_use(own: Guard) -> Select[Any]:
    """Count the access tokens that are valid."""
    valid = api_keys.c.kind == "access", api_keys.c.revoked_us.is_(None), api_keys.c.expires_us > bindparam("now_us")
    return select(func.count()).select_from(api_keys).where(own(api_keys), *valid)


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
def select_devices(own: Guard, *, is_continued: bool) -> Select[Any]:
    """Select what browsers that are signed in hold: sessions, and the keys that one-time links gave."""
    statement = select(*KEY).where(own(api_keys), _is_device())
    return _newest_first(statement, is_continued=is_continued)


def _is_device() -> ColumnElement[bool]:
    of_link = (api_keys.c.kind == "key") & (api_keys.c.label == bindparam("of_links"))
    is_valid = api_keys.c.revoked_us.is_(None) & (api_keys.c.expires_us > bindparam("now_us"))
    return or_(api_keys.c.kind == "session", of_link) & is_valid


@query
def update_device_ended(own: Guard) -> Update:
    one = own(api_keys), api_keys.c.id == bindparam("key_id"), _is_device()
    return update(api_keys).where(*one).values(revoked_us=bindparam("now_us"))


@query
def delete_old_console_sessions(own: Guard) -> Delete:
    is_old = api_keys.c.kind == "session", api_keys.c.expires_us < bindparam("now_us")
    return delete(api_keys).where(own(api_keys), *is_old)


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
def select_newest_audit_events(own: Guard, *, is_continued: bool) -> Select[Any]:
    columns = (audit_events.c[name] for name in AuditEvent.__dataclass_fields__)
    statement = select(*columns).where(own(audit_events)).order_by(audit_events.c.seq.desc())
    statement = statement.limit(bindparam("limit"))
    return statement.where(audit_events.c.seq < bindparam("before_seq")) if is_continued else statement


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


@query
def delete_installation(own: Guard) -> Delete:
    """Delete a value if it is still this one: one row for the first of several processes, none after."""
    is_named = installation.c.name == bindparam("key")
    return delete(installation).where(is_named, installation.c.value == bindparam("text"))
