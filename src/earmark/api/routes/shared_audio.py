"""The audio of a shared link: a whole recording, or a clip of its moment."""

from __future__ import annotations

from dataclasses import replace

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.reply import Reply
from earmark.api.routes.transfers import download_of
from earmark.media.downloads import open_stored
from earmark.media.errors import MediaNotFoundError
from earmark.media.store import StoredFile
from earmark.media.types import Media
from earmark.sharing.clips import CLIP_TYPE, cut_clip
from earmark.sharing.errors import LinkGoneError
from earmark.sharing.opening import find_audio, is_open, open_link
from earmark.sharing.types import Share


async def audio_of(call: Call, token: str) -> Reply:
    """Return the audio of a link, whole or in a range.

    Raises: LinkGoneError, RangeError.
    """
    database = call.runtime.database
    tenant, share = await open_link(database, token)
    call.count_for(tenant)
    media = await find_audio(tenant, share)
    try:
        file = await open_stored(tenant, call.runtime.media, media)
    except MediaNotFoundError as error:
        raise LinkGoneError from error
    if share.start_ms is not None:
        file, media = await _clip_of(call, share, file, media)
    return await download_of(call, file, media, is_valid=lambda: is_open(database, token))


async def _clip_of(call: Call, share: Share, file: StoredFile, media: Media) -> tuple[StoredFile, Media]:
    """Return the clip of a moment, and what it is; the whole file is closed."""
    assert share.start_ms is not None
    assert share.end_ms is not None
    try:
        async with call.heavy():
            clip = await cut_clip(file, share.start_ms, share.end_ms)
    finally:
        await file.close()
    named = f"{media.sha256}-{share.start_ms}-{share.end_ms}"
    return clip, replace(media, content_type=CLIP_TYPE, sha256=named)
