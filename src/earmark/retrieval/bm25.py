"""BM25 over chunks and over whole recordings at once, from the postings of chunks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from earmark.retrieval.analysis import QueryTerms
from earmark.retrieval.postings import TermPostings, merge_postings

K1: Final = 1.2
B: Final = 0.75


@dataclass(frozen=True, slots=True)
class Collection:
    """Lengths of one end user's library.

    Shapes: C chunks in R recordings; lengths float64 [C]; recording_of int64 [C];
        recording_lengths float64 [R].
    """

    lengths: NDArray[np.float64]
    recording_of: NDArray[np.int64]
    recording_lengths: NDArray[np.float64]

    @classmethod
    def of(cls, chunk_lengths: Sequence[NDArray[np.uint32]]) -> Collection:
        """From the terms per chunk of each recording, in order."""
        sizes = [len(lengths) for lengths in chunk_lengths]
        lengths = np.concatenate([*chunk_lengths, np.zeros(0, np.uint32)]).astype(np.float64)
        recording_of = np.repeat(np.arange(len(sizes)), sizes)
        totals = np.bincount(recording_of, lengths, len(sizes)).astype(np.float64)
        return cls(lengths, recording_of, totals)

    @property
    def chunk_count(self) -> int:
        """C."""
        return len(self.lengths)


def bm25_scores(
    query: QueryTerms, postings: Mapping[str, TermPostings], library: Collection
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Score every chunk, and for every chunk the recording it stands in.

    Shapes: two float64 [C].
    Source: Robertson and Zaragoza 2009, doi:10.1561/1500000019; the idf is Lucene's, never below 0.
    """
    chunk_scores = np.zeros(library.chunk_count)
    recording_scores = np.zeros(len(library.recording_lengths))
    chunk_norm = _length_norm(library.lengths)
    recording_norm = _length_norm(library.recording_lengths)
    for concept in query.concepts:
        lists = [postings[term] for term in concept.terms if term in postings]
        if not lists:
            continue
        found = merge_postings(lists)
        chunk_scores[found.chunks] += concept.weight * _term_scores(
            found.frequencies, chunk_norm[found.chunks], library.chunk_count
        )
        totals = np.bincount(library.recording_of[found.chunks], found.frequencies, len(recording_scores)).astype(
            np.float64
        )
        where = np.flatnonzero(totals)
        recording_scores[where] += concept.weight * _term_scores(
            totals[where], recording_norm[where], len(recording_scores)
        )
    return chunk_scores, recording_scores[library.recording_of]


def _length_norm(lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    average = lengths.mean() or 1.0
    return K1 * (1 - B + B * lengths / average)


def _term_scores(frequencies: NDArray[np.floating], norms: NDArray[np.float64], population: int) -> NDArray[np.float64]:
    """One term's part in each document that holds it; there are as many as `frequencies`."""
    found = len(frequencies)
    idf = np.log1p((population - found + 0.5) / (found + 0.5))
    scores: NDArray[np.float64] = idf * frequencies * (K1 + 1) / (frequencies + norms)
    return scores
