"""Imports by upload: begun, received, looked at. The job begins in the unit of work in which the bytes are whole."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from typing import Final

from earmark.clock import now_us
from earmark.ids import new_id
from earmark.imports import queries
from earmark.imports.errors import ImportNotFoundError, ImportReceivedError
from earmark.imports.types import Import, ImportedFile
from earmark.jobs.queue import enqueue
from earmark.jobs.types import NewJob
from earmark.library.end_users import lock_end_user, page_params
from earmark.library.folders import get_folder
from earmark.library.types import FolderFilters, Page
from earmark.media.grants import UPLOAD_S, Grant
from earmark.media.store import MediaStore, Staged
from earmark.media.uploads import while_wanted, write_pieces
from earmark.storage.tenant import Tenant

RUN: Final = "imports.run"
FILES_SHOWN: Final = 10_000
_TYPE: Final = "application/octet-stream"


async def begin_import(
    owner: Tenant, file_name: str, *, size_bytes: int | None, folder_id: str | None, makes_folders: bool
) -> tuple[Import, Grant]:
    """Create an import without bytes, and a grant to send them within an hour.

    Args:
        owner: the handle of the end user whose library it is for.
        makes_folders: whether the folders of an archive become folders.

    Raises: FolderNotFoundError.
    """
    assert owner.end_user_id is not None
    if folder_id is not None:
        await get_folder(owner, folder_id, param="folder_id")
    now, expires_s, key = now_us(), int(time.time()) + UPLOAD_S, owner.key
    one = Import(
        new_id("imp"), owner.end_user_id, "waiting", file_name, folder_id, int(makes_folders), size_bytes, None, None,
        0.0, 0, expires_s * 1_000_000, now, now, None,
    )  # fmt: skip
    async with owner.writing() as work:
        await work.execute(queries.insert_import, asdict(one))
    return one, Grant("PUT", key.tenant_id, key.project_id, key.mode, one.id, _TYPE, size_bytes, expires_s)


async def receive_import(
    tenant: Tenant, store: MediaStore, grant: Grant, pieces: AsyncIterator[bytes], *, limit_bytes: int
) -> Import:
    """Receive an import's bytes, once; the first upload that is whole counts.

    An upload whose import is gone or has its bytes ends soon, provided `pieces` yields now and then.

    Raises: ImportNotFoundError, ImportReceivedError, UploadTooLargeError, UploadSizeError, EmptyUploadError,
        StorageUnavailableError.
    """
    import_id = grant.media_id
    await _get_waiting(tenant, import_id)
    staged = await store.stage()
    try:
        wanted = while_wanted(pieces, lambda: _get_waiting(tenant, import_id))
        await write_pieces(staged, wanted, grant.size_bytes, limit_bytes)
        async with tenant.writing() as work:
            return await _start(work, store, import_id, staged)
    finally:
        await staged.discard()


async def _get_waiting(tenant: Tenant, import_id: str, *, for_update: bool = False) -> Import:
    one = await get_import(tenant, import_id, for_update=for_update)
    if one.status != "waiting":
        raise ImportReceivedError
    return one


async def _start(work: Tenant, store: MediaStore, import_id: str, staged: Staged) -> Import:
    """Store the bytes and enqueue the job."""
    end_user_id = (await _get_waiting(work, import_id)).end_user_id
    number = await lock_end_user(work, end_user_id)
    if number is None:
        raise ImportNotFoundError
    one = await _get_waiting(work, import_id, for_update=True)
    one = replace(one, status="running", size_bytes=staged.size_bytes, sha256=staged.sha256)
    await save_import(work, one)
    new = NewJob(RUN, subject_id=import_id, payload={"import_id": import_id}, unique_key=import_id)
    await enqueue(work.acting_for(end_user_id, number), new)
    await store.put(staged, one.key(work.key.tenant_id))
    return one


async def save_import(work: Tenant, one: Import) -> None:
    """Store what has changed of an import."""
    changed = {f"new_{name}": getattr(one, name) for name in queries.CHANGING}
    await work.execute(queries.update_import, {"import_id": one.id, **changed, "new_updated_us": now_us()})


async def get_import(tenant: Tenant, import_id: str, *, for_update: bool = False) -> Import:
    """Return an import; `for_update` locks it until the commit.

    Raises: ImportNotFoundError.
    """
    shape = {"for_update": True} if for_update else {}
    row = await tenant.fetch_one(queries.select_import, {"import_id": import_id}, **shape)
    if row is None:
        raise ImportNotFoundError
    return Import(*row)


async def list_imports(owner: Tenant) -> list[Import]:
    """Return an end user's imports of the last month, oldest first."""
    return [Import(*row) for row in await owner.fetch_all(queries.select_imports)]


async def list_imports_page(tenant: Tenant, page: Page, filters: FolderFilters) -> list[Import]:
    """Return the imports that the caller may see, newest first."""
    given = filters.given()
    shape = {"filters": frozenset(given), "is_continued": page.after is not None}
    rows = await tenant.fetch_all(queries.select_imports_page, {**page_params(page), **given}, **shape)
    return [Import(*row) for row in rows]


async def list_files(tenant: Tenant, import_id: str) -> tuple[list[ImportedFile], int]:
    """Return what became of an import's first 10,000 files so far, and the number of all."""
    found = {"import_id": import_id, "most": FILES_SHOWN}
    files = [ImportedFile(*row) for row in await tenant.fetch_all(queries.select_files, found)]
    if len(files) < FILES_SHOWN:
        return files, len(files)
    row = await tenant.fetch_one(queries.count_files, {"import_id": import_id})
    assert row is not None
    return files, int(row[0])
