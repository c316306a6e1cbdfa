"""Uploads in several requests: what arrived stays, and the next request goes on there.

What a response said has arrived is on disk. The bytes become the recording's only whole: after the last part their
digest is computed, they get their final name, the row is updated, and only then the partial file goes; a crash between
any two of these steps leaves the partial file, and the last request can be repeated.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from earmark.media.deletion import enqueue_deletion
from earmark.media.errors import SupersededUploadError, UploadOffsetError, UploadSizeError, UploadTooLargeError
from earmark.media.grants import Grant
from earmark.media.ranges import Part
from earmark.media.store import MediaStore, Partial
from earmark.media.types import Media
from earmark.media.uploads import get_newest, get_open, supersede_others, update_medium, while_wanted
from earmark.storage.tenant import Tenant

_WAIT_S: Final = 10.0
"""So long the request before this one may take to notice that it is superseded."""
_LOOK_S: Final = 0.05


async def find_offset(tenant: Tenant, store: MediaStore, media_id: str) -> tuple[int, int | None]:
    """Return how many bytes of an upload have arrived for good, and how many it will have, if that is known.

    Raises: MediaNotFoundError, LinkExpiredError once it is completed.
    """
    media = await get_open(tenant, media_id)
    arrived = await store.partial_size(media.partial_key(tenant.key.tenant_id))
    if media.status == "received" and not arrived:
        return media.size_bytes or 0, media.size_bytes
    return arrived, media.size_bytes


async def receive_part(
    tenant: Tenant, store: MediaStore, grant: Grant, part: Part, pieces: AsyncIterator[bytes], *, limit_bytes: int
) -> tuple[Media, int]:
    """Receive a part of an upload; return the medium, which is `received` after the last, and how much arrived.

    A part that begins at 0 begins anew. One that breaks off leaves the bytes that came.

    Raises: UploadOffsetError, UploadTooLargeError, UploadSizeError, MediaNotFoundError, LinkExpiredError,
        SupersededUploadError, StorageUnavailableError.
    """
    _check_size(part, grant.size_bytes, limit_bytes)
    begun = await supersede_others(tenant, grant.media_id)
    if begun.status == "received" and not part.size_bytes and begun.size_bytes == part.total_bytes:
        return begun, part.first  # its response was lost
    key = begun.partial_key(tenant.key.tenant_id)
    partial = await _take(store, key, is_new=part.first == 0)
    try:
        if partial.size_bytes != part.first:
            raise UploadOffsetError(partial.size_bytes)
        await _write(tenant, begun, partial, part, pieces)
        if part.total_bytes is None or partial.size_bytes < part.total_bytes:
            return begun, partial.size_bytes
        stored = await _store_whole(tenant, store, begun, partial)
        await store.delete(key)
        return stored, part.total_bytes
    finally:
        await partial.close()


def _check_size(part: Part, announced_bytes: int | None, limit_bytes: int) -> None:
    """Check a part against what the upload may have: its announced size, if any, and the server's limit."""
    end = part.first + part.size_bytes
    if (part.total_bytes or end) > limit_bytes:
        raise UploadTooLargeError(limit_bytes)
    if announced_bytes is not None and (end > announced_bytes or part.total_bytes not in (None, announced_bytes)):
        raise UploadSizeError(announced_bytes)


async def _take(store: MediaStore, key: str, *, is_new: bool) -> Partial:
    until = time.monotonic() + _WAIT_S
    while (partial := await store.open_partial(key, is_new=is_new)) is None:
        if time.monotonic() > until:
            raise SupersededUploadError
        await asyncio.sleep(_LOOK_S)
    return partial


async def _write(tenant: Tenant, begun: Media, partial: Partial, part: Part, pieces: AsyncIterator[bytes]) -> None:
    """Append the request's bytes, and sync what came even if it broke off, unless a newer request takes over."""
    end = part.first + part.size_bytes
    try:
        async for piece in while_wanted(pieces, lambda: get_newest(tenant, begun)):
            if partial.size_bytes + len(piece) > end:
                raise UploadSizeError(part.size_bytes)
            await partial.write(piece)
    except SupersededUploadError:
        raise
    except BaseException:
        await asyncio.shield(asyncio.ensure_future(partial.sync()))
        raise
    await partial.sync()


async def _store_whole(tenant: Tenant, store: MediaStore, begun: Media, partial: Partial) -> Media:
    sha256 = await partial.sha256()
    async with tenant.writing() as work:
        earlier = await get_newest(work, begun, for_update=True)
        changed = replace(earlier, status="received", size_bytes=partial.size_bytes, sha256=sha256)
        stored = await update_medium(work, changed)
        await store.put_partial(partial, stored.key(work.key.tenant_id))
        if earlier.sha256 not in (None, sha256):
            await enqueue_deletion(work, store, earlier)
        return stored
