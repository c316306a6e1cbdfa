"""From database rows to the arrays that ranking works on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from earmark.retrieval.index.analysis import QueryTerms
from earmark.retrieval.index.postings import TermPostings, unpack_lengths, unpack_postings
from earmark.retrieval.index.spans import nearest
from earmark.retrieval.index.vectors import Scan, to_similarities
from earmark.retrieval.ranking.combining import Hit, RecordingEntry, Snapshot, rank
from earmark.storage.query import Row


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One recording of the library, as `queries.select_indexes` reads it."""

    recording_no: int
    recording_id: str
    transcription_id: str
    language: str | None
    chunk_count: int
    chunk_lengths: bytes
    recorded_us: int | None
    name: str | None
    embedder: str
    vector_counts: bytes | None
    recorded_offset_min: int | None = None
    revision: int = 1


@dataclass(frozen=True)
class Library:
    """One end user's index, as read: all recordings, those in scope, the question's postings, a scan for each embedder.

    Without a scan (no embedder could be asked) the words alone rank.
    """

    rows: Sequence[IndexRow]
    chosen: Sequence[bool]
    postings: Sequence[Row]
    scans: Sequence[Scan]
    spoken_by: set[tuple[str, int]] | None

    @cached_property
    def first_chunks(self) -> list[int]:
        """The number of each recording's first chunk, in the numbering of the snapshot, and the number of all."""
        return [0, *accumulate(row.chunk_count for row in self.rows)]

    def locate(self, chunk: int) -> tuple[int, int]:
        """Return (index of the recording in `rows`, ordinal of the chunk in it)."""
        index = bisect_right(self.first_chunks, chunk) - 1
        return index, chunk - self.first_chunks[index]


def rank_library(query: QueryTerms, library: Library, limit: int, floor: float = 0.0) -> list[Hit]:
    """Rank the chunks in scope; arithmetic only, for a worker thread."""
    in_scope = _in_scope(library)
    snapshot = Snapshot(
        recordings=[_entry(row) for row in library.rows],
        postings=_postings(library),
        cosines=_cosines(library) if library.scans else None,
        in_scope=None if in_scope.all() else in_scope,
    )
    return rank(query, snapshot, limit=limit, floor=floor)


def _entry(row: IndexRow) -> RecordingEntry:
    recorded_at_ms = None if row.recorded_us is None else row.recorded_us // 1_000
    return RecordingEntry(
        recording_id=row.recording_id,
        chunk_count=row.chunk_count,
        chunk_lengths=unpack_lengths(row.chunk_lengths),
        recorded_at_ms=recorded_at_ms,
        name=row.name,
        language=row.language,
    )


def _in_scope(library: Library) -> NDArray[np.bool_]:
    counts = [row.chunk_count for row in library.rows]
    chosen = np.repeat(np.array(library.chosen, bool), counts)
    if library.spoken_by is None:
        return chosen
    spoken = [
        (row.recording_id, ordinal) in library.spoken_by for row in library.rows for ordinal in range(row.chunk_count)
    ]
    both: NDArray[np.bool_] = chosen & np.array(spoken, bool)
    return both


def _postings(library: Library) -> dict[str, TermPostings]:
    """Number the chunks of all recordings through, in the order of `rows`."""
    place = {row.recording_no: index for index, row in enumerate(library.rows)}
    found: dict[str, TermPostings] = {}
    for term, group in groupby(library.postings, key=itemgetter(0)):
        known = sorted((place[number], packed) for _, number, packed in group if number in place)
        if known:
            firsts = [library.first_chunks[index] for index, _ in known]
            found[term] = unpack_postings([packed for _, packed in known], firsts)
    return found


def _cosines(library: Library) -> NDArray[np.float32]:
    """Return each chunk's cosine; -1 outside the scope, whose vectors were not read."""
    found = np.full(library.first_chunks[-1], -1.0, np.float32)
    similarities = {no: found for one in library.scans for no, found in to_similarities(one).items()}
    for row, start in zip(library.rows, library.first_chunks, strict=False):
        known = similarities.get(row.recording_no)
        if known is not None:
            found[start : start + row.chunk_count] = (
                known if row.vector_counts is None else nearest(known, unpack_lengths(row.vector_counts))
            )
    return found
