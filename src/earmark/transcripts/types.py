"""Immutable values of parsed transcripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Segment:
    """One continuous utterance of a speaker. Units: milliseconds from the start of the recording.

    `is_unclear`: a person marked its words as hard to understand.
    """

    start_ms: int
    end_ms: int
    text: str
    speaker: str | None = None
    confidence: float | None = None
    is_unclear: bool = False


@dataclass(frozen=True, slots=True)
class TranscriptWarning:
    """What was repaired, left out or assumed, and where: a line counted from 1 or an item counted from 0."""

    code: str
    message: str
    line: int | None = None
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A format that a file may have, and why."""

    format: str
    reason: str


@dataclass(frozen=True, slots=True)
class RecordedAt:
    """When something was recorded, as its source says it.

    `moment` is in UTC; `offset_minutes` is that of the place, None if unknown (then `moment` holds the local
    time as if it were UTC); `is_day` if only the day is known (then `moment` is its midnight).
    """

    moment: datetime
    offset_minutes: int | None = None
    is_day: bool = False


@dataclass(frozen=True, slots=True)
class ParsedTranscript:
    """A parsed transcript file: segments in time order, each ending after it starts.

    `provider` is `whisper`, `deepgram`, `assemblyai`, `elevenlabs` or None; `engine` is the exact origin (`import`,
    `import/estimated`). `warnings` are at most 100 of `warnings_total`.
    """

    segments: tuple[Segment, ...]
    language: str | None = None
    provider: str | None = None
    engine: str = "import"
    name: str | None = None
    recorded: RecordedAt | None = None
    metadata: Mapping[str, Any] | None = None
    warnings: tuple[TranscriptWarning, ...] = ()
    warnings_total: int = 0
    format: str = field(default="", compare=False)
    encoding: str = field(default="utf-8", compare=False)
    candidates: tuple[Candidate, ...] = field(default=(), compare=False)
