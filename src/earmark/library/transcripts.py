"""Transcripts: stored, read whole or in part, replaced atomically."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from earmark.clock import now_us
from earmark.ids import new_id
from earmark.library import queries, transcript_queries
from earmark.library.announcing import emit_transcription
from earmark.library.end_users import page_params
from earmark.library.errors import TranscriptionNotFoundError, TranscriptTooLateError
from earmark.library.recordings import take_seq
from earmark.library.speakers import store_speakers
from earmark.library.types import Page, Recording, Transcription, TranscriptionFilters
from earmark.storage.tenant import Tenant
from earmark.transcripts.types import ParsedTranscript, Segment, TranscriptWarning

TRANSCRIPTIONS = "transcriptions"
"""The channel that is signalled when a transcription whose job may run has ended, or is gone."""
CANCELLED = "cancelled"
_NO_INDEX = ("processing_error", "The transcript could not be indexed.")


async def insert_transcript(
    work: Tenant, recording: Recording, parsed: ParsedTranscript, *, status: str
) -> Transcription:
    """Store a transcript and its segments in the caller's unit of work, as the recording's newest."""
    transcription = await _insert(work, recording, parsed, status=status)
    await _insert_segments(work, transcription, parsed.segments)
    return transcription


async def insert_pending(
    work: Tenant, recording: Recording, *, language: str | None, provider: str | None, engine: str
) -> Transcription:
    """Store a transcription that a job is going to make of the recording's audio, in the caller's unit of work."""
    nothing = ParsedTranscript((), language, provider, engine)
    return await _insert(work, recording, nothing, status="pending", is_heard=1)


async def _insert(
    work: Tenant, recording: Recording, parsed: ParsedTranscript, *, status: str, is_heard: int = 0
) -> Transcription:
    now = now_us()
    counts = _count(parsed) if parsed.segments else dict.fromkeys(("word_count", "confidence", "duration_ms"))
    transcription = Transcription(
        new_id("txn"), recording.id, recording.end_user_id, status, parsed.language, parsed.provider, parsed.engine,
        counts["word_count"], counts["confidence"], counts["duration_ms"], None, None if is_heard else now,
        now if status == "completed" else None, now, now, await take_seq(work, recording.id), parsed.warnings_total,
        is_heard=is_heard,
    )  # fmt: skip
    await work.execute(
        transcript_queries.insert_transcription, {**asdict(transcription), "warnings_json": _dump_warnings(parsed)}
    )
    return transcription


def count_words(segments: Iterable[Segment]) -> int:
    """Return how many words a transcript has."""
    return sum(len(segment.text.split()) for segment in segments)


def _count(parsed: ParsedTranscript) -> dict[str, Any]:
    """Return what a transcription says of its segments."""
    known = [segment.confidence for segment in parsed.segments if segment.confidence is not None]
    return {
        "word_count": count_words(parsed.segments),
        "confidence": round(sum(known) / len(known), 4) if known else None,
        "duration_ms": parsed.segments[-1].end_ms,
    }


async def _insert_segments(work: Tenant, transcription: Transcription, segments: Sequence[Segment]) -> None:
    common = {"transcription_id": transcription.id, "end_user_id": transcription.end_user_id}
    rows = (
        {**common, "ordinal": ordinal, "start_ms": segment.start_ms, "end_ms": segment.end_ms,
         "speaker": segment.speaker, "text": segment.text, "confidence": segment.confidence}
        for ordinal, segment in enumerate(segments)
    )  # fmt: skip
    await work.execute_many(transcript_queries.insert_segment, rows)
    await store_speakers(work, transcription.id, transcription.end_user_id, segments)


def _dump_warnings(parsed: ParsedTranscript) -> str | None:
    return orjson.dumps([asdict(warning) for warning in parsed.warnings]).decode() if parsed.warnings else None


async def list_warnings(tenant: Tenant, transcription_id: str) -> list[TranscriptWarning]:
    """Return what was repaired or left out when a transcript was made, at most 100."""
    row = await tenant.fetch_one(transcript_queries.select_warnings, {"transcription_id": transcription_id})
    return [] if row is None or row[0] is None else [TranscriptWarning(**one) for one in orjson.loads(row[0])]


async def publish_transcript(work: Tenant, transcription: Transcription) -> None:
    """Make this the recording's transcript, cancel what jobs were making before it, and delete earlier ones.

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
    for one in await list_open_heard(work, transcription.recording_id):
        if one.seq < transcription.seq:
            await fail_transcription(work, one.id, CANCELLED, "Another transcript of the recording was stored.")
    earlier = {"recording_id": transcription.recording_id, "before_seq": transcription.seq}
    await work.execute(transcript_queries.delete_earlier_transcriptions, earlier)


async def list_open_heard(tenant: Tenant, recording_id: str) -> list[Transcription]:
    """Return what jobs make of a recording's audio at present, the newest first."""
    rows = await tenant.fetch_all(transcript_queries.select_open_heard, {"recording_id": recording_id})
    return [Transcription(*row) for row in rows]


async def start_transcription(work: Tenant, transcription_id: str) -> None:
    """Make a pending transcription a processing one, once."""
    if await work.execute(
        transcript_queries.update_transcription_started, {"transcription_id": transcription_id, "now_us": now_us()}
    ):
        await emit_transcription(work, "transcription.started", await get_transcription(work, transcription_id))


async def complete_transcription(work: Tenant, transcription_id: str) -> bool:
    """Complete a processing transcription; return False if it is no longer processing."""
    params = {"transcription_id": transcription_id, "now_us": now_us()}
    return await work.execute(transcript_queries.update_transcription_completed, params) > 0


async def complete_heard(
    work: Tenant, transcription_id: str, parsed: ParsedTranscript, *, duration_ms: int
) -> Transcription | None:
    """Store the words of a processing transcription and complete it; return None if it is no longer processing.

    Args:
        duration_ms: of the audio.
    """
    told = {**_count(parsed), "language": parsed.language, "warnings_total": parsed.warnings_total}
    told["duration_ms"] = duration_ms
    params = {f"new_{name}": value for name, value in told.items()}
    params |= {"new_warnings_json": _dump_warnings(parsed), "transcription_id": transcription_id, "now_us": now_us()}
    if not await work.execute(transcript_queries.update_transcription_heard, params):
        return None
    transcription = await get_transcription(work, transcription_id)
    await _insert_segments(work, transcription, parsed.segments)
    return transcription


async def fail_transcription(
    work: Tenant, transcription_id: str, code: str = _NO_INDEX[0], message: str = _NO_INDEX[1]
) -> bool:
    """Fail a transcription, and announce it; return False if it has ended or is gone."""
    params = {"transcription_id": transcription_id, "new_code": code, "new_error": message, "now_us": now_us()}
    if not await work.execute(transcript_queries.update_transcription_failed, params):
        return False
    await emit_transcription(work, "transcription.failed", await get_transcription(work, transcription_id))
    work.signal(TRANSCRIPTIONS)
    return True


async def get_transcription(tenant: Tenant, transcription_id: str) -> Transcription:
    """Return a transcription without its segments.

    Raises: TranscriptionNotFoundError.
    """
    row = await tenant.fetch_one(transcript_queries.select_transcription, {"transcription_id": transcription_id})
    if row is None:
        raise TranscriptionNotFoundError
    return Transcription(*row)


async def list_transcriptions(tenant: Tenant, page: Page, filters: TranscriptionFilters) -> list[Transcription]:
    """Return transcriptions, newest first: those of one recording by their `seq`, else by time."""
    given = filters.given()
    params = {**page_params(page), **given}
    shape = {"filters": frozenset(given), "is_continued": page.after is not None}
    return [
        Transcription(*row) for row in await tenant.fetch_all(transcript_queries.select_transcriptions, params, **shape)
    ]


async def list_segments(tenant: Tenant, transcription_id: str) -> list[Segment]:
    """Return a transcript's segments in time order."""
    rows = await tenant.fetch_all(transcript_queries.select_segments, {"transcription_id": transcription_id})
    return [Segment(*row) for row in rows]
