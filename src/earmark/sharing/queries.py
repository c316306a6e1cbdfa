"""The SQL of shared links."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Delete, Insert, Select, Update, bindparam, delete, func, select, update

from earmark.library.queries import newest_first
from earmark.sharing.types import Share
from earmark.storage.query import Guard, query
from earmark.storage.tables import api_keys, shares

SHARE = tuple(shares.c[name] for name in Share.__dataclass_fields__)
_COLUMNS = frozenset({"end_user_id", "session_id", "recording_id"})


@query
def insert_share(own: Guard) -> Insert:
    return own.insert(shares)


@query
def select_share(own: Guard) -> Select[Any]:
    return select(*SHARE).where(own(shares), shares.c.id == bindparam("share_id"))


@query
def select_share_opened(own: Guard) -> Select[Any]:
    """Select the link of a credential."""
    return select(*SHARE).where(own(shares), shares.c.key_id == bindparam("key_id"))


@query
def select_key_valid(own: Guard) -> Select[Any]:
    """Select a key that was not revoked and has not expired."""
    lasts = api_keys.c.expires_us.is_(None) | (api_keys.c.expires_us > bindparam("now_us"))
    is_it = (api_keys.c.id == bindparam("key_id")) & api_keys.c.revoked_us.is_(None) & lasts
    return select(api_keys.c.id).where(own(api_keys), is_it)


@query
def select_maker(own: Guard) -> Select[Any]:
    return select(api_keys.c.kind, api_keys.c.label).where(own(api_keys), api_keys.c.id == bindparam("key_id"))


@query
def select_shares(own: Guard, *, filters: frozenset[str], is_continued: bool) -> Select[Any]:
    """Select the links in use, newest first."""
    statement = select(*SHARE).where(own(shares), shares.c.expires_us > bindparam("now_us"))
    for name in sorted(filters & _COLUMNS):
        statement = statement.where(shares.c[name] == bindparam(name))
    if "only_chats" in filters:
        statement = statement.where(shares.c.session_id.is_not(None))
    if "only_recordings" in filters:
        statement = statement.where(shares.c.recording_id.is_not(None))
    return newest_first(statement, shares, is_continued=is_continued)


@query
def count_shares(own: Guard) -> Select[Any]:
    in_use = (shares.c.end_user_id == bindparam("whose_id")) & (shares.c.expires_us > bindparam("now_us"))
    return select(func.count()).select_from(shares).where(own(shares), in_use)


@query
def update_share_opened(own: Guard) -> Update:
    changed: dict[str, Any] = {"opened_count": shares.c.opened_count + 1, "last_opened_us": bindparam("now_us")}
    return update(shares).where(own(shares), shares.c.id == bindparam("share_id")).values(changed)


@query
def delete_share_key(own: Guard) -> Delete:
    """Delete a link's credential, and the link with it."""
    is_it = (api_keys.c.id == bindparam("key_id")) & (api_keys.c.kind == "share")
    return delete(api_keys).where(own(api_keys), is_it)


@query
def delete_expired_share_keys(own: Guard) -> Delete:
    is_over = (api_keys.c.kind == "share") & (api_keys.c.expires_us < bindparam("before_us"))
    return delete(api_keys).where(own(api_keys), is_over)
