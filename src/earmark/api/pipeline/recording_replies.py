"""Renders recordings with their media; reads media only for recordings that have some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.paging import page_reply
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.wire.common import CursorQuery
from earmark.api.wire.recordings import recorded_locally, recording_to_wire
from earmark.library import recordings
from earmark.library.types import Page, Recording, RecordingFilters, RecordingOrder
from earmark.media.downloads import list_media
from earmark.media.types import Media

_NEWEST_FIRST = RecordingOrder()


async def _media_of(call: Call, found: Sequence[Recording]) -> dict[str, list[Media]]:
    return await list_media(call.tenant, [one for one in found if one.media_id is not None])


def _to_wire(call: Call, recording: Recording, media: Sequence[Media], include: str | None) -> dict[str, Any]:
    shown = recording_to_wire(recording, call.tenant.key.project_id, media)
    return shown if include is None else {**shown, "recorded_at_local": recorded_locally(recording)}


async def recording_reply(call: Call, recording: Recording, status: int = 200, *, include: str | None = None) -> Reply:
    """Render one recording; `include` may be `local_time`."""
    media = (await _media_of(call, [recording])).get(recording.id, [])
    return json_reply(_to_wire(call, recording, media, include), status)


async def recording_page(
    call: Call,
    route: str,
    query: CursorQuery,
    filters: RecordingFilters,
    *,
    order: RecordingOrder = _NEWEST_FIRST,
    include: str | None = None,
) -> Reply:
    """Render a page of recordings, newest first unless another order is asked for."""
    media: dict[str, list[Media]] = {}

    async def fetch(page: Page) -> list[Recording]:
        found = await recordings.list_recordings(call.tenant, page, filters, order)
        media.update(await _media_of(call, found))
        return found

    return await page_reply(
        call,
        route if order.is_default else f"{route} by {order.by}, {'up' if order.is_ascending else 'down'}",
        query,
        filters,
        fetch=fetch,
        position_of=lambda recording: recordings.position_in(order, recording),
        to_wire=lambda one: _to_wire(call, one, media.get(one.id, []), include),
    )
