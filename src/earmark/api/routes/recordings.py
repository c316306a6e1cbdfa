"""`/v1/recordings`, their transcripts, and search."""

from __future__ import annotations

import asyncio
from typing import Any

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.errors import BodyTooLargeError, UnsupportedMediaTypeError
from earmark.api.pipeline.large_bodies import run_sized
from earmark.api.pipeline.paging import asked_filters
from earmark.api.pipeline.pipeline import Rules, media_type_of
from earmark.api.pipeline.recording_replies import recording_page, recording_reply
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply, no_content
from earmark.api.wire.common import Query as QueryModel
from earmark.api.wire.recordings import (
    RecordingBody,
    RecordingChanges,
    RecordingListQuery,
    RecordingPage,
    RecordingShown,
)
from earmark.api.wire.search import SearchRequestBody, SearchResults
from earmark.api.wire.search import result_to_wire as hit_to_wire
from earmark.api.wire.transcriptions import TranscriptionShown, transcription_to_wire
from earmark.errors import NotFoundError
from earmark.identity.access import require_scope
from earmark.library import recordings
from earmark.library.end_users import narrow_to_end_user
from earmark.library.folders import choose_recordings
from earmark.retrieval.types import SearchRequest
from earmark.transcripts import parse_transcript

routes = Routes("Recordings")
BY_ID = {"recording_id": "rec"}
TRANSCRIPT_LIMIT_BYTES = 32 << 20
TRANSCRIPT_TYPES = ("application/json", "text/vtt", "application/x-subrip", "text/plain")


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
        recorded_us=body.recorded_us,
        ended_us=body.ended_at,
        metadata=body.metadata,
    )
    return await recording_reply(call, recording, 201)


@routes.add("GET", "/recordings", Rules("recordings:read"), answers={200: RecordingPage})
async def list_recordings(call: Call, query: RecordingListQuery) -> Reply:
    """List recordings, newest first."""
    if query.folder_id is not None:
        require_scope(call.caller, "folders:read")
    filters = asked_filters(query, recordings.FILTERS)
    return await recording_page(call, "recordings", query, filters)


@routes.add("POST", "/recordings/search", Rules("recordings:read", retry="none"), answers={200: SearchResults},
            errors=[NotFoundError])  # fmt: skip
async def search_recordings(call: Call, body: SearchRequestBody) -> Reply:
    """Search one end user's transcripts by words and by meaning; best matches first."""
    if body.folder_id is not None:
        require_scope(call.caller, "folders:read")
    tenant = await narrow_to_end_user(call.tenant, body.end_user_id)
    ids = await choose_recordings(tenant, body.recording_ids, body.folder_id)
    request = SearchRequest(body.query, ids, body.recorded_after, body.recorded_before, body.speaker, limit=body.limit)
    hits = await call.runtime.searcher.search(tenant, request)
    return json_reply({"results": [hit_to_wire(hit, explain=body.explain) for hit in hits]})


@routes.add("GET", "/recordings/{recording_id}", Rules("recordings:read", BY_ID), answers={200: RecordingShown},
            errors=[NotFoundError])  # fmt: skip
async def get_recording(call: Call, recording_id: str) -> Reply:
    """Show a recording."""
    recording = await recordings.get_recording(call.tenant, recording_id)
    return await recording_reply(call, recording)


@routes.add("PATCH", "/recordings/{recording_id}", Rules("recordings:write", BY_ID, recording_exists),
            answers={200: RecordingShown}, errors=[NotFoundError])  # fmt: skip
async def update_recording(call: Call, recording_id: str, body: RecordingChanges) -> Reply:
    """Update a recording's name, date or metadata; omitted fields are unchanged, null clears a field."""
    changes = body.model_dump(exclude_unset=True)
    if "recorded_at" in changes:
        changes["recorded_us"] = changes.pop("recorded_at")
    recording = await recordings.update_recording(call.tenant, recording_id, changes)
    return await recording_reply(call, recording)


@routes.add("DELETE", "/recordings/{recording_id}", Rules("recordings:write", BY_ID), answers={204: None},
            errors=[NotFoundError])  # fmt: skip
async def delete_recording(call: Call, recording_id: str) -> Reply:
    """Delete a recording, its audio, transcripts and index, and its passages in stored answers' sources."""
    await call.runtime.deletion.delete_recording(call.tenant, recording_id)
    return no_content()


class TranscriptQuery(QueryModel):
    """Query of a transcript upload: whether to wait until it can be searched."""

    wait: bool = True


_TRANSCRIPT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "Native JSON, the output of Whisper, Deepgram or AssemblyAI, WebVTT, SubRip, or plain text.",
        "content": {
            "application/json": {
                "schema": {"type": "object"},
                "example": {
                    "language": "en",
                    "segments": [{"start": 0.0, "end": 4.2, "speaker": "Ada", "text": "Let's begin."}],
                },
            },
            "text/vtt": {
                "schema": {"type": "string"},
                "example": "WEBVTT\n\n00:00:00.000 --> 00:00:04.200\n<v Ada>Let's begin.\n",
            },
            "application/x-subrip": {
                "schema": {"type": "string"},
                "example": "1\n00:00:00,000 --> 00:00:04,200\nAda: Let's begin.\n",
            },
            "text/plain": {"schema": {"type": "string"}, "example": "Ada: Let's begin.\nGrace: Gladly.\n"},
        },
    }
}


@routes.add(
    "PUT",
    "/recordings/{recording_id}/transcript",
    Rules("transcriptions:write", BY_ID, recording_exists, media_types=TRANSCRIPT_TYPES,
          limit_bytes=TRANSCRIPT_LIMIT_BYTES),
    answers={201: TranscriptionShown, 200: TranscriptionShown, 202: TranscriptionShown},
    errors=[NotFoundError, BodyTooLargeError, UnsupportedMediaTypeError],
    openapi=_TRANSCRIPT_BODY,
)  # fmt: skip
async def put_transcript(call: Call, recording_id: str, query: TranscriptQuery, body: bytes) -> Reply:
    """Import a transcript: 201 for the first, 200 for one that atomically replaces another.

    With `wait=false` the response is 202, and the previous one stays visible until this one can be searched.
    """
    media_type = media_type_of(call.headers)
    # not on the ingest thread: a file's errors are reported without waiting for other transcripts' embeddings
    with call.aside():  # its pieces take turns with those of others
        async with call.heavy():
            parsed = await asyncio.to_thread(parse_transcript, body, media_type=media_type)
    project_id = call.tenant.key.project_id
    if not query.wait:
        queued = await call.runtime.ingester.enqueue(call.tenant, recording_id, parsed)
        return json_reply(transcription_to_wire(queued, (), project_id), 202)
    with call.aside():
        stored, is_first = await call.runtime.ingester.put_transcript(call.tenant, recording_id, parsed)
    shown = await run_sized(len(body), transcription_to_wire, stored, parsed.segments, project_id)
    return json_reply(shown, 201 if is_first else 200)
