"""Uploads: begun, received, completed.

A crash at any moment preserves what was acknowledged: the bytes are on disk before the row is updated, and
the row is updated before the sender gets the response. Unacknowledged bytes are swept.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any

from earmark.clock import now_us
from earmark.ids import new_id
from earmark.library.announcing import emit_recording
from earmark.library.recordings import get_recording, hold_recording, mark_audio, take_seq
from earmark.library.types import Recording
from earmark.media import queries
from earmark.media.deletion import enqueue_deletion
from earmark.media.errors import (
    EmptyUploadError,
    IntegrityError,
    LinkUsedError,
    MediaNotFoundError,
    NoUploadError,
    SupersededUploadError,
    UploadNotVerifiedError,
    UploadSizeError,
    UploadTooLargeError,
)
from earmark.media.grants import UPLOAD_S, Grant
from earmark.media.store import MediaStore, Staged
from earmark.media.types import Claim, Media, MediaStatus
from earmark.storage.tenant import Tenant

_OPEN = ("waiting", "received")
_LOOK_S = 2.0
_LOOK_BYTES = 16 << 20
"""Interval, in seconds or bytes, at which a running upload checks that it is still wanted."""


async def begin_upload(
    tenant: Tenant, recording_id: str, content_type: str, size_bytes: int | None
) -> tuple[Media, Grant]:
    """Create a medium without bytes, and a grant to send them within an hour.

    Raises: RecordingNotFoundError.
    """
    now = now_us()
    expires_s = int(time.time()) + UPLOAD_S
    async with tenant.writing() as work:
        recording = await get_recording(work, recording_id)
        media = Media(
            new_id("med"), recording.id, recording.end_user_id, "waiting", content_type, size_bytes, None,
            expires_s * 1_000_000, now, now, await take_seq(work, recording.id),
        )  # fmt: skip
        await work.execute(queries.insert_media, asdict(media))
    key = tenant.key
    grant = Grant("PUT", key.tenant_id, key.project_id, key.mode, media.id, content_type, size_bytes, expires_s)
    return media, grant


async def receive(
    tenant: Tenant, store: MediaStore, grant: Grant, pieces: AsyncIterator[bytes], *, limit_bytes: int
) -> Media:
    """Receive an upload's bytes; until completion they may be sent again.

    An upload whose recording is deleted, that is completed, or that is superseded ends within `_LOOK_S` and its
    bytes are discarded, provided `pieces` yields that often (empty pieces, if need be).

    Raises: MediaNotFoundError, LinkUsedError, SupersededUploadError, UploadTooLargeError, UploadSizeError,
        StorageUnavailableError.
    """
    begun = await supersede_others(tenant, grant.media_id)
    staged = await store.stage()
    try:
        wanted = while_wanted(pieces, lambda: get_newest(tenant, begun))
        await write_pieces(staged, wanted, grant.size_bytes, limit_bytes)
        async with tenant.writing() as work:
            earlier = await get_newest(work, begun, for_update=True)
            stored = await _store(work, store, earlier, staged, "received")
            if earlier.sha256 not in (None, stored.sha256):
                await enqueue_deletion(work, store, earlier)
            return stored
    finally:
        await staged.discard()


async def supersede_others(tenant: Tenant, media_id: str) -> Media:
    """Register this upload as the newest for its medium; an older one still running ends."""
    async with tenant.writing() as work:
        return await update_medium(work, await get_open(work, media_id, for_update=True))


async def get_newest(tenant: Tenant, begun: Media, *, for_update: bool = False) -> Media:
    """Return the medium as it is now.

    Raises: MediaNotFoundError, LinkUsedError; SupersededUploadError if a newer request receives it.
    """
    media = await get_open(tenant, begun.id, for_update=for_update)
    if media.updated_us != begun.updated_us:
        raise SupersededUploadError
    return media


async def while_wanted(pieces: AsyncIterator[bytes], look: Callable[[], Awaitable[Any]]) -> AsyncIterator[bytes]:
    """Yield the pieces, and call `look` now and then: it raises once the upload is not wanted any more."""
    checked_s, unchecked_bytes = time.monotonic(), 0
    async for piece in pieces:
        unchecked_bytes += len(piece)
        if unchecked_bytes >= _LOOK_BYTES or time.monotonic() - checked_s >= _LOOK_S:
            await look()
            checked_s, unchecked_bytes = time.monotonic(), 0
        yield piece


async def write_pieces(staged: Staged, pieces: AsyncIterator[bytes], size_bytes: int | None, limit_bytes: int) -> None:
    """Write an upload, and check its size.

    Raises: UploadTooLargeError, UploadSizeError, EmptyUploadError, StorageUnavailableError.
    """
    async for piece in pieces:
        await staged.write(piece)
        if staged.size_bytes > limit_bytes:
            raise UploadTooLargeError(limit_bytes)
        if size_bytes is not None and staged.size_bytes > size_bytes:
            raise UploadSizeError(size_bytes)
    if size_bytes is not None and staged.size_bytes != size_bytes:
        raise UploadSizeError(size_bytes)
    if not staged.size_bytes:
        raise EmptyUploadError
    await staged.finish()


async def get_open(tenant: Tenant, media_id: str, *, for_update: bool = False) -> Media:
    """Return a medium that still accepts bytes; a completed one's link is invalid."""
    row = await tenant.fetch_one(queries.select_media, {"media_id": media_id}, for_update=for_update)
    if row is None:
        raise MediaNotFoundError
    media = Media(*row)
    if media.status not in _OPEN:
        raise LinkUsedError
    return media


async def _store(work: Tenant, store: MediaStore, media: Media, staged: Staged, status: MediaStatus) -> Media:
    changed = replace(media, status=status, size_bytes=staged.size_bytes, sha256=staged.sha256)
    stored = await update_medium(work, changed)
    await store.put(staged, stored.key(work.key.tenant_id))
    return stored


async def update_medium(work: Tenant, media: Media) -> Media:
    """Store the changed status, size and digest of a medium."""
    updated = replace(media, updated_us=max(now_us(), media.updated_us + 1))  # no two changes have the same time
    changed = {f"new_{name}": getattr(updated, name) for name in ("status", "size_bytes", "sha256", "updated_us")}
    await work.execute(queries.update_media, {"media_id": media.id, **changed})
    return updated


async def attach(tenant: Tenant, store: MediaStore, recording_id: str, content_type: str, staged: Staged) -> None:
    """Attach finished bytes to a recording as its audio, for uploads from this machine.

    Raises: RecordingNotFoundError, StorageUnavailableError.
    """
    begun, _ = await begin_upload(tenant, recording_id, content_type, staged.size_bytes)
    async with tenant.writing() as work:
        await hold_recording(work, recording_id)
        await _store(work, store, await get_open(work, begun.id, for_update=True), staged, "verified")
        await mark_audio(
            work, recording_id, "uploaded", media_id=begun.id, sha256=staged.sha256, size_bytes=staged.size_bytes
        )
        await emit_recording(work, "recording.uploaded", await get_recording(work, recording_id))


async def completed_us(tenant: Tenant, media_id: str) -> int:
    """Return when a medium's upload was completed, in microseconds since 1970.

    Raises: MediaNotFoundError if there is none that was.
    """
    row = await tenant.fetch_one(queries.select_media, {"media_id": media_id}, for_update=False)
    if row is None or (media := Media(*row)).status != "verified":
        raise MediaNotFoundError
    return media.updated_us  # nothing changes a medium afterwards


async def complete_upload(tenant: Tenant, store: MediaStore, recording_id: str, claim: Claim) -> Recording:
    """Verify the received bytes against the sender's claim, and update the recording.

    A repeated call returns the same. Bytes that don't match the digest are deleted, and the recording's status
    becomes `integrity_failure` unless it has other audio or a transcript.

    Raises: RecordingNotFoundError, NoUploadError, UploadNotVerifiedError, IntegrityError, MediaNotFoundError.
    """
    async with tenant.writing() as work:
        _, recording = await hold_recording(work, recording_id)
        media = await _find_completed(work, recording_id, claim.media_id)
        is_same = claim.sha256 in (None, media.sha256) and claim.size_bytes in (None, media.size_bytes)
        if media.status == "received":
            await _settle(work, store, recording, media, claim, is_same=is_same)
        completed = await get_recording(work, recording_id)
    if not is_same or media.status == "failed":
        raise IntegrityError
    return completed


async def _find_completed(work: Tenant, recording_id: str, media_id: str | None) -> Media:
    rows = await work.fetch_all(queries.select_media_of_recording, {"recording_id": recording_id}, for_update=True)
    found = [Media(*row) for row in rows]
    if media_id is not None:
        found = [media for media in found if media.id == media_id]
        if not found:
            raise MediaNotFoundError(param="media_id")
    if not found:
        raise NoUploadError
    arrived = [media for media in found if media.status != "waiting"]
    if found[0].status == "waiting" and not (arrived and arrived[0].status == "received"):
        raise UploadNotVerifiedError
    return arrived[0]


async def _settle(
    work: Tenant, store: MediaStore, recording: Recording, media: Media, claim: Claim, *, is_same: bool
) -> None:
    if is_same:
        await update_medium(work, replace(media, status="verified"))
        await mark_audio(
            work, recording.id, "uploaded", media_id=media.id, sha256=media.sha256, size_bytes=media.size_bytes,
            duration_ms=claim.duration_ms,
        )  # fmt: skip
        await emit_recording(work, "recording.uploaded", await get_recording(work, recording.id))
        return
    await update_medium(work, replace(media, status="failed"))
    if recording.content_sha256 is None:
        await mark_audio(work, recording.id, "integrity_failure")
    await enqueue_deletion(work, store, media)
