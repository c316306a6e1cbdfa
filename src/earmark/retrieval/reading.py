"""Reads what ranking needs of one end user's index, in one snapshot that is released before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.retrieval import queries, speaker_queries
from earmark.retrieval.index.analysis import QueryTerms, analyze_query
from earmark.retrieval.index.vector_cache import Indexed, Part, VectorCache
from earmark.retrieval.index.vectors import StoredVectors, read_vectors, store_scan, to_scan
from earmark.retrieval.snapshot import IndexRow, Library
from earmark.retrieval.types import SearchRequest
from earmark.storage.query import Row
from earmark.storage.tenant import Tenant
from earmark.transcripts.labels import is_called

Wanted = Mapping[str, NDArray[np.int8] | None]
"""The question's vector by embedder; None where the embedder can't be asked."""


@dataclass(frozen=True, slots=True)
class StoredIndex:
    """An end user's index at one moment.

    `has_all_embedders` is false if vectors in scope were made by an embedder that the question wasn't put to:
    it came into use after the question was embedded.
    """

    rows: Sequence[IndexRow]
    chosen: Sequence[bool]
    query: QueryTerms
    postings: Sequence[Row]
    vectors: Sequence[StoredVectors]
    spoken: Sequence[Row] | None
    has_all_embedders: bool


async def read_index(tenant: Tenant, cache: VectorCache, request: SearchRequest, wanted: Wanted) -> StoredIndex | None:
    """Read the index, or return None if nothing of it is in scope."""
    async with tenant.reading() as snapshot:
        rows = [IndexRow(*row) for row in await snapshot.fetch_all(queries.select_indexes)]
        chosen = _in_scope(rows, request)
        if not any(chosen):
            return None
        query = analyze_query(request.query, {row.language for row in rows})
        postings = await snapshot.fetch_all(queries.select_postings, {"terms": list(query.terms)})
        parts = by_embedder(rows, chosen)
        vectors = []
        for name, library in parts.items():
            vector = wanted.get(name)
            if vector is not None:
                vectors.append(await read_vectors(snapshot, cache, name, vector, library))
        spoken = None if request.speaker is None else await _read_spoken(snapshot, request.speaker)
    return StoredIndex(rows, chosen, query, postings, vectors, spoken, parts.keys() <= wanted.keys())


async def _read_spoken(snapshot: Tenant, speaker: str) -> Sequence[Row]:
    """Return the places of the chunks in which somebody of this name, or this first name, speaks."""
    rows = await snapshot.fetch_all(speaker_queries.select_speaker_names)
    names = [name for (name,) in rows if is_called(speaker, name)]
    return await snapshot.fetch_all(speaker_queries.select_chunks_of_speakers, {"names": names}) if names else ()


def to_library(index: StoredIndex) -> Library:
    """Prepare the index for ranking; arithmetic, for a worker thread."""
    spoken_by = None if index.spoken is None else {(recording_id, ordinal) for recording_id, ordinal in index.spoken}
    return Library(index.rows, index.chosen, index.postings, [to_scan(one) for one in index.vectors], spoken_by)


def store_vectors(cache: VectorCache, index: StoredIndex, library: Library) -> None:
    """Cache the vectors that were read for a search."""
    for stored, scan in zip(index.vectors, library.scans, strict=True):
        store_scan(cache, stored, scan)


def _in_scope(rows: Sequence[IndexRow], request: SearchRequest) -> list[bool]:
    wanted = None if request.recording_ids is None else set(request.recording_ids)
    after, before = request.recorded_after_us, request.recorded_before_us
    return [
        (wanted is None or row.recording_id in wanted)
        and (after is None or (row.recorded_us is not None and row.recorded_us >= after))
        and (before is None or (row.recorded_us is not None and row.recorded_us < before))
        for row in rows
    ]


def by_embedder(rows: Sequence[IndexRow], chosen: Sequence[bool]) -> dict[str, dict[Part, Indexed]]:
    """Return, for each embedder that made vectors in scope, all the recordings it made any of."""
    parts: dict[str, dict[Part, Indexed]] = {}
    for row, is_in in zip(rows, chosen, strict=True):
        part = (row.recording_no, row.transcription_id, row.revision, row.vector_counts is not None)
        parts.setdefault(row.embedder, {})[part] = Indexed(is_in, row.chunk_count, row.vector_counts)
    return {name: of_it for name, of_it in parts.items() if any(one.is_in_scope for one in of_it.values())}
