"""`/v1/recordings`, their transcripts, and search."""

from __future__ import annotations

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.paging import asked_filters
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.recording_replies import recording_page, recording_reply
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply, no_content
from earmark.api.wire.recordings import (
    RecordingBody,
    RecordingChanges,
    RecordingListQuery,
    RecordingPage,
    RecordingQuery,
    RecordingShown,
)
from earmark.api.wire.search import SearchRequestBody, SearchResults
from earmark.api.wire.search import result_to_wire as hit_to_wire
from earmark.errors import NotFoundError
from earmark.identity.access import require_scope
from earmark.library import recordings
from earmark.library.end_users import narrow_to_end_user
from earmark.library.folders import choose_recordings
from earmark.library.types import RecordingFilters
from earmark.retrieval.types import SearchRequest

routes = Routes("Recordings")
BY_ID = {"recording_id": "rec"}


async def recording_exists(call: Call, recording_id: str) -> None:
    """Raise 404 unless the caller has this recording."""
    await recordings.get_recording(call.tenant, recording_id)


@routes.add("POST", "/recordings", Rules("recordings:write"), answers={201: RecordingShown}, errors=[NotFoundError])
async def create_recording(call: Call, body: RecordingBody) -> Reply:
    """Create a recording for an end user."""
    tenant = await narrow_to_end_user(call.tenant, body.end_user_id)
    recording = await recordings.create_recording(
        tenant,
        name=body.name,
        source=body.source,
        device_id=body.device_id,
        ended_us=body.ended_at,
        metadata=body.metadata,
        **body.recorded(),
    )
    return await recording_reply(call, recording, 201)


@routes.add("GET", "/recordings", Rules("recordings:read"), answers={200: RecordingPage})
async def list_recordings(call: Call, query: RecordingListQuery) -> Reply:
    """List recordings, newest first unless another order is asked for."""
    if query.folder_id is not None:
        require_scope(call.caller, "folders:read")
    if query.speaker is not None:
        require_scope(call.caller, "transcriptions:read")
    filters = asked_filters(query, RecordingFilters)
    return await recording_page(call, "recordings", query, filters, order=query.to_order(), include=query.include)


@routes.add("POST", "/recordings/search", Rules("recordings:read", retry="none"), answers={200: SearchResults},
            errors=[NotFoundError])  # fmt: skip
async def search_recordings(call: Call, body: SearchRequestBody) -> Reply:
    """Search one end user's transcripts by words and by meaning; best matches first.

    A query that nothing in reach comes near answers an empty list.
    """
    if body.folder_id is not None:
        require_scope(call.caller, "folders:read")
    tenant = await narrow_to_end_user(call.tenant, body.end_user_id)
    ids = await choose_recordings(tenant, body.recording_ids, body.folder_id)
    request = SearchRequest(
        body.query, ids, body.recorded_after, body.recorded_before, body.speaker, limit=body.limit, is_floored=True
    )
    hits = await call.runtime.searcher.search(tenant, request)
    return json_reply({"results": [hit_to_wire(hit, explain=body.explain) for hit in hits]})


@routes.add("GET", "/recordings/{recording_id}", Rules("recordings:read", BY_ID, recording_exists),
            answers={200: RecordingShown}, errors=[NotFoundError])  # fmt: skip
async def get_recording(call: Call, recording_id: str, query: RecordingQuery) -> Reply:
    """Show a recording."""
    recording = await recordings.get_recording(call.tenant, recording_id)
    return await recording_reply(call, recording, include=query.include)


@routes.add("PATCH", "/recordings/{recording_id}", Rules("recordings:write", BY_ID, recording_exists),
            answers={200: RecordingShown}, errors=[NotFoundError])  # fmt: skip
async def update_recording(call: Call, recording_id: str, body: RecordingChanges) -> Reply:
    """Update a recording's name, date or metadata; omitted fields are unchanged, null clears a field."""
    changes = body.model_dump(exclude_unset=True)
    if "recorded_at" in changes:
        del changes["recorded_at"]
        at = body.recorded_at
        changes |= {
            "recorded_us": at and at.us,
            "recorded_offset_min": at and at.offset_min,
            "recorded_precision": None,
        }
    recording = await recordings.update_recording(call.tenant, recording_id, changes)
    return await recording_reply(call, recording)


@routes.add("DELETE", "/recordings/{recording_id}", Rules("recordings:write", BY_ID), answers={204: None},
            errors=[NotFoundError])  # fmt: skip
async def delete_recording(call: Call, recording_id: str) -> Reply:
    """Delete a recording, its audio, transcripts and index, and its passages in stored answers' sources."""
    await call.runtime.deletion.delete_recording(call.tenant, recording_id)
    return no_content()
