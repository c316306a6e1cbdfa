"""Immutable values of parsed transcripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Segment:
    """One continuous utterance of a speaker. Units: milliseconds from the start of the recording."""

    start_ms: int
    end_ms: int
    text: str
    speaker: str | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class ParsedTranscript:
    """A parsed transcript file: segments in time order, each ending after it starts.

    `provider` is `whisper`, `deepgram`, `assemblyai` or None; `engine` is the exact origin (`import`,
    `import/estimated`). `name`, `recorded_at` and `metadata` come only from native files.
    """

    segments: tuple[Segment, ...]
    language: str | None = None
    provider: str | None = None
    engine: str = "import"
    name: str | None = None
    recorded_at: datetime | None = None
    metadata: Mapping[str, Any] | None = None
