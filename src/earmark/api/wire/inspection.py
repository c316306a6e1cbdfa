"""Wire model of an inspected transcript file."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from earmark.api.wire.common import Shown
from earmark.api.wire.transcriptions import SegmentShown, WarningShown, segment_to_wire, warning_to_wire
from earmark.clock import render_local
from earmark.transcripts.types import ParsedTranscript

_FIRST_SEGMENTS = 5
_SPEAKERS = 100


class CandidateShown(Shown):
    """A format that a file may have, and why."""

    format: str
    reason: str


class InspectionShown(Shown):
    """What a file would be imported as."""

    format: str = Field(examples=["webvtt"])
    candidates: list[CandidateShown]
    encoding: str = Field(examples=["utf-8"])
    language: str | None
    name: str | None
    recorded_at: str | None
    recorded_precision: Literal["day"] | None = Field(description="`day`: the file has no time of day.")
    duration_ms: int
    segment_count: int
    speakers: list[str] = Field(description="In the order of their first words, at most 100.")
    first_segments: list[SegmentShown]
    warnings: list[WarningShown]
    warnings_total: int


def inspection_to_wire(parsed: ParsedTranscript) -> dict[str, Any]:
    """Return what a parsed file is, with its first segments."""
    speakers = dict.fromkeys(segment.speaker for segment in parsed.segments if segment.speaker is not None)
    return {
        "format": parsed.format,
        "candidates": [{"format": one.format, "reason": one.reason} for one in parsed.candidates],
        "encoding": parsed.encoding,
        "language": parsed.language,
        "name": parsed.name,
        "recorded_at": None
        if parsed.recorded is None
        else render_local(parsed.recorded.moment, parsed.recorded.offset_minutes),
        "recorded_precision": "day" if parsed.recorded is not None and parsed.recorded.is_day else None,
        "duration_ms": parsed.segments[-1].end_ms,
        "segment_count": len(parsed.segments),
        "speakers": list(speakers)[:_SPEAKERS],
        "first_segments": [segment_to_wire(segment) for segment in parsed.segments[:_FIRST_SEGMENTS]],
        "warnings": [warning_to_wire(warning) for warning in parsed.warnings],
        "warnings_total": parsed.warnings_total,
    }
