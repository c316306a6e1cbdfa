"""The SQL of folders."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Delete, Insert, Select, Update, bindparam, delete, func, select, update

from earmark.library.queries import newest_first
from earmark.storage.dialect import any_of
from earmark.storage.query import Guard, query
from earmark.storage.tables import folder_recordings, folders

FOLDER = tuple(folders.c[name] for name in ("id", "end_user_id", "name", "created_us", "updated_us"))


@query
def insert_folder(own: Guard) -> Insert:
    return own.insert(folders)


@query
def select_folder(own: Guard, *, for_update: bool = False) -> Select[Any]:
    statement = select(*FOLDER).where(own(folders), folders.c.id == bindparam("folder_id"))
    return statement.with_for_update(key_share=True) if for_update else statement


@query
def select_folders(own: Guard, *, filters: frozenset[str], is_continued: bool) -> Select[Any]:
    statement = select(*FOLDER).where(own(folders))
    if "end_user_id" in filters:
        statement = statement.where(folders.c.end_user_id == bindparam("end_user_id"))
    return newest_first(statement, folders, is_continued=is_continued)


@query
def select_folder_named(own: Guard) -> Select[Any]:
    """Select the oldest folder of this name."""
    return (
        select(*FOLDER)
        .where(
            own(folders),
            folders.c.end_user_id == bindparam("end_user_id"),
            folders.c.name == bindparam("name"),
        )
        .order_by(folders.c.created_us, folders.c.id)
        .limit(1)
    )


@query
def select_folder_names(own: Guard) -> Select[Any]:
    return select(folders.c.id, folders.c.name).where(own(folders), any_of(folders.c.id, "folder_ids"))


@query
def count_folder_recordings(own: Guard) -> Select[Any]:
    return (
        select(folder_recordings.c.folder_id, func.count())
        .where(own(folder_recordings), any_of(folder_recordings.c.folder_id, "folder_ids"))
        .group_by(folder_recordings.c.folder_id)
    )


@query
def update_folder(own: Guard) -> Update:
    changed: dict[str, Any] = {"name": bindparam("new_name"), "updated_us": bindparam("new_updated_us")}
    return update(folders).where(own(folders), folders.c.id == bindparam("folder_id")).values(changed)


@query
def delete_folder(own: Guard) -> Delete:
    return delete(folders).where(own(folders), folders.c.id == bindparam("folder_id"))


@query
def insert_folder_recording(own: Guard) -> Insert:
    return own.insert_or_ignore(folder_recordings)


@query
def delete_folder_recording(own: Guard) -> Delete:
    return delete(folder_recordings).where(
        own(folder_recordings),
        folder_recordings.c.folder_id == bindparam("folder_id"),
        folder_recordings.c.recording_id == bindparam("recording_id"),
    )
