"""Downloads: selects a recording's media and grants access to the bytes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache

import structlog

from earmark.library.recordings import get_recording
from earmark.library.types import Recording
from earmark.media import queries
from earmark.media.errors import MediaMissingError, MediaNotFoundError
from earmark.media.grants import DOWNLOAD_S, Grant
from earmark.media.store import MediaStore, StoredFile
from earmark.media.types import Media
from earmark.storage.tenant import Tenant

log = structlog.get_logger("earmark.media")


async def list_media(tenant: Tenant, recordings: Sequence[Recording]) -> dict[str, list[Media]]:
    """Return the verified media of each recording that has any: its current audio, then the last begun first."""
    current = {recording.id: recording.media_id for recording in recordings}
    found: dict[str, list[Media]] = {}
    if current:
        rows = await tenant.fetch_all(queries.select_verified_media, {"recording_ids": list(current)})
        for media in (Media(*row) for row in rows):
            found.setdefault(media.recording_id, []).append(media)
    return {
        recording_id: sorted(those, key=lambda one: one.id != current[one.recording_id])
        for recording_id, those in found.items()
    }


async def begin_download(tenant: Tenant, recording_id: str, media_id: str | None) -> tuple[Media, Grant]:
    """Return a verified medium, by default the current audio, and a 15-minute grant to read it.

    Raises: RecordingNotFoundError, MediaNotFoundError.
    """
    recording = await get_recording(tenant, recording_id)
    found = (await list_media(tenant, [recording])).get(recording_id, [])
    if media_id is not None:
        found = [media for media in found if media.id == media_id]
    if not found:
        raise MediaNotFoundError(param=None if media_id is None else "media_id")
    media, key = found[0], tenant.key
    grant = Grant(
        "GET", key.tenant_id, key.project_id, key.mode, media.id, media.content_type, media.size_bytes,
        int(time.time()) + DOWNLOAD_S,
    )  # fmt: skip
    return media, grant


async def get_verified(tenant: Tenant, media_id: str) -> Media:
    """Return a verified medium.

    Raises: MediaNotFoundError.
    """
    row = await tenant.fetch_one(queries.select_media, {"media_id": media_id}, for_update=False)
    if row is None or row[3] != "verified":
        raise MediaNotFoundError
    return Media(*row)


async def get_granted(tenant: Tenant, grant: Grant) -> Media:
    """Return the medium that a grant allows to read, while its recording exists.

    Raises: MediaNotFoundError.
    """
    return await get_verified(tenant, grant.media_id)


async def open_stored(tenant: Tenant, store: MediaStore, media: Media) -> StoredFile:
    """Open the bytes of a verified medium.

    Raises: MediaNotFoundError if it was deleted meanwhile; MediaMissingError, logged, if only its file is missing.
    """
    try:
        return await store.open(media.key(tenant.key.tenant_id))
    except MediaNotFoundError as error:
        await get_verified(tenant, media.id)
        _log_missing(media.id, media.recording_id)
        raise MediaMissingError from error


@lru_cache(maxsize=1_024)
def _log_missing(media_id: str, recording_id: str) -> None:
    """Log a missing file once, however often a player asks for it."""
    log.error("media.missing", media_id=media_id, recording_id=recording_id)
