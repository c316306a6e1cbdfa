"""From database rows to the arrays that ranking works on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from earmark.retrieval.analysis import QueryTerms
from earmark.retrieval.embedders import Embedder
from earmark.retrieval.postings import unpack_postings
from earmark.retrieval.quantize import cosines, quantize, unpack_vectors
from earmark.retrieval.ranking import Hit, RecordingEntry, Snapshot, TermPostings, rank
from earmark.storage.query import Row


class IndexRow(Protocol):
    """One recording of the library, as the index knows it."""

    @property
    def recording_no(self) -> int: ...
    @property
    def recording_id(self) -> str: ...
    @property
    def chunk_count(self) -> int: ...
    @property
    def chunk_lengths(self) -> bytes: ...
    @property
    def recorded_us(self) -> int | None: ...


@dataclass(frozen=True)
class Library:
    """One end user's index, as read: all recordings, those in scope, the question's postings, vectors."""

    rows: Sequence[IndexRow]
    chosen: Sequence[bool]
    postings: Sequence[Row]
    vectors: Mapping[int, bytes]
    spoken_by: set[tuple[str, int]] | None

    @property
    def first_chunks(self) -> list[int]:
        """The number of each recording's first chunk, in the numbering of the snapshot."""
        return [0, *accumulate(row.chunk_count for row in self.rows)]

    def locate(self, chunk: int) -> tuple[int, int]:
        """Return (index of the recording in `rows`, ordinal of the chunk in it)."""
        firsts = self.first_chunks
        index = bisect_right(firsts, chunk) - 1
        return index, chunk - firsts[index]


def rank_library(embedder: Embedder, query: QueryTerms, library: Library, limit: int) -> list[Hit]:
    """Embed the question and rank; arithmetic only, for a worker thread."""
    in_scope = _in_scope(library)
    vector = quantize(embedder.embed_query(query.question))
    snapshot = Snapshot(
        recordings=[_entry(row) for row in library.rows],
        postings=_postings(library),
        cosines=_cosines(library, vector),
        in_scope=None if in_scope.all() else in_scope,
    )
    return rank(query, snapshot, limit=limit)


def _entry(row: IndexRow) -> RecordingEntry:
    lengths = np.frombuffer(row.chunk_lengths, "<u4")
    recorded_at_ms = None if row.recorded_us is None else row.recorded_us // 1_000
    return RecordingEntry(row.recording_id, row.chunk_count, lengths, recorded_at_ms)


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
    firsts = library.first_chunks
    place = {row.recording_no: index for index, row in enumerate(library.rows)}
    found: dict[str, TermPostings] = {}
    for term, group in groupby(library.postings, key=lambda row: row[0]):
        known = sorted((place[number], packed) for _, number, packed in group if number in place)
        unpacked = [(firsts[index], *unpack_postings(packed)) for index, packed in known]
        if unpacked:
            chunks = np.concatenate([chunks + start for start, chunks, _ in unpacked])
            found[term] = TermPostings(chunks, np.concatenate([tfs for _, _, tfs in unpacked]))
    return found


def _cosines(library: Library, vector: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return each chunk's cosine; -1 outside the scope, whose vectors were not read."""
    counts = [row.chunk_count for row in library.rows]
    found = np.full(sum(counts), -1.0, np.float32)
    for row, start in zip(library.rows, library.first_chunks, strict=False):
        packed = library.vectors.get(row.recording_no)
        if packed is not None:
            found[start : start + row.chunk_count] = cosines(unpack_vectors([packed], len(vector)), vector)
    return found
