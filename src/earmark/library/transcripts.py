"""Transcripts: stored, read whole or in part, replaced atomically."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from earmark.clock import now_us
from earmark.ids import new_id
from earmark.library import queries
from earmark.library.end_users import page_params
from earmark.library.errors import TranscriptionNotFoundError, TranscriptTooLateError
from earmark.library.recordings import take_seq
from earmark.library.types import Page, Recording, Transcription
from earmark.storage.tenant import Tenant
from earmark.transcripts.types import ParsedTranscript, Segment


def _new_transcription(recording: Recording, parsed: ParsedTranscript, *, status: str, seq: int) -> Transcription:
    now = now_us()
    return Transcription(
        new_id("txn"), recording.id, recording.end_user_id, status, parsed.language, parsed.provider, parsed.engine,
        sum(len(segment.text.split()) for segment in parsed.segments), _mean_confidence(parsed.segments),
        parsed.segments[-1].end_ms, None, now, now if status == "completed" else None, now, now, seq,
    )  # fmt: skip


def _mean_confidence(segments: Sequence[Segment]) -> float | None:
    known = [segment.confidence for segment in segments if segment.confidence is not None]
    return round(sum(known) / len(known), 4) if known else None


async def insert_transcript(
    work: Tenant, recording: Recording, parsed: ParsedTranscript, *, status: str
) -> Transcription:
    """Store a transcript and its segments in the caller's unit of work, as the recording's newest."""
    transcription = _new_transcription(recording, parsed, status=status, seq=await take_seq(work, recording.id))
    await work.execute(queries.insert_transcription, asdict(transcription))
    common = {"transcription_id": transcription.id, "end_user_id": transcription.end_user_id}
    rows = (
        {**common, "ordinal": ordinal, "start_ms": segment.start_ms, "end_ms": segment.end_ms,
         "speaker": segment.speaker, "text": segment.text, "confidence": segment.confidence}
        for ordinal, segment in enumerate(parsed.segments)
    )  # fmt: skip
    await work.execute_many(queries.insert_segment, rows)
    return transcription


async def publish_transcript(work: Tenant, transcription: Transcription) -> None:
    """Make this the recording's transcript, and delete earlier ones.

    Raises: TranscriptTooLateError if the recording was deleted.
    """
    row = await work.fetch_one(queries.select_recording, {"recording_id": transcription.recording_id})
    if row is None:
        raise TranscriptTooLateError
    recording = Recording(*row)
    has_audio = recording.content_sha256 is not None
    values = {
        "recording_id": transcription.recording_id,
        "new_transcription_id": transcription.id,
        "new_duration_ms": recording.duration_ms if has_audio and recording.duration_ms else transcription.duration_ms,
        "now_us": now_us(),
    }
    await work.execute(queries.update_recording_transcribed, values)
    earlier = {"recording_id": transcription.recording_id, "before_seq": transcription.seq}
    await work.execute(queries.delete_earlier_transcriptions, earlier)


async def complete_transcription(work: Tenant, transcription_id: str) -> bool:
    """Complete a processing transcription; return False if it is no longer processing."""
    params = {"transcription_id": transcription_id, "now_us": now_us()}
    return await work.execute(queries.update_transcription_completed, params) > 0


async def fail_transcription(work: Tenant, transcription_id: str) -> bool:
    """Fail a processing transcription that can't be indexed; return False if it is no longer processing."""
    error = "The transcript could not be indexed."
    params = {"transcription_id": transcription_id, "new_error": error, "now_us": now_us()}
    return await work.execute(queries.update_transcription_failed, params) > 0


async def get_transcription(tenant: Tenant, transcription_id: str) -> Transcription:
    """Return a transcription without its segments.

    Raises: TranscriptionNotFoundError.
    """
    row = await tenant.fetch_one(queries.select_transcription, {"transcription_id": transcription_id})
    if row is None:
        raise TranscriptionNotFoundError
    return Transcription(*row)


async def list_transcriptions(tenant: Tenant, page: Page, filters: Mapping[str, Any]) -> list[Transcription]:
    """Return transcriptions, newest first: those of one recording by their `seq`, else by time."""
    params = {**page_params(page), **filters}
    shape = {"filters": frozenset(filters), "is_continued": page.after is not None}
    return [Transcription(*row) for row in await tenant.fetch_all(queries.select_transcriptions, params, **shape)]


async def list_segments(tenant: Tenant, transcription_id: str) -> list[Segment]:
    """Return a transcript's segments in time order."""
    rows = await tenant.fetch_all(queries.select_segments, {"transcription_id": transcription_id})
    return [Segment(*row) for row in rows]
