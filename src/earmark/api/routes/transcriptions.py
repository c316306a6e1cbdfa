"""`/v1/transcriptions`."""

from __future__ import annotations

from typing import Literal

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.paging import asked_filters, page_reply
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.routes.recordings import BY_ID as BY_RECORDING_ID
from earmark.api.routes.recordings import recording_exists
from earmark.api.wire.transcriptions import (
    EnginesShown,
    TranscribeBody,
    TranscriptionBody,
    TranscriptionListQuery,
    TranscriptionPage,
    TranscriptionQuery,
    TranscriptionShown,
    engines_to_wire,
    running_to_wire,
    transcription_row,
    transcription_to_wire,
)
from earmark.corrections.correcting import restore_original
from earmark.errors import ConflictError, NotFoundError
from earmark.library import transcripts
from earmark.library.types import Transcription, TranscriptionFilters
from earmark.speech.transcribing import begin_transcription, cancel_transcription, describe_running

routes = Routes("Transcriptions")
BY_ID = {"transcription_id": "txn"}
_COUNTED: tuple[Literal["overall", "transcriptions", "jobs"], ...] = ("overall", "transcriptions", "jobs")


async def transcription_exists(call: Call, transcription_id: str) -> None:
    """Raise 404 unless the caller has this transcription."""
    await transcripts.get_transcription(call.tenant, transcription_id)


@routes.add("POST", "/transcriptions", Rules("transcriptions:write", limits=_COUNTED),
            answers={201: TranscriptionShown}, errors=[NotFoundError, ConflictError])  # fmt: skip
async def create_transcription(call: Call, body: TranscriptionBody) -> Reply:
    """Start to transcribe a recording's audio, or return the transcription that is running.

    It is `pending`, then `processing`, then `completed` or `failed`. The recording keeps its transcript until it is
    completed.
    """
    asked = body.to_asked()
    one = await begin_transcription(call.tenant, call.runtime.engines, body.recording_id, asked, param="recording_id")
    return await _begun(call, one)


@routes.add("POST", "/recordings/{recording_id}/transcribe",
            Rules("transcriptions:write", BY_RECORDING_ID, recording_exists, limits=_COUNTED),
            answers={201: TranscriptionShown}, errors=[NotFoundError, ConflictError])  # fmt: skip
async def transcribe_recording(call: Call, recording_id: str, body: TranscribeBody) -> Reply:
    """Start to transcribe a recording's audio, as `POST /v1/transcriptions` does."""
    one = await begin_transcription(call.tenant, call.runtime.engines, recording_id, body.to_asked())
    return await _begun(call, one)


async def _begun(call: Call, one: Transcription) -> Reply:
    running = await describe_running(call.tenant, one, is_partial=False)
    shown = transcription_to_wire(one, (), call.tenant.key.project_id)
    return json_reply(shown | running_to_wire(running), 201)


@routes.add("GET", "/transcriptions/engines", Rules("transcriptions:read"), answers={200: EnginesShown})
async def list_engines(call: Call) -> Reply:
    """List the engines of this server, and which provider gets which of them."""
    return json_reply(engines_to_wire(call.runtime.engines))


@routes.add("GET", "/transcriptions", Rules("transcriptions:read"), answers={200: TranscriptionPage})
async def list_transcriptions(call: Call, query: TranscriptionListQuery) -> Reply:
    """List transcriptions without their text, newest first."""
    filters = asked_filters(query, TranscriptionFilters)
    is_of_one = filters.recording_id is not None
    return await page_reply(
        call,
        "transcriptions by seq" if is_of_one else "transcriptions",
        query,
        filters,
        fetch=lambda page: transcripts.list_transcriptions(call.tenant, page, filters),
        position_of=lambda one: (one.seq if is_of_one else one.created_us, one.id),
        to_wire=lambda one: transcription_row(one, call.tenant.key.project_id),
    )


@routes.add("GET", "/transcriptions/{transcription_id}", Rules("transcriptions:read", BY_ID, transcription_exists),
            answers={200: TranscriptionShown}, errors=[NotFoundError])  # fmt: skip
async def get_transcription(call: Call, transcription_id: str, query: TranscriptionQuery) -> Reply:
    """Show a transcription with its text, corrected or as it came, or how far it is."""
    return await _shown(call, transcription_id, is_partial=query.include == "partial", is_original=query.original)


@routes.add("POST", "/transcriptions/{transcription_id}/cancel", Rules("transcriptions:write", BY_ID),
            answers={200: TranscriptionShown}, errors=[NotFoundError])  # fmt: skip
async def cancel(call: Call, transcription_id: str) -> Reply:
    """Cancel a transcription that is running: it has failed with `cancelled`. One that has ended stays as it is."""
    await cancel_transcription(call.tenant, transcription_id)
    return await _shown(call, transcription_id)


async def _shown(call: Call, transcription_id: str, *, is_partial: bool = False, is_original: bool = False) -> Reply:
    async with call.tenant.reading() as snapshot:
        one = await transcripts.get_transcription(snapshot, transcription_id)
        segments = await transcripts.list_segments(snapshot, transcription_id)
        if is_original:
            one, segments = await restore_original(snapshot, one, segments)
        warnings = await transcripts.list_warnings(snapshot, transcription_id) if one.warnings_total else []
        running = await describe_running(snapshot, one, is_partial=is_partial)
    shown = transcription_to_wire(one, segments, call.tenant.key.project_id, warnings)
    return json_reply(shown | running_to_wire(running))
