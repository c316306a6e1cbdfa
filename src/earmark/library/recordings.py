"""Recordings: what was recorded, by whom, when; their audio and transcripts come later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from earmark.clock import now_us
from earmark.identity.idempotency import forget_quotes
from earmark.ids import new_id, new_number
from earmark.library import queries
from earmark.library.end_users import dump_metadata, keep_end_user, page_params
from earmark.library.errors import FileImportedError, RecordingNotFoundError
from earmark.library.types import Page, Recording
from earmark.storage.errors import UniqueViolationError
from earmark.storage.tenant import Tenant
from earmark.text import fold

FILTERS = ("end_user_id", "status", "device_id", "recorded_after", "recorded_before", "q", "folder_id")


async def create_recording(
    tenant: Tenant,
    *,
    name: str | None = None,
    source: str = "api_upload",
    device_id: str | None = None,
    recorded_us: int | None = None,
    ended_us: int | None = None,
    metadata: Mapping[str, Any] | None = None,
    import_sha256: str | None = None,
) -> Recording:
    """Make a recording of the end user that the handle is narrowed to.

    Raises: FileImportedError if `import_sha256` is there already.
    """
    assert tenant.end_user_id is not None
    now = now_us()
    recording = Recording(
        new_id("rec"), new_number(), tenant.end_user_id, device_id, source, name, "pending", None, recorded_us,
        ended_us, dump_metadata(metadata), None, now, now,
    )  # fmt: skip
    row = {field: getattr(recording, field) for field in Recording.__dataclass_fields__}
    row |= {"name_folded": fold_name(name), "import_sha256": import_sha256}
    try:
        async with tenant.writing() as work:
            await work.execute(queries.insert_recording, row)
    except UniqueViolationError as error:
        raise FileImportedError from error
    return recording


def fold_name(name: str | None) -> str | None:
    """Return the form of a name that `q` is compared with."""
    return None if name is None else fold(name)


async def get_recording(tenant: Tenant, recording_id: str, *, param: str | None = None) -> Recording:
    """Return a recording.

    Raises: RecordingNotFoundError.
    """
    row = await tenant.fetch_one(queries.select_recording, {"recording_id": recording_id})
    if row is None:
        raise RecordingNotFoundError(param=param)
    return Recording(*row)


async def hold_recording(work: Tenant, recording_id: str) -> tuple[Tenant, Recording]:
    """Keep others from changing a recording until the commit; return it, and the unit of work narrowed to its owner.

    Raises: RecordingNotFoundError.
    """
    owner_id = (await get_recording(work, recording_id)).end_user_id
    owner_no = await keep_end_user(work, owner_id)
    row = await work.fetch_one(queries.select_recording, {"recording_id": recording_id}, for_update=True)
    if owner_no is None or row is None:
        raise RecordingNotFoundError
    return work.acting_for(owner_id, owner_no), Recording(*row)


async def get_recordings(tenant: Tenant, recording_ids: Sequence[str], *, param: str) -> list[Recording]:
    """Return these recordings, in the order asked.

    Raises: RecordingNotFoundError if one of them is not the caller's.
    """
    found = await find_recordings(tenant, recording_ids)
    if len(found) < len(set(recording_ids)):
        raise RecordingNotFoundError(param=param)
    by_id = {recording.id: recording for recording in found}
    return [by_id[recording_id] for recording_id in recording_ids]


async def find_recordings(tenant: Tenant, recording_ids: Sequence[str]) -> list[Recording]:
    """Return those of these recordings that exist for the caller, in no particular order."""
    params = {"recording_ids": list(recording_ids)}
    return [Recording(*row) for row in await tenant.fetch_all(queries.select_recordings_among, params)]


async def list_recordings_in_folder(tenant: Tenant, folder_id: str) -> list[Recording]:
    """Return all recordings of a folder as it is now, oldest first."""
    rows = await tenant.fetch_all(queries.select_recordings_in_folder, {"folder_id": folder_id})
    return [Recording(*row) for row in rows]


async def list_transcribed(tenant: Tenant, recording_ids: Sequence[str] | None, limit: int) -> list[Recording]:
    """Return the newest recordings that have a transcript, of these or (None) of all, newest first."""
    params = {"recording_ids": list(recording_ids or ()), "limit": limit}
    is_narrowed = recording_ids is not None
    rows = await tenant.fetch_all(queries.select_transcribed, params, is_narrowed=is_narrowed)
    return [Recording(*row) for row in rows]


async def find_imported(tenant: Tenant, import_sha256: str) -> Recording | None:
    """Return the recording that these bytes were imported as, or None."""
    params = {"end_user_id": tenant.end_user_id, "import_sha256": import_sha256}
    row = await tenant.fetch_one(queries.select_recording_by_file, params)
    return None if row is None else Recording(*row)


async def list_recordings(tenant: Tenant, page: Page, filters: Mapping[str, Any]) -> list[Recording]:
    """Return recordings, newest first; `filters` are those of FILTERS that are asked for.

    Status `uploaded` also finds what has audio and, since, a transcript.
    """
    params = {**page_params(page), **filters}
    names = set(filters)
    if "q" in filters:
        params["q"] = contains_pattern(filters["q"])
    if filters.get("status") == "uploaded":
        names = names - {"status"} | {"uploaded"}
    shape = {"filters": frozenset(names), "is_continued": page.after is not None}
    asked = queries.select_recordings_named if "q" in filters else queries.select_recordings
    return [Recording(*row) for row in await tenant.fetch_all(asked, params, **shape)]


def contains_pattern(text: str) -> str:
    r"""Return the LIKE pattern (escape `\`) for names that contain `text`, by Unicode case folding."""
    folded = fold(text)
    for char in "\\%_":
        folded = folded.replace(char, "\\" + char)
    return f"%{folded}%"


async def update_recording(tenant: Tenant, recording_id: str, changes: Mapping[str, Any]) -> Recording:
    """Change `name`, `metadata` or `recorded_us`; what isn't named stays.

    Raises: RecordingNotFoundError.
    """
    async with tenant.writing() as work:
        _, before = await hold_recording(work, recording_id)
        name = changes.get("name", before.name)
        values = {
            "new_name": name,
            "new_name_folded": fold_name(name),
            "new_metadata_json": dump_metadata(changes["metadata"]) if "metadata" in changes else before.metadata_json,
            "new_recorded_us": changes.get("recorded_us", before.recorded_us),
            "new_updated_us": now_us(),
        }
        await work.execute(queries.update_recording, {"recording_id": recording_id, **values})
        return await get_recording(work, recording_id)


async def mark_audio(
    work: Tenant,
    recording_id: str,
    status: str,
    *,
    sha256: str | None = None,
    size_bytes: int | None = None,
    duration_ms: int | None = None,
) -> None:
    """Say what became of a recording's audio; what isn't given stays. A digest given is a digest verified.

    Raises: RecordingNotFoundError.
    """
    now = now_us()
    changed = {
        "recording_id": recording_id,
        "new_status": status,
        "new_content_sha256": sha256,
        "new_content_sha256_verified_us": None if sha256 is None else now,
        "new_file_size_bytes": size_bytes,
        "new_duration_ms": duration_ms,
        "now_us": now,
    }
    if not await work.execute(queries.update_recording_audio, changed):
        raise RecordingNotFoundError


async def delete_recording(tenant: Tenant, recording_id: str) -> None:
    """Delete a recording and, by the tables' references, its transcripts, index and kept sources.

    Raises: RecordingNotFoundError.
    """
    async with tenant.writing() as work:
        await get_recording(work, recording_id)  # whose it is comes first: what follows looks at the whole project
        await forget_quotes(work, recording_id)
        if not await work.execute(queries.delete_recording, {"recording_id": recording_id}):
            raise RecordingNotFoundError
