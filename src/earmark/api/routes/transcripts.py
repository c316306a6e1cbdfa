"""Bring your own transcript: import one, or see what a file would be taken for."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from earmark.api.pipeline.admission import check_open_jobs
from earmark.api.pipeline.call import Call
from earmark.api.pipeline.errors import BodyTooLargeError, UnsupportedMediaTypeError
from earmark.api.pipeline.large_bodies import is_large, run_sized
from earmark.api.pipeline.pipeline import Rules, charset_of, media_type_of
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.routes.recordings import BY_ID, recording_exists
from earmark.api.wire.common import Query as QueryModel
from earmark.api.wire.inspection import InspectionShown, inspection_to_wire
from earmark.api.wire.transcriptions import TranscriptionShown, transcription_to_wire
from earmark.computing.threads import compute
from earmark.errors import NotFoundError
from earmark.lengths import check_length
from earmark.transcripts import parse_transcript
from earmark.transcripts.apart import join_read, read_apart
from earmark.transcripts.limits import MAX_BYTES
from earmark.transcripts.types import ParsedTranscript

routes = Routes("Transcripts")
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TRANSCRIPT_TYPES = ("application/json", "application/x-subrip", "application/octet-stream", "application/xml",
                    "application/ttml+xml", "application/zip", _WORD, "text/*")  # fmt: skip


FileName = Annotated[
    Annotated[str, check_length(1, 255)] | None,
    Field(description="What the file is called: a hint at its format, its name and its date."),
]


class TranscriptQuery(QueryModel):
    """Query of a transcript upload."""

    wait: bool = Field(True, description="Whether to wait until it can be searched.")
    file_name: FileName = None


class InspectionQuery(QueryModel):
    """Query of an inspection."""

    file_name: FileName = None


_TRANSCRIPT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A transcript in any format that docs/reference/formats.md lists; its content decides which.",
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
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@routes.add(
    "PUT",
    "/recordings/{recording_id}/transcript",
    Rules("transcriptions:write", BY_ID, recording_exists, media_types=TRANSCRIPT_TYPES,
          limit_bytes=MAX_BYTES),
    answers={201: TranscriptionShown, 200: TranscriptionShown, 202: TranscriptionShown},
    errors=[NotFoundError, BodyTooLargeError, UnsupportedMediaTypeError],
    openapi=_TRANSCRIPT_BODY,
)  # fmt: skip
async def put_transcript(call: Call, recording_id: str, query: TranscriptQuery, body: bytes) -> Reply:
    """Import a transcript: 201 for the first, 200 for one that atomically replaces another.

    With `wait=false` the response is 202, and the previous one stays visible until this one can be searched.
    """
    if not query.wait:
        await check_open_jobs(call)
    parsed = await _parse(call, body, query.file_name)
    project_id = call.tenant.key.project_id
    if not query.wait:
        queued = await call.runtime.ingester.enqueue(call.tenant, recording_id, parsed)
        return json_reply(transcription_to_wire(queued, (), project_id, parsed.warnings), 202)
    with call.aside():
        stored, is_first = await call.runtime.ingester.put_transcript(call.tenant, recording_id, parsed)
    shown = await run_sized(len(body), transcription_to_wire, stored, parsed.segments, project_id, parsed.warnings)
    return json_reply(shown, 201 if is_first else 200)


@routes.add(
    "POST",
    "/transcripts/inspect",
    Rules("transcriptions:write", media_types=TRANSCRIPT_TYPES, limit_bytes=MAX_BYTES),
    answers={200: InspectionShown},
    errors=[BodyTooLargeError, UnsupportedMediaTypeError],
    openapi=_TRANSCRIPT_BODY,
)
async def inspect_transcript(call: Call, query: InspectionQuery, body: bytes) -> Reply:
    """Show what a file would be imported as, with what would be repaired; nothing is stored."""
    parsed = await _parse(call, body, query.file_name)
    return json_reply(await run_sized(len(body), inspection_to_wire, parsed))


async def _parse(call: Call, body: bytes, file_name: str | None) -> ParsedTranscript:
    # not on the ingest thread: a file's errors are reported without waiting for other transcripts' embeddings
    media_type, charset = media_type_of(call.headers), charset_of(call.headers)
    if not is_large(len(body)):
        return await compute(parse_transcript, body, media_type=media_type, filename=file_name, charset=charset)
    with call.aside():  # its pieces take turns with those of others
        async with call.heavy():
            pieces = await call.runtime.apart.run(call.owner, read_apart, [body, media_type, charset, file_name])
            return await compute(join_read, pieces)
