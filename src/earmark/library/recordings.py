"""Recordings: create, read, list, update and delete; audio and transcripts are added later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from earmark.clock import now_us
from earmark.ids import new_id, new_number
from earmark.library import queries
from earmark.library.announcing import emit_recording
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
    """Create a recording of the end user that the handle is narrowed to.

    Raises: FileImportedError if `import_sha256` exists already.
    """
    assert tenant.end_user_id is not None
    now = now_us()
    recording = Recording(
        new_id("rec"), new_number(), tenant.end_user_id, device_id, source, name, "pending", None, recorded_us,
        ended_us, dump_metadata(metadata), None, now, now,
    )  # fmt: skip
    row = {field: getattr(recording, field) for field in Recording.__dataclass_fields__}
    row |= {"name_folded": fold_name(name), "import_sha256": import_sha256, "last_seq": 0}
    try:
        async with tenant.writing() as work:
            await work.execute(queries.insert_recording, row)
            await emit_recording(work, "recording.created", recording)
    except UniqueViolationError as error:
        raise FileImportedError from error
    return recording


def fold_name(name: str | None) -> str | None:
    """Return the folded name that `q` is compared with."""
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
    """Lock a recording until the commit; return its owner's handle and the recording.

    Raises: RecordingNotFoundError.
    """
    owner_id = (await get_recording(work, recording_id)).end_user_id
    owner_no = await keep_end_user(work, owner_id)
    row = await work.fetch_one(queries.select_recording, {"recording_id": recording_id}, for_update=True)
    if owner_no is None or row is None:
        raise RecordingNotFoundError
    return work.acting_for(owner_id, owner_no), Recording(*row)


async def take_seq(work: Tenant, recording_id: str) -> int:
    """Return the number of a recording's next transcription or medium, in the unit of work that inserts it.

    Raises: RecordingNotFoundError.
    """
    found = {"recording_id": recording_id}
    await work.execute(queries.update_last_seq, found)
    row = await work.fetch_one(queries.select_last_seq, found)
    if row is None:
        raise RecordingNotFoundError
    return int(row[0])


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
    """Return the existing recordings among these, in no particular order."""
    params = {"recording_ids": list(recording_ids)}
    return [Recording(*row) for row in await tenant.fetch_all(queries.select_recordings_among, params)]


async def list_recordings_in_folder(tenant: Tenant, folder_id: str) -> list[Recording]:
    """Return all recordings now in a folder, oldest first."""
    rows = await tenant.fetch_all(queries.select_recordings_in_folder, {"folder_id": folder_id})
    return [Recording(*row) for row in rows]


async def list_transcribed(tenant: Tenant, recording_ids: Sequence[str] | None, limit: int) -> list[Recording]:
    """Return the newest recordings with a transcript, of these or (None) of all, newest first."""
    params = {"recording_ids": list(recording_ids or ()), "limit": limit}
    is_narrowed = recording_ids is not None
    rows = await tenant.fetch_all(queries.select_transcribed, params, is_narrowed=is_narrowed)
    return [Recording(*row) for row in rows]


async def find_imported(tenant: Tenant, import_sha256: str) -> Recording | None:
    """Return the recording that was imported from these bytes, or None."""
    params = {"end_user_id": tenant.end_user_id, "import_sha256": import_sha256}
    row = await tenant.fetch_one(queries.select_recording_by_file, params)
    return None if row is None else Recording(*row)


async def list_recordings(tenant: Tenant, page: Page, filters: Mapping[str, Any]) -> list[Recording]:
    """Return recordings, newest first; `filters` maps names of FILTERS to values.

    Status `uploaded` also finds recordings with audio that have a transcript by now.
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
    """Change `name`, `metadata` or `recorded_us`; other fields stay.

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
        after = await get_recording(work, recording_id)
        await emit_recording(work, "recording.updated", after)
        return after


async def mark_audio(
    work: Tenant,
    recording_id: str,
    status: str,
    *,
    media_id: str | None = None,
    sha256: str | None = None,
    size_bytes: int | None = None,
    duration_ms: int | None = None,
) -> None:
    """Update a recording's audio status; fields not given stay. A given digest counts as verified.

    `media_id` names the medium that is the recording's audio from now on.

    Raises: RecordingNotFoundError.
    """
    now = now_us()
    changed = {
        "recording_id": recording_id,
        "new_status": status,
        "new_media_id": media_id,
        "new_content_sha256": sha256,
        "new_content_sha256_verified_us": None if sha256 is None else now,
        "new_file_size_bytes": size_bytes,
        "new_duration_ms": duration_ms,
        "now_us": now,
    }
    if not await work.execute(queries.update_recording_audio, changed):
        raise RecordingNotFoundError
