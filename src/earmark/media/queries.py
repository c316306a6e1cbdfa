"""The SQL of media."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Delete, Insert, Select, Update, bindparam, delete, func, or_, select, update

from earmark.media.types import Media
from earmark.storage.dialect import any_of
from earmark.storage.query import Guard, long_query, query
from earmark.storage.tables import media

MEDIA = tuple(media.c[name] for name in Media.__dataclass_fields__)


@query
def insert_media(own: Guard) -> Insert:
    return own.insert(media)


@query
def select_media(own: Guard, *, for_update: bool) -> Select[Any]:
    statement = select(*MEDIA).where(own(media), media.c.id == bindparam("media_id"))
    return statement.with_for_update() if for_update else statement


@query
def select_media_of_recording(own: Guard, *, for_update: bool = False) -> Select[Any]:
    """Select the last begun first; locked where a concurrent upload could replace the bytes being completed."""
    statement = (
        select(*MEDIA).where(own(media), media.c.recording_id == bindparam("recording_id")).order_by(media.c.seq.desc())
    )
    return statement.with_for_update() if for_update else statement


@query
def select_verified_media(own: Guard) -> Select[Any]:
    """Select the verified media of several recordings, of each the last begun first."""
    return (
        select(*MEDIA)
        .where(own(media), any_of(media.c.recording_id, "recording_ids"), media.c.status == "verified")
        .order_by(media.c.recording_id, media.c.seq.desc())
    )


@query
def select_newest_media(own: Guard) -> Select[Any]:
    """Select the verified media that were begun last."""
    is_verified = media.c.status == "verified"
    return select(*MEDIA).where(own(media), is_verified).order_by(media.c.created_us.desc()).limit(bindparam("most"))


@query
def select_media_from(own: Guard) -> Select[Any]:
    """Select verified media whose id is at or above one: ids are random, and so is what follows a random one."""
    is_after = media.c.id >= bindparam("media_id")
    return (
        select(*MEDIA).where(own(media), is_after, media.c.status == "verified").order_by(media.c.id)
        .limit(bindparam("most"))
    )  # fmt: skip


@query
def select_stored_media(own: Guard) -> Select[Any]:
    return select(media.c.id, media.c.sha256).where(own(media), any_of(media.c.id, "media_ids"))


@long_query
def select_stored_bytes(own: Guard) -> Select[Any]:
    """The sum of the bytes of verified media."""
    stored = func.coalesce(func.sum(media.c.size_bytes), 0)
    return select(stored).where(own(media), media.c.status == "verified")


@query
def select_stale_media(own: Guard) -> Select[Any]:
    """Select unfinished or failed uploads that expired before `before_us`."""
    is_unfinished = or_(*(media.c.status == status for status in ("waiting", "received", "failed")))
    return select(*MEDIA).where(own(media), is_unfinished, media.c.expires_us < bindparam("before_us"))


@query
def update_media(own: Guard) -> Update:
    names = ("status", "size_bytes", "sha256", "updated_us")
    changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    return update(media).where(own(media), media.c.id == bindparam("media_id")).values(changed)


@query
def delete_media(own: Guard) -> Delete:
    return delete(media).where(own(media), media.c.id == bindparam("media_id"))


@query
def delete_unfinished_media(own: Guard) -> Delete:
    return delete(media).where(own(media), media.c.id == bindparam("media_id"), media.c.status != "verified")
