"""The SQL of OAuth."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Delete, Insert, Select, Update, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from earmark.identity.queries import select_end_user_to_lock, update_key_revoked
from earmark.oauth.types import Grant
from earmark.storage.keyset import newest_first
from earmark.storage.query import Guard, query
from earmark.storage.tables import api_keys, oauth_clients, oauth_credentials, oauth_grants

__all__ = ["select_end_user_to_lock", "update_key_revoked"]
GRANT = tuple(oauth_grants.c[name] for name in Grant.__dataclass_fields__)


# ---- clients, which are nobody's -------------------------------------------------------------------


@query
def select_client(own: Guard) -> Select[Any]:
    columns = (oauth_clients.c[name] for name in ("id", "name", "redirect_uris_json", "created_us"))
    return select(*columns).where(oauth_clients.c.id == bindparam("client_id"))


@query
def count_clients(own: Guard) -> Select[Any]:
    """Count those that an address registered lately."""
    is_theirs = (oauth_clients.c.made_by == bindparam("of_made_by")) & (
        oauth_clients.c.created_us > bindparam("after_us")
    )
    return select(func.count()).select_from(oauth_clients).where(is_theirs)


@query
def insert_client_once(own: Guard) -> Insert:
    values: dict[str, Any] = {name: bindparam(name) for name in oauth_clients.c.keys()}  # noqa: SIM118
    return postgresql_insert(oauth_clients).values(values).on_conflict_do_nothing()


@query
def update_client_used(own: Guard) -> Update:
    """Change a registered client; documents have no `made_by`, and are not noted."""
    changed: dict[str, Any] = {"used_us": bindparam("now_us"), "made_by": ""}
    is_it = (oauth_clients.c.id == bindparam("client_id")) & oauth_clients.c.made_by.is_not(None)
    return update(oauth_clients).where(is_it).values(changed)


@query
def delete_client(own: Guard) -> Delete:
    return delete(oauth_clients).where(oauth_clients.c.id == bindparam("client_id"))


@query
def delete_unused_clients(own: Guard) -> Delete:
    """Documents too: they can be fetched again."""
    is_document = oauth_clients.c.made_by.is_(None)
    is_old = oauth_clients.c.created_us < bindparam("before_us")
    is_unused = or_(is_document, oauth_clients.c.used_us.is_(None))
    is_left = oauth_clients.c.used_us < bindparam("left_before_us")
    return delete(oauth_clients).where(or_(is_old & is_unused, is_left))


# ---- grants ----------------------------------------------------------------------------------------


@query
def insert_grant(own: Guard) -> Insert:
    return own.insert(oauth_grants)


@query
def select_grants(own: Guard, *, filters: frozenset[str], is_continued: bool) -> Select[Any]:
    """Select the grants in use: not revoked, not expired, tokens issued lately."""
    is_used = oauth_grants.c.revoked_us.is_(None) & (oauth_grants.c.last_used_us > bindparam("unused_before_us"))
    statement = select(*GRANT).where(own(oauth_grants), is_used, oauth_grants.c.expires_us > bindparam("now_us"))
    if "end_user_id" in filters:
        statement = statement.where(oauth_grants.c.end_user_id == bindparam("end_user_id"))
    ordered = newest_first(statement, oauth_grants.c.created_us, oauth_grants.c.id, is_continued=is_continued)
    return ordered.limit(bindparam("limit"))


@query
def select_grant_to_change(own: Guard) -> Select[Any]:
    return select(*GRANT).where(own(oauth_grants), oauth_grants.c.id == bindparam("grant_id")).with_for_update()


@query
def update_grant_revoked(own: Guard) -> Update:
    changed: dict[str, Any] = {"revoked_us": bindparam("now_us")}
    return update(oauth_grants).where(own(oauth_grants), oauth_grants.c.id == bindparam("grant_id")).values(changed)


@query
def update_grant_used(own: Guard) -> Update:
    changed: dict[str, Any] = {"last_used_us": bindparam("now_us")}
    return update(oauth_grants).where(own(oauth_grants), oauth_grants.c.id == bindparam("grant_id")).values(changed)


@query
def delete_ended_grants(own: Guard) -> Delete:
    """Delete grants that ended some time ago or whose last token did, and those whose code nobody exchanged."""
    column = oauth_grants.c
    before: Any = bindparam("before_us")
    is_idle = column.last_used_us.is_(None) & (column.created_us < bindparam("idle_before_us"))
    is_unused = column.last_used_us < bindparam("unused_before_us")
    is_over = or_(column.expires_us < before, column.revoked_us < before, is_unused, is_idle)
    return delete(oauth_grants).where(own(oauth_grants), is_over)


# ---- their credentials -----------------------------------------------------------------------------


@query
def insert_credential(own: Guard) -> Insert:
    return own.insert(oauth_credentials)


@query
def select_grant_of(own: Guard) -> Select[Any]:
    """Select the grant of a credential."""
    return select(oauth_credentials.c.grant_id).where(
        own(oauth_credentials), oauth_credentials.c.key_id == bindparam("key_id")
    )


@query
def select_credential_to_use(own: Guard) -> Select[Any]:
    """Lock a credential; its grant has been locked before it, as whoever revokes the grant does."""
    key, link, grant = api_keys.c, oauth_credentials.c, oauth_grants.c
    return (
        select(
            key.id, key.kind, key.scopes_json, key.expires_us, key.revoked_us, link.redirect_uri, link.code_challenge,
            grant.id, grant.client_id, grant.expires_us, grant.revoked_us,
        )
        .where(own(api_keys), own(oauth_credentials), own(oauth_grants))
        .where(key.id == bindparam("key_id"), link.key_id == key.id, grant.id == link.grant_id)
        .with_for_update()
    )  # fmt: skip


def _of_grant(own: Guard) -> Select[Any]:
    is_its = oauth_credentials.c.grant_id == bindparam("grant_id")
    return select(oauth_credentials.c.key_id).where(own(oauth_credentials), is_its)


@query
def update_keys_revoked(own: Guard) -> Update:
    """Revoke what is left of a grant's credentials."""
    changed: dict[str, Any] = {"revoked_us": bindparam("now_us")}
    is_its = api_keys.c.id.in_(_of_grant(own)) & api_keys.c.revoked_us.is_(None)
    return update(api_keys).where(own(api_keys), is_its).values(changed)


@query
def delete_expired_keys(own: Guard) -> Delete:
    kind = api_keys.c.kind
    is_ours = or_(kind == "oauth_code", kind == "oauth_refresh", kind == "oauth_access")
    return delete(api_keys).where(own(api_keys), is_ours, api_keys.c.expires_us < bindparam("before_us"))
