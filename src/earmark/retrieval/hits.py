"""Reads the words of ranked chunks, in two statements however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from earmark.retrieval import queries
from earmark.retrieval.ranking.combining import Hit
from earmark.retrieval.snapshot import IndexRow, Library
from earmark.retrieval.types import ChunkHit, SearchRequest
from earmark.storage.query import Row
from earmark.storage.tenant import Tenant
from earmark.transcripts.types import Segment


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a hit lies: the recording as it was ranked, and the chunk's ordinal in it."""

    hit: Hit
    row: IndexRow
    ordinal: int

    @property
    def key(self) -> tuple[str, int, str, int]:
        """What identifies the chunk in this version of the transcript."""
        return self.row.recording_id, self.ordinal, self.row.transcription_id, self.row.revision


async def load_hits(tenant: Tenant, library: Library, ranked: Sequence[Hit], request: SearchRequest) -> list[ChunkHit]:
    """Return the hits with their words, and the segments around them that are asked for.

    A hit is left out if its recording was deleted, corrected or got another transcript since the library was read.
    """
    places = [_Place(hit, library.rows[index], at) for hit in ranked for index, at in (library.locate(hit.chunk),)]
    if not places:
        return []
    params = {
        "recording_ids": sorted({place.row.recording_id for place in places}),
        "ordinals": sorted({place.ordinal for place in places}),
    }
    async with tenant.reading() as snapshot:
        chunks = _by_key(await snapshot.fetch_all(queries.select_chunks_at, params))
        found = [(place, chunks[place.key]) for place in places if place.key in chunks]
        around = {"before": request.before, "after": request.after, "chunk_ids": [chunk[4] for _, chunk in found]}
        segments = await snapshot.fetch_all(queries.select_segments_around, {**params, **around})
    words = {chunk_id: [Segment(*row[1:]) for row in rows] for chunk_id, rows in groupby(segments, key=itemgetter(0))}
    return [_to_hit(place, chunk, words[chunk[4]], request.before) for place, chunk in found]


def _by_key(rows: Iterable[Row]) -> dict[tuple[str, int, str, int], Row]:
    return {row[:4]: row for row in rows}


def _to_hit(place: _Place, chunk: Row, around: Sequence[Segment], before: int) -> ChunkHit:
    *_, chunk_id, speaker, first, last = chunk
    start = max(0, first - before)
    row, hit = place.row, place.hit
    return ChunkHit(
        chunk_id, row.recording_id, row.transcription_id, tuple(around[first - start : last + 1 - start]), speaker,
        row.recorded_us, row.name, hit.score, hit.parts, first, tuple(around), start, row.recorded_offset_min,
    )  # fmt: skip
