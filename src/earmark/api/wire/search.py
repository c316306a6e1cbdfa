"""Wire models of `POST /v1/recordings/search`, and of the chunks that answers show as `sources`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from earmark.api.wire.common import (
    Body,
    EndUserIdField,
    FolderIdField,
    RecordingIdField,
    Shown,
    TimeField,
    is_whole,
)
from earmark.ask.types import Source
from earmark.clock import render_time_or_none
from earmark.lengths import check_length
from earmark.retrieval.types import ChunkHit


class SearchRequestBody(Body):
    """A query and the recordings of one end user to search."""

    query: Annotated[str, check_length(1, 1_000)]
    end_user_id: EndUserIdField | None = None
    recording_ids: Annotated[list[RecordingIdField], Field(min_length=1, max_length=500)] | None = None
    folder_id: FolderIdField | None = None
    recorded_after: TimeField | None = None
    recorded_before: TimeField | None = None
    speaker: Annotated[str, check_length(1, 128)] | None = None
    limit: Annotated[int, Field(ge=1, le=50), is_whole] = 8
    explain: bool = False


class ChunkLineShown(Shown):
    """A segment of a moment: who says what."""

    start_ms: int = Field(ge=0, examples=[61_200])
    end_ms: int = Field(ge=0, examples=[64_000])
    speaker: str | None = Field(examples=["Ada"])
    text: str = Field(examples=["Let's move the launch to the ninth of June."])


class ChunkShown(Shown):
    """A moment: whole segments of one recording, verbatim."""

    chunk_id: str = Field(examples=["chk_3HqSx0aLk2mZ9vYtR7wQpE4d"])
    recording_id: str = Field(examples=["rec_9aBcD3fGh1jKlMn0pQrStUvW"])
    transcription_id: str
    chunk_text: str = Field(examples=["Let's move the launch to the ninth of June."])
    speaker: str | None
    start_ms: int = Field(ge=0, examples=[61_200])
    end_ms: int = Field(ge=0, examples=[64_000])
    recorded_at: str | None
    score: float = Field(ge=0)
    segments: list[ChunkLineShown] | None = Field(
        None, description="Its lines. Missing in sources of answers that an earlier release stored."
    )


class ExplainedChunkShown(ChunkShown):
    """A chunk with, if `explain` is set, the parts of its score."""

    parts: dict[str, float] | None = None


class SearchResults(Shown):
    """Moments, best first."""

    results: list[ExplainedChunkShown]


def chunk_to_wire(chunk: ChunkHit | Source) -> dict[str, Any]:
    """Return a chunk, found now or the source of an answer, as the contract shows it."""
    shown = {
        "chunk_id": chunk.chunk_id,
        "recording_id": chunk.recording_id,
        "transcription_id": chunk.transcription_id,
        "chunk_text": chunk.text,
        "speaker": chunk.speaker,
        "start_ms": chunk.start_ms,
        "end_ms": chunk.end_ms,
        "recorded_at": render_time_or_none(chunk.recorded_us),
        "score": chunk.score,
    }
    lines = [
        {"start_ms": one.start_ms, "end_ms": one.end_ms, "speaker": one.speaker, "text": one.text}
        for one in chunk.segments
    ]
    return {**shown, "segments": lines} if lines else shown


def result_to_wire(hit: ChunkHit, *, explain: bool) -> dict[str, Any]:
    """Return a search result as the contract shows it."""
    shown = chunk_to_wire(hit)
    return {**shown, "parts": dict(hit.parts)} if explain else shown
