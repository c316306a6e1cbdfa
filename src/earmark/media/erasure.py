"""Letting go of bytes: with their recording or end user, and what nobody's row speaks of."""

from __future__ import annotations

import asyncio

import structlog

from earmark.clock import now_us
from earmark.errors import EarmarkError
from earmark.identity.projects import list_tenants
from earmark.library import recordings
from earmark.media import queries
from earmark.media.store import MediaStore, StoredKey
from earmark.media.types import Media, folder_of
from earmark.storage.tenant import Operator, Tenant

_STALE_US = 24 * 3_600 * 1_000_000
_IDLE_S = 3_600.0
_BATCH = 500
_EVERY_S = 3_600.0
log = structlog.get_logger("earmark.media")


async def delete_recording(tenant: Tenant, store: MediaStore, recording_id: str) -> None:
    """Delete a recording with everything that hangs on it; its bytes go once the rows are gone.

    Raises: RecordingNotFoundError.
    """
    async with tenant.writing() as work:
        recording = await recordings.get_recording(work, recording_id)
        await recordings.delete_recording(work, recording_id)
        forget_bytes(work, store, recording.end_user_id, recording_id)
        work.after_commit(lambda: tenant.database.forget_log(at_once=False))


def forget_bytes(work: Tenant, store: MediaStore, end_user_id: str, recording_id: str | None = None) -> None:
    """Delete the bytes of an end user, or of one recording, once the unit of work is committed."""
    folder = folder_of(work.key.tenant_id, end_user_id, recording_id)
    work.after_commit(lambda: store.delete_under(folder))


async def keep_sweeping(operator: Operator, store: MediaStore) -> None:
    """Sweep now, and every hour until cancelled."""
    while True:
        try:
            await sweep(operator, store)
            await operator.database.forget_log(at_once=True)  # a crash may have come before it was let go
        except EarmarkError as error:  # the database or the disk is away: the next round finds the same
            log.warning("media.not_swept", error=type(error).__name__)
        await asyncio.sleep(_EVERY_S)


async def sweep(operator: Operator, store: MediaStore) -> int:
    """Delete half uploads and bytes without a row; return how many. Safe beside uploads in any process."""
    swept = await store.sweep_staged(idle_s=_IDLE_S)
    for tenant in await list_tenants(operator):
        swept += await _sweep_stale(tenant, store)
        swept += await _sweep_orphans(tenant, store)
    return swept


async def _sweep_stale(tenant: Tenant, store: MediaStore) -> int:
    """Uploads that were begun and not completed within a day."""
    rows = await tenant.fetch_all(queries.select_stale_media, {"before_us": now_us() - _STALE_US})
    for media in (Media(*row) for row in rows):
        async with tenant.writing() as work:
            await work.execute(queries.delete_unfinished_media, {"media_id": media.id})
    return len(rows)


async def _sweep_orphans(tenant: Tenant, store: MediaStore) -> int:
    """Bytes are looked for before rows: a row is there before its bytes are, and gone before they are deleted."""
    stored = await store.list_under(str(tenant.key.tenant_id))
    swept = 0
    for start in range(0, len(stored), _BATCH):
        swept += await _sweep_batch(tenant, store, stored[start : start + _BATCH])
    return swept


async def _sweep_batch(tenant: Tenant, store: MediaStore, stored: list[StoredKey]) -> int:
    named = {one.key: one.key.rpartition("/")[2].split("-") for one in stored}
    ids = sorted({media_id for media_id, _ in named.values()})
    kept: dict[str, str | None] = dict(await tenant.fetch_all(queries.select_kept_media, {"media_ids": ids}))
    swept = 0
    for one in stored:
        media_id, sha256 = named[one.key]
        is_other = media_id in kept and kept[media_id] != sha256 and one.idle_s > _IDLE_S
        if media_id not in kept or is_other:
            await store.delete(one.key)
            swept += 1
    return swept
