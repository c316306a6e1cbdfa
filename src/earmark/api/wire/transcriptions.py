"""Wire models of transcriptions. Segment times are float seconds here, as in the original API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from earmark.api.wire.common import ListQuery, RecordingIdField, Shown
from earmark.clock import render_time, render_time_or_none
from earmark.library.types import Transcription
from earmark.transcripts.types import Segment


class TranscriptionListQuery(ListQuery):
    """Filters of the transcriptions list."""

    recording_id: RecordingIdField | None = None


class SegmentShown(Shown):
    """One speaker's uninterrupted words; times in seconds from the start."""

    start: float
    end: float
    text: str
    speaker: str | None = None
    confidence: float | None = None


class TranscriptionRow(Shown):
    """A transcription in a list, without its text."""

    id: str = Field(examples=["txn_4dEfGh1jKlMn0pQrStUvWxYz"])
    project_id: str
    recording_id: str
    status: Literal["pending", "processing", "completed", "failed"]
    language: str | None
    provider: str | None
    engine: str
    word_count: int | None
    confidence: float | None
    duration_ms: int | None
    error: None
    error_message: str | None
    started_at: str | None
    completed_at: str | None
    created_at: str
    updated_at: str


class TranscriptionShown(TranscriptionRow):
    """A transcription with its text."""

    text: str | None
    full_text: str | None
    segments: list[SegmentShown]


class TranscriptionPage(Shown):
    """A page of transcriptions, newest first."""

    data: list[TranscriptionRow]
    has_more: bool
    next_cursor: str | None


def transcription_row(one: Transcription, project_id: str) -> dict[str, Any]:
    """Return a transcription without its text."""
    return {
        "id": one.id,
        "project_id": project_id,
        "recording_id": one.recording_id,
        "status": one.status,
        "language": one.language,
        "provider": one.provider,
        "engine": one.engine,
        "word_count": one.word_count,
        "confidence": one.confidence,
        "duration_ms": one.duration_ms,
        "error": None,
        "error_message": one.error_message,
        "started_at": render_time_or_none(one.started_us),
        "completed_at": render_time_or_none(one.completed_us),
        "created_at": render_time(one.created_us),
        "updated_at": render_time(one.updated_us),
    }


def transcription_to_wire(one: Transcription, segments: Sequence[Segment], project_id: str) -> dict[str, Any]:
    """Return a transcription with its text, which is absent until it is completed."""
    is_completed = one.status == "completed"
    text = " ".join(segment.text for segment in segments) if is_completed else None
    shown = [_segment_to_wire(segment) for segment in segments] if is_completed else []
    return {**transcription_row(one, project_id), "text": text, "full_text": text, "segments": shown}


def _segment_to_wire(segment: Segment) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "start": segment.start_ms / 1_000,
        "end": segment.end_ms / 1_000,
        "text": segment.text,
    }
    if segment.speaker is not None:
        shown["speaker"] = segment.speaker
    if segment.confidence is not None:
        shown["confidence"] = segment.confidence
    return shown
