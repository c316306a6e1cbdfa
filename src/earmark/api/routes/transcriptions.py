"""`/v1/transcriptions`."""

from __future__ import annotations

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.paging import asked_filters, page_reply
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.wire.transcriptions import (
    TranscriptionListQuery,
    TranscriptionPage,
    TranscriptionShown,
    transcription_row,
    transcription_to_wire,
)
from earmark.errors import NotFoundError
from earmark.library import transcripts

routes = Routes("Transcriptions")


@routes.add("GET", "/transcriptions", Rules("transcriptions:read"), answers={200: TranscriptionPage})
async def list_transcriptions(call: Call, query: TranscriptionListQuery) -> Reply:
    """List transcriptions without their text, newest first."""
    filters = asked_filters(query, ("recording_id",))
    is_of_one = "recording_id" in filters
    return await page_reply(
        call,
        "transcriptions by seq" if is_of_one else "transcriptions",
        query,
        filters,
        fetch=lambda page: transcripts.list_transcriptions(call.tenant, page, filters),
        position_of=lambda one: (one.seq if is_of_one else one.created_us, one.id),
        to_wire=lambda one: transcription_row(one, call.tenant.key.project_id),
    )


@routes.add("GET", "/transcriptions/{transcription_id}", Rules("transcriptions:read", {"transcription_id": "txn"}),
            answers={200: TranscriptionShown}, errors=[NotFoundError])  # fmt: skip
async def get_transcription(call: Call, transcription_id: str) -> Reply:
    """Show a transcription with its text."""
    async with call.tenant.reading() as snapshot:
        one = await transcripts.get_transcription(snapshot, transcription_id)
        segments = await transcripts.list_segments(snapshot, transcription_id)
    return json_reply(transcription_to_wire(one, segments, call.tenant.key.project_id))
