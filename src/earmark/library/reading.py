"""Reads parts of transcripts: a stretch of time, a page, or single segments."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from earmark.library import segment_queries as queries
from earmark.storage.tenant import Tenant
from earmark.transcripts.types import Segment

FOREVER_MS: Final = 1 << 40
"""Later than the end of any recording."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a transcript: the segments that overlap `from_ms` to `before_ms`, behind ordinal `after`."""

    from_ms: int = 0
    before_ms: int = FOREVER_MS
    after: int = -1
    limit: int = 1_000


async def list_segments_within(tenant: Tenant, transcription_id: str, part: Stretch) -> list[tuple[int, Segment]]:
    """Return the segments of a part of a transcript with their ordinals, in time order."""
    params = {
        "transcription_id": transcription_id,
        "after_ordinal": part.after,
        "from_ms": part.from_ms,
        "before_ms": part.before_ms,
        "limit": part.limit,
    }
    rows = await tenant.fetch_all(queries.select_segments_within, params)
    return [(row[0], Segment(*row[1:])) for row in rows]


async def find_segments_at(tenant: Tenant, transcription_id: str, starts_ms: Collection[int]) -> dict[int, Segment]:
    """Return the segments that start at these times, by their start; of several at one time, the first."""
    params = {"transcription_id": transcription_id, "starts_ms": sorted(set(starts_ms))}
    found: dict[int, Segment] = {}
    for row in await tenant.fetch_all(queries.select_segments_starting_at, params):
        found.setdefault(row[0], Segment(*row))
    return found
