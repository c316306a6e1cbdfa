"""`/v1/transcriptions/{id}/export`: a transcript as a file."""

from __future__ import annotations

from typing import Any

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.large_bodies import run_sized
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply
from earmark.api.wire.transcriptions import TranscriptExportQuery
from earmark.clock import render_time_or_none
from earmark.errors import NotFoundError
from earmark.library import transcripts
from earmark.library.errors import TranscriptionNotReadyError
from earmark.library.recordings import get_recording
from earmark.transcripts.writing import MEDIA_TYPES, SUFFIXES, Heading, render_transcript

routes = Routes("Transcriptions")
_BYTES_A_SEGMENT = 200
_FILES: dict[str, Any] = {
    "responses": {
        "200": {
            "description": "The transcript as a file.",
            "content": {
                media_type.partition(";")[0]: {"schema": {"type": "object" if form == "json" else "string"}}
                for form, media_type in MEDIA_TYPES.items()
            },
        }
    }
}


async def transcription_exists(call: Call, transcription_id: str) -> None:
    """Raise 404 unless the caller has this transcription."""
    await transcripts.get_transcription(call.tenant, transcription_id)


@routes.add("GET", "/transcriptions/{transcription_id}/export",
            Rules("transcriptions:read", {"transcription_id": "txn"}, transcription_exists), answers={200: None},
            errors=[NotFoundError, TranscriptionNotReadyError], openapi=_FILES)  # fmt: skip
async def export_transcription(call: Call, transcription_id: str, query: TranscriptExportQuery) -> Reply:
    """Export a transcript as captions (`vtt`, `srt`), text, Markdown, a table, or JSON."""
    async with call.tenant.reading() as snapshot:
        one = await transcripts.get_transcription(snapshot, transcription_id)
        if one.status != "completed":
            raise TranscriptionNotReadyError
        recording = await get_recording(snapshot, one.recording_id)
        segments = await transcripts.list_segments(snapshot, transcription_id)
    heading = Heading(recording.name, render_time_or_none(recording.recorded_us), one.language)
    body = await run_sized(len(segments) * _BYTES_A_SEGMENT, render_transcript, query.format, heading, segments)
    name = f"{one.recording_id}.{SUFFIXES[query.format]}"
    return Reply(
        200, body,
        ((b"content-type", MEDIA_TYPES[query.format].encode()),
         (b"content-disposition", f'attachment; filename="{name}"'.encode())),
    )  # fmt: skip
