"""Recordings: create, read, list, update and delete; audio and transcripts are added later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from earmark.clock import now_us
from earmark.ids import new_id, new_number
from earmark.library import queries
from earmark.library.announcing import emit_recording
from earmark.library.end_users import dump_metadata, lock_end_user, page_params
from earmark.library.errors import FileImportedError, RecordingNotFoundError
from earmark.library.types import Page, Recording, RecordingFilters, RecordingOrder
from earmark.storage.errors import UniqueViolationError
from earmark.storage.query import Row
from earmark.storage.tenant import Tenant
from earmark.text import fold

_DATED = ("recorded_us", "recorded_offset_min", "recorded_precision")
_ALL = RecordingFilters()
_NEWEST_FIRST = RecordingOrder()
_COLUMNS = {"created_at": "created_us", "recorded_at": "recorded_us", "name": "name_folded", "duration": "duration_ms"}
_WITHOUT = "-"
"""Marks a position among those that lack what the list is ordered by."""
_MOST_NAME_BYTES = 1_200


async def create_recording(
    tenant: Tenant,
    *,
    name: str | None = None,
    source: str = "api_upload",
    device_id: str | None = None,
    recorded_us: int | None = None,
    recorded_offset_min: int | None = None,
    recorded_precision: str | None = None,
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
        ended_us, dump_metadata(metadata), None, now, now, recorded_offset_min=recorded_offset_min,
        recorded_precision=recorded_precision,
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
    owner_no = await lock_end_user(work, owner_id)
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

    Raises: RecordingNotFoundError if one of them is not the caller's; the first one's index is in its details.
    """
    found = await find_recordings(tenant, recording_ids)
    by_id = {recording.id: recording for recording in found}
    missing = next((at for at, one in enumerate(recording_ids) if one not in by_id), None)
    if missing is not None:
        raise RecordingNotFoundError(param=param, index=missing if len(recording_ids) > 1 else None)
    return [by_id[recording_id] for recording_id in recording_ids]


async def find_recordings(tenant: Tenant, recording_ids: Sequence[str]) -> list[Recording]:
    """Return the existing recordings among these, in no particular order."""
    params = {"recording_ids": list(recording_ids)}
    return [Recording(*row) for row in await tenant.fetch_all(queries.select_recordings_among, params)]


async def lock_recordings(work: Tenant, recording_ids: Sequence[str]) -> int:
    """Lock recordings against deletion until the commit; return how many of them are there."""
    return len(await work.fetch_all(queries.select_recordings_shared, {"recording_ids": list(recording_ids)}))


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


async def list_recordings(
    tenant: Tenant, page: Page, filters: RecordingFilters = _ALL, order: RecordingOrder = _NEWEST_FIRST
) -> list[Recording]:
    """Return recordings, newest first unless another order is asked for.

    Status `uploaded` also finds recordings with audio that have a transcript by now.
    """
    given = filters.given()
    params = {**page_params(page), **given}
    names = set(given)
    if "q" in given:
        params["q"] = contains_pattern(given["q"])
    if filters.speaker is not None:  # names that go on after a space, which "!" follows
        params |= {"speaker_from": f"{filters.speaker} ", "speaker_until": f"{filters.speaker}!"}
    if filters.status == "uploaded":
        names = names - {"status"} | {"uploaded"}
    if not order.is_default:
        return await _list_ordered(tenant, page, order, frozenset(names), params)
    shape = {"filters": frozenset(names), "is_continued": page.after is not None}
    asked = queries.select_recordings_named if "q" in given else queries.select_recordings
    return [Recording(*row) for row in await tenant.fetch_all(asked, params, **shape)]


async def _list_ordered(
    tenant: Tenant, page: Page, order: RecordingOrder, names: frozenset[str], params: Mapping[str, Any]
) -> list[Recording]:
    """Return those that have what is ordered by, then those that don't."""
    value, after_id = page.after or (None, "")
    is_past = after_id.startswith(_WITHOUT)  # all that have it
    shape = {"filters": names, "by": _COLUMNS[order.by]}
    rows: list[Row] = []
    async with tenant.reading() as snapshot:
        if not is_past:
            there = {**params, "after_value": value, "after_id": after_id}
            shown = {**shape, "is_ascending": order.is_ascending, "is_continued": page.after is not None}
            rows = await snapshot.fetch_all(queries.select_recordings_ordered, there, **shown)
        if len(rows) < page.limit and order.by != "created_at":
            rest = {**params, "limit": page.limit - len(rows), "offset": 0}
            rest |= {"after_us": value, "after_id": after_id.removeprefix(_WITHOUT)} if is_past else {}
            rows += await snapshot.fetch_all(queries.select_recordings_without, rest, **shape, is_continued=is_past)
    return [Recording(*row) for row in rows]


def position_in(order: RecordingOrder, recording: Recording) -> tuple[Any, str]:
    """Return the keyset position of a recording in a list of this order."""
    value = fold_name(recording.name) if order.by == "name" else getattr(recording, _COLUMNS[order.by])
    if value is None:
        return recording.created_us, _WITHOUT + recording.id
    if isinstance(value, str) and len(value.encode()) > _MOST_NAME_BYTES:  # it would not fit into a cursor
        cut = value.encode()[:_MOST_NAME_BYTES].decode(errors="ignore")
        return (cut + "\U0010ffff" if order.is_ascending else cut), recording.id
    return value, recording.id


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
            **{f"new_{name}": changes.get(name, getattr(before, name)) for name in _DATED},
            "new_updated_us": now_us(),
        }
        await work.execute(queries.update_recording, {"recording_id": recording_id, **values})
        after = await get_recording(work, recording_id)
        await emit_recording(work, "recording.updated", after)
        return after


async def mark_without_audio(work: Tenant, recording_id: str) -> None:
    """Forget a recording's audio in the unit of work that deletes it; its duration stays."""
    await work.execute(queries.update_recording_without_audio, {"recording_id": recording_id, "now_us": now_us()})


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
