"""Folders: named sets of one end user's recordings. A recording may be in several."""

from __future__ import annotations

from collections.abc import Sequence

from earmark.clock import now_us
from earmark.ids import new_id
from earmark.library import folder_queries as queries
from earmark.library.end_users import lock_end_user, page_params
from earmark.library.errors import FolderNotFoundError, NotInFolderError, RecordingNotFoundError
from earmark.library.recordings import get_recording, get_recordings, list_recordings_in_folder
from earmark.library.types import Folder, FolderFilters, Page
from earmark.storage.query import Row
from earmark.storage.tenant import Tenant

_ALL = FolderFilters()


async def create_folder(tenant: Tenant, name: str) -> Folder:
    """Create an empty folder of the handle's end user; names may repeat."""
    assert tenant.end_user_id is not None
    now = now_us()
    folder = Folder(new_id("fld"), tenant.end_user_id, name, now, now, 0)
    row = {field: getattr(folder, field) for field in Folder.__dataclass_fields__ if field != "recording_count"}
    async with tenant.writing() as work:
        await work.execute(queries.insert_folder, row)
    return folder


async def get_folder(tenant: Tenant, folder_id: str, *, param: str | None = None) -> Folder:
    """Return a folder.

    Raises: FolderNotFoundError.
    """
    found = await find_folder(tenant, folder_id)
    if found is None:
        raise FolderNotFoundError(param=param)
    return found


async def _lock_folder(work: Tenant, folder_id: str) -> Folder:
    """Lock a folder until the commit, and return it."""
    found = await get_folder(work, folder_id)
    await lock_end_user(work, found.end_user_id)
    rows = await work.fetch_all(queries.select_folder, {"folder_id": folder_id}, for_update=True)
    if not rows:
        raise FolderNotFoundError
    return (await _counted(work, rows))[0]


async def find_folder(tenant: Tenant, folder_id: str) -> Folder | None:
    """Return a folder, or None if the caller can't see one with this id."""
    async with tenant.reading() as snapshot:
        rows = await snapshot.fetch_all(queries.select_folder, {"folder_id": folder_id})
        return (await _counted(snapshot, rows))[0] if rows else None


async def find_folder_named(tenant: Tenant, name: str) -> Folder | None:
    """Return the end user's oldest folder of this name, or None."""
    async with tenant.reading() as snapshot:
        params = {"end_user_id": tenant.end_user_id, "name": name}
        rows = await snapshot.fetch_all(queries.select_folder_named, params)
        return (await _counted(snapshot, rows))[0] if rows else None


async def list_folders(tenant: Tenant, page: Page, filters: FolderFilters = _ALL) -> list[Folder]:
    """Return folders, newest first."""
    given = filters.given()
    shape = {"filters": frozenset(given), "is_continued": page.after is not None}
    async with tenant.reading() as snapshot:
        rows = await snapshot.fetch_all(queries.select_folders, {**page_params(page), **given}, **shape)
        return await _counted(snapshot, rows)


async def _counted(snapshot: Tenant, rows: Sequence[Row]) -> list[Folder]:
    params = {"folder_ids": [row[0] for row in rows]}
    counts: dict[str, int] = dict(await snapshot.fetch_all(queries.count_folder_recordings, params)) if rows else {}
    return [Folder(*(*row, counts.get(row[0], 0))) for row in rows]


async def find_folder_names(tenant: Tenant, folder_ids: Sequence[str]) -> dict[str, str]:
    """Return the names of the existing folders among these, by id."""
    return dict(await tenant.fetch_all(queries.select_folder_names, {"folder_ids": list(folder_ids)}))


async def choose_recordings(
    tenant: Tenant, recording_ids: Sequence[str] | None, folder_id: str | None
) -> tuple[str, ...] | None:
    """Return the ids a search is limited to: named, in the folder, or both.

    Raises: RecordingNotFoundError, FolderNotFoundError.
    """
    named = None if recording_ids is None else tuple(dict.fromkeys(recording_ids))
    if recording_ids is not None:
        await get_recordings(tenant, recording_ids, param="recording_ids")
    if folder_id is None:
        return named
    await get_folder(tenant, folder_id, param="folder_id")
    inside = {recording.id: None for recording in await list_recordings_in_folder(tenant, folder_id)}
    return tuple(inside) if named is None else tuple(one for one in named if one in inside)


async def rename_folder(tenant: Tenant, folder_id: str, name: str) -> Folder:
    """Rename a folder.

    Raises: FolderNotFoundError.
    """
    async with tenant.writing() as work:
        await _touch(work, await _lock_folder(work, folder_id), name)
        return await get_folder(work, folder_id)


async def _touch(work: Tenant, folder: Folder, name: str) -> None:
    changed = {"folder_id": folder.id, "new_name": name, "new_updated_us": max(now_us(), folder.updated_us)}
    if not await work.execute(queries.update_folder, changed):
        raise FolderNotFoundError


async def delete_folder(tenant: Tenant, folder_id: str) -> None:
    """Delete a folder; its recordings stay, and its sessions become read-only.

    Raises: FolderNotFoundError.
    """
    async with tenant.writing() as work:
        if not await work.execute(queries.delete_folder, {"folder_id": folder_id}):
            raise FolderNotFoundError


async def add_to_folder(tenant: Tenant, folder_id: str, recording_id: str) -> Folder:
    """Add a recording to a folder; does nothing if it is in the folder already.

    Raises: FolderNotFoundError; RecordingNotFoundError, also for another end user's recording.
    """
    async with tenant.writing() as work:
        folder = await _lock_folder(work, folder_id)
        if (await get_recording(work, recording_id)).end_user_id != folder.end_user_id:
            raise RecordingNotFoundError
        row = {"folder_id": folder.id, "recording_id": recording_id, "end_user_id": folder.end_user_id}
        if await work.execute(queries.insert_folder_recording, {**row, "added_us": now_us()}):
            await _touch(work, folder, folder.name)
        return await get_folder(work, folder_id)


async def take_from_folder(tenant: Tenant, folder_id: str, recording_id: str) -> None:
    """Remove a recording from a folder.

    Raises: FolderNotFoundError, NotInFolderError.
    """
    async with tenant.writing() as work:
        folder = await _lock_folder(work, folder_id)
        params = {"folder_id": folder_id, "recording_id": recording_id}
        if not await work.execute(queries.delete_folder_recording, params):
            raise NotInFolderError
        await _touch(work, folder, folder.name)
