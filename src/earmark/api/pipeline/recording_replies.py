"""Renders recordings with their media; reads media only for recordings that have some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.paging import page_reply
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.wire.common import CursorQuery
from earmark.api.wire.recordings import recording_to_wire
from earmark.library import recordings
from earmark.library.types import Page, Recording
from earmark.media.downloads import list_media
from earmark.media.types import Media


async def _media_of(call: Call, found: Sequence[Recording]) -> dict[str, list[Media]]:
    return await list_media(call.tenant, [one for one in found if one.media_id is not None])


async def recording_reply(call: Call, recording: Recording, status: int = 200) -> Reply:
    """Render one recording."""
    media = (await _media_of(call, [recording])).get(recording.id, [])
    return json_reply(recording_to_wire(recording, call.tenant.key.project_id, media), status)


async def recording_page(call: Call, route: str, query: CursorQuery, filters: Mapping[str, Any]) -> Reply:
    """Render a page of recordings, newest first."""
    media: dict[str, list[Media]] = {}

    async def fetch(page: Page) -> list[Recording]:
        found = await recordings.list_recordings(call.tenant, page, filters)
        media.update(await _media_of(call, found))
        return found

    return await page_reply(
        call,
        route,
        query,
        filters,
        fetch=fetch,
        position_of=lambda recording: (recording.created_us, recording.id),
        to_wire=lambda one: recording_to_wire(one, call.tenant.key.project_id, media.get(one.id, [])),
    )
