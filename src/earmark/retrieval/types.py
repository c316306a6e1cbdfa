"""Immutable values of retrieval that other rooms use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from earmark.storage.tenant import Tenant
from earmark.transcripts.types import Segment

NO_EMBEDDER: Final = ""
"""Stands in place of an embedder's name at a recording whose words alone are indexed."""
WantsVectors = Callable[[Tenant, str | None], Awaitable[bool]]
"""Says whether the transcripts of an end user (None: of nobody in particular) get vectors."""


async def always(tenant: Tenant, end_user_id: str | None) -> bool:
    """Want vectors for everybody."""
    return True


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search: query, filters and limits. `recording_ids` None means the end user's whole library.

    `before` and `after` are how many segments around each hit are returned with it. `is_floored`: nothing is found if
    nothing in reach comes near the query; else there are always moments, which an answer weighs by itself.
    """

    query: str
    recording_ids: tuple[str, ...] | None = None
    recorded_after_us: int | None = None
    recorded_before_us: int | None = None
    speaker: str | None = None
    limit: int = 8
    before: int = 0
    after: int = 0
    is_floored: bool = False


@dataclass(frozen=True, slots=True)
class ChunkHit:
    """A retrieved chunk: whole segments of one recording.

    Units: milliseconds from the start of the recording; `score` is unitless, finite, at least 0.
    `parts` are the components of the score; `first_ordinal` is the ordinal of the first segment in its recording.
    `around` are its segments with the requested context, from ordinal `around_first` on.
    """

    chunk_id: str
    recording_id: str
    transcription_id: str
    segments: tuple[Segment, ...]
    speaker: str | None
    recorded_us: int | None
    recording_name: str | None
    score: float
    parts: Mapping[str, float]
    first_ordinal: int = 0
    around: tuple[Segment, ...] = ()
    around_first: int = 0
    recorded_offset_min: int | None = None

    @property
    def text(self) -> str:
        """The verbatim words, one segment a line, without speaker labels."""
        return "\n".join(segment.text for segment in self.segments)

    @property
    def start_ms(self) -> int:
        """The start of the first segment."""
        return self.segments[0].start_ms

    @property
    def end_ms(self) -> int:
        """The latest end of its segments."""
        return max(segment.end_ms for segment in self.segments)
