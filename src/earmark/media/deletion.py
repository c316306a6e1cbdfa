"""Deletion of bytes with the rows that name them: certain by a job, prompt before the caller gets its answer."""

from __future__ import annotations

from collections.abc import Mapping

from earmark.jobs.kinds import JobKind, sweeping
from earmark.jobs.queue import enqueue
from earmark.jobs.running import RunningJob
from earmark.jobs.types import NewJob
from earmark.library.announcing import emit_recording
from earmark.library.deletion import Gone, RoomDeletion
from earmark.library.recordings import get_recording, hold_recording, mark_without_audio
from earmark.media import queries
from earmark.media.erasure import Kept, delete_replaced, sweep
from earmark.media.errors import MediaNotFoundError
from earmark.media.store import MediaStore
from earmark.media.types import Media, folder_of
from earmark.storage.tenant import Operator, Tenant

_SWEEP_S = 3_600.0
_ATTEMPTS = 20
_FOLDER, _REPLACED = "media.delete_folder", "media.delete_replaced"


async def enqueue_deletion(work: Tenant, store: MediaStore, media: Media) -> None:
    """Delete the bytes that a medium loses in this unit of work."""
    tenant = Tenant(work.database, work.whole_tenant().key)
    key = media.key(work.key.tenant_id)

    async def delete() -> None:
        await delete_replaced(tenant, store, media_id=media.id, sha256=media.sha256, key=key)

    payload = {"media_id": media.id, "sha256": media.sha256, "key": key}
    await enqueue(work.whole_tenant(), NewJob(_REPLACED, payload=payload), promptly=delete)


async def enqueue_folder_deletion(work: Tenant, store: MediaStore, folder: str) -> None:
    """Delete all bytes below a key's prefix once this unit of work is committed."""
    new = NewJob(_FOLDER, payload={"folder": folder})
    await enqueue(work.whole_tenant(), new, promptly=lambda: store.delete_under(folder))


async def delete_audio(tenant: Tenant, store: MediaStore, media_id: str) -> None:
    """Delete a medium with its bytes; its recording and the transcript stay.

    Raises: MediaNotFoundError, RecordingNotFoundError.
    """
    async with tenant.writing() as work:
        row = await work.fetch_one(queries.select_media, {"media_id": media_id}, for_update=False)
        if row is None:
            raise MediaNotFoundError
        media = Media(*row)
        owner, recording = await hold_recording(work, media.recording_id)
        if not await owner.execute(queries.delete_media, {"media_id": media_id}):
            raise MediaNotFoundError
        if recording.media_id == media_id:
            await mark_without_audio(owner, recording.id)
        await enqueue_deletion(owner, store, media)
        await emit_recording(owner, "recording.updated", await get_recording(owner, recording.id))


def deletion(store: MediaStore) -> RoomDeletion:
    """Return what this room deletes: the bytes; the rows go by cascade."""

    async def delete_bytes(work: Tenant, gone: Gone) -> None:
        folder = folder_of(work.key.tenant_id, gone.end_user_id, gone.recording_id)
        await enqueue_folder_deletion(work, store, folder)

    return RoomDeletion("media", recording=delete_bytes, end_user=delete_bytes)


def kinds(store: MediaStore, kept: Mapping[str, Kept] | None = None) -> list[JobKind]:
    """Return this room's kinds of job; `kept` says what other rooms keep in the store, by the prefix of their ids."""

    async def delete_folder(running: RunningJob) -> None:
        await store.delete_under(running.job.payload["folder"])

    async def delete_bytes(running: RunningJob) -> None:
        await delete_replaced(running.tenant, store, **running.job.payload)

    async def sweep_all(operator: Operator) -> None:
        await sweep(operator, store, kept)

    return [
        JobKind(_FOLDER, delete_folder, max_attempts=_ATTEMPTS),
        JobKind(_REPLACED, delete_bytes, max_attempts=_ATTEMPTS),
        sweeping("media.sweep", sweep_all, _SWEEP_S),
    ]
