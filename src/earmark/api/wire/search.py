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
from earmark.lengths import check_length
from earmark.retrieval.types import ChunkHit
from earmark.retrieval.wire import chunk_to_wire


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


class ExplainedChunkShown(ChunkShown):
    """A chunk with, if `explain` is set, the parts of its score."""

    parts: dict[str, float] | None = None


class SearchResults(Shown):
    """Moments, best first."""

    results: list[ExplainedChunkShown]


def result_to_wire(hit: ChunkHit, *, explain: bool) -> dict[str, Any]:
    """Return a search result as the contract shows it."""
    shown = chunk_to_wire(hit)
    return {**shown, "parts": dict(hit.parts)} if explain else shown
