"""The wire form of a chunk: in search results, in `sources`, and stored with messages."""

from __future__ import annotations

from typing import Any

from earmark.clock import render_time_or_none
from earmark.retrieval.types import ChunkHit


def chunk_to_wire(hit: ChunkHit) -> dict[str, Any]:
    """Return the chunk object of the contract, section 5."""
    return {
        "chunk_id": hit.chunk_id,
        "recording_id": hit.recording_id,
        "transcription_id": hit.transcription_id,
        "chunk_text": hit.text,
        "speaker": hit.speaker,
        "start_ms": hit.start_ms,
        "end_ms": hit.end_ms,
        "recorded_at": render_time_or_none(hit.recorded_us),
        "score": hit.score,
    }
