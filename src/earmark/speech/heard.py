"""What an engine heard, as it is stored until the transcript is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from earmark.library.types import Transcription
from earmark.speech.types import HeardChunk, Progress
from earmark.text import cut_utf16
from earmark.transcripts.limits import MAX_SPEAKER_UNITS
from earmark.transcripts.normalise import build_segments, clean_text
from earmark.transcripts.types import Segment


def clean_segments(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Return the segments that have words, as transcripts store them."""
    cleaned = [
        replace(one, text=clean_text(one.text), speaker=one.speaker and cut_utf16(one.speaker, MAX_SPEAKER_UNITS))
        for one in segments
    ]
    return build_segments(cleaned) if any(one.text for one in cleaned) else ()


def progress_of(heard: HeardChunk | Progress) -> float:
    """Return which part of the audio was heard, at most what is not yet all; 0 if its length is not known."""
    return min(0.99, heard.heard_until_ms / heard.duration_ms) if heard.duration_ms else 0.0


def rows_of(one: Transcription, segments: Sequence[Segment], count: int) -> list[dict[str, Any]]:
    """Return the rows of segments that follow the first `count`."""
    common = {"transcription_id": one.id, "end_user_id": one.end_user_id}
    return [
        {**common, "ordinal": count + number, "start_ms": segment.start_ms, "end_ms": segment.end_ms,
         "speaker": segment.speaker, "text": segment.text, "confidence": segment.confidence}
        for number, segment in enumerate(segments)
    ]  # fmt: skip
