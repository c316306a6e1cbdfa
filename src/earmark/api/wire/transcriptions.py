"""Wire models of transcriptions. Segment times are float seconds here, as in the original API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from earmark.api.wire.common import Body, ListQuery, Query, RecordingIdField, Shown
from earmark.clock import render_time, render_time_or_none
from earmark.lengths import check_length
from earmark.library.types import Transcription
from earmark.speech.engines import Engine, Engines
from earmark.speech.transcribing import Running
from earmark.speech.types import Asked, ProviderName
from earmark.text import trim
from earmark.transcripts.labels import is_machine_label
from earmark.transcripts.types import Segment, TranscriptWarning
from earmark.transcripts.writing import TranscriptFormat


def _check_term(term: str) -> str:
    if not trim(term):
        raise ValueError("must not be blank")
    return term


LanguageField = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}$", examples=["en"])]
Term = Annotated[str, check_length(1, 64), AfterValidator(_check_term)]


class TranscriptionListQuery(ListQuery):
    """Filters of the transcriptions list."""

    recording_id: RecordingIdField | None = None


class TranscriptExportQuery(Query):
    """The format of a transcript's file."""

    format: TranscriptFormat = "vtt"


class TranscriptionQuery(Query):
    """What to show of a transcription: of a running one also what was heard so far; the text before corrections."""

    include: Literal["partial"] | None = None
    original: bool = Field(False, description="Whether to show the text as it came, which is revision 1.")


class TranscribeBody(Body):
    """How a recording's audio is to be transcribed."""

    language: LanguageField | None = Field(None, description="Spoken in it, if known: a BCP 47 tag.")
    provider: ProviderName | None = Field(None, description="Whose engine; if absent, the server's default.")
    diarization: bool = Field(True, description="Whether to tell speakers apart, if the engine can.")
    vocabulary: Annotated[list[Term], Field(max_length=100)] = Field(
        [], description="Terms that may be said, such as names; an engine that takes none ignores them."
    )

    def to_asked(self) -> Asked:
        """Return the room's request."""
        return Asked(self.language, self.provider, self.diarization, tuple(self.vocabulary))


class TranscriptionBody(TranscribeBody):
    """Which recording's audio is to be transcribed, and how."""

    recording_id: RecordingIdField


class EngineShown(Shown):
    """An engine that transcribes audio."""

    provider: ProviderName | None = Field(description="What a request names to get it; null: only as the default.")
    engine: str = Field(examples=["moonshine-tiny-en"])
    languages: list[str] = Field(description="Primary BCP 47 tags; empty: any.", examples=[["en"]])
    diarization: bool
    is_default: bool


class EnginesShown(Shown):
    """The engines of this server."""

    data: list[EngineShown]


class FailureShown(Shown):
    """Why a transcription failed."""

    code: Literal[
        "audio_too_short", "audio_corrupt", "unsupported_format", "processing_error", "no_speech", "cancelled",
        "language_not_supported", "audio_too_long", "engine_crashed",
    ]  # fmt: skip
    message: str


class SegmentShown(Shown):
    """One speaker's uninterrupted words; times in seconds from the start."""

    start: float
    end: float
    text: str
    speaker: str | None = None
    confidence: float | None = None


class TranscriptSegmentShown(SegmentShown):
    """A segment of a transcript; corrections name it by its index, from 0."""

    index: int
    is_unclear: Literal[True] = Field(True, description="Only if a person marked its words as hard to understand.")


class WarningShown(Shown):
    """What was repaired, left out or assumed when a file was imported: at a line (from 1) or an item (from 0)."""

    line: int | None = None
    index: int | None = None
    code: str = Field(examples=["ends_before_start"])
    message: str


class TranscriptionRow(Shown):
    """A transcription in a list, without its text."""

    id: str = Field(examples=["txn_4dEfGh1jKlMn0pQrStUvWxYz"])
    project_id: str
    recording_id: str
    status: Literal["pending", "processing", "completed", "failed"]
    language: str | None
    provider: str | None
    engine: str
    revision: int = Field(description="From 1; raised by each correction.")
    word_count: int | None
    confidence: float | None
    duration_ms: int | None
    error: FailureShown | None
    error_message: str | None = Field(description="The sentence of `error`.")
    started_at: str | None
    completed_at: str | None
    created_at: str
    updated_at: str


class TranscriptionShown(TranscriptionRow):
    """A transcription with its text."""

    text: str | None
    full_text: str | None
    segments: list[TranscriptSegmentShown]
    machine_labels: list[str] | None = Field(
        None, description="Only if there are any: the speakers' names that machines wrote, such as `SPEAKER_0`."
    )
    warnings: list[WarningShown] = Field(description="At most 100 of `warnings_total`.")
    warnings_total: int
    progress: float | None = Field(None, ge=0, le=1, description="Only while a job transcribes the audio.")
    partial_segments: list[SegmentShown] | None = Field(
        None, description="Only with `include=partial`, while a job transcribes the audio: what was heard so far."
    )


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
        "revision": one.revision,
        "word_count": one.word_count,
        "confidence": one.confidence,
        "duration_ms": one.duration_ms,
        "error": _failure_of(one),
        "error_message": one.error_message,
        "started_at": render_time_or_none(one.started_us),
        "completed_at": render_time_or_none(one.completed_us),
        "created_at": render_time(one.created_us),
        "updated_at": render_time(one.updated_us),
    }


def _failure_of(one: Transcription) -> dict[str, Any] | None:
    """Return why it failed."""
    if one.status != "failed":
        return None
    return {"code": one.error_code or "processing_error", "message": one.error_message}


def engines_to_wire(engines: Engines) -> dict[str, Any]:
    """Return the configured engines."""
    return {"data": [_engine_to_wire(provider, one, engines.default) for provider, one in engines.listed()]}


def _engine_to_wire(provider: ProviderName | None, engine: Engine, default: Engine) -> dict[str, Any]:
    return {
        "provider": provider,
        "engine": engine.name,
        "languages": list(engine.languages),
        "diarization": engine.diarization,
        "is_default": engine is default,
    }


def running_to_wire(running: Running | None) -> dict[str, Any]:
    """Return what is shown of a transcription while a job makes it; nothing otherwise."""
    if running is None:
        return {}
    shown: dict[str, Any] = {"progress": round(running.progress, 4)}
    if running.segments is not None:
        shown["partial_segments"] = [segment_to_wire(segment) for segment in running.segments]
    return shown


def transcription_to_wire(
    one: Transcription, segments: Sequence[Segment], project_id: str, warnings: Sequence[TranscriptWarning] = ()
) -> dict[str, Any]:
    """Return a transcription with its text, which is absent until it is completed."""
    is_completed = one.status == "completed"
    text = " ".join(segment.text for segment in segments) if is_completed else None
    numbered = enumerate(segments) if is_completed else ()
    shown = [{"index": index, **segment_to_wire(segment)} for index, segment in numbered]
    labels = sorted(filter(is_machine_label, {one["speaker"] for one in shown if "speaker" in one}))
    return {
        **transcription_row(one, project_id), "text": text, "full_text": text, "segments": shown,
        **({"machine_labels": labels} if labels else {}),
        "warnings": [warning_to_wire(warning) for warning in warnings], "warnings_total": one.warnings_total,
    }  # fmt: skip


def warning_to_wire(warning: TranscriptWarning) -> dict[str, Any]:
    """Return a warning with its place, if it has one."""
    place = {"line": warning.line, "index": warning.index}
    shown = {name: at for name, at in place.items() if at is not None}
    return {**shown, "code": warning.code, "message": warning.message}


def segment_to_wire(segment: Segment) -> dict[str, Any]:
    """Return a segment, its times in seconds."""
    shown: dict[str, Any] = {
        "start": segment.start_ms / 1_000,
        "end": segment.end_ms / 1_000,
        "text": segment.text,
    }
    if segment.speaker is not None:
        shown["speaker"] = segment.speaker
    if segment.confidence is not None:
        shown["confidence"] = segment.confidence
    if segment.is_unclear:
        shown["is_unclear"] = True
    return shown
