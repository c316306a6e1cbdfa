"""Deletion of bytes with the rows that name them: certain by a job, prompt before the caller gets its answer."""

from __future__ import annotations

from earmark.jobs.queue import enqueue
from earmark.jobs.running import RunningJob
from earmark.jobs.types import JobKind, NewJob, sweeping
from earmark.library.deletion import Gone, RoomDeletion
from earmark.media.erasure import delete_replaced, sweep
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


def deletion(store: MediaStore) -> RoomDeletion:
    """Return what this room deletes: the bytes; the rows go by cascade."""

    async def delete_bytes(work: Tenant, gone: Gone) -> None:
        folder = folder_of(work.key.tenant_id, gone.end_user_id, gone.recording_id)
        new = NewJob(_FOLDER, payload={"folder": folder})
        await enqueue(work.whole_tenant(), new, promptly=lambda: store.delete_under(folder))

    return RoomDeletion("media", recording=delete_bytes, end_user=delete_bytes)


def kinds(store: MediaStore) -> list[JobKind]:
    """Return this room's kinds of job."""

    async def delete_folder(running: RunningJob) -> None:
        await store.delete_under(running.job.payload["folder"])

    async def delete_bytes(running: RunningJob) -> None:
        await delete_replaced(running.tenant, store, **running.job.payload)

    async def sweep_all(operator: Operator) -> None:
        await sweep(operator, store)

    return [
        JobKind(_FOLDER, delete_folder, max_attempts=_ATTEMPTS),
        JobKind(_REPLACED, delete_bytes, max_attempts=_ATTEMPTS),
        sweeping("media.sweep", sweep_all, _SWEEP_S),
    ]
