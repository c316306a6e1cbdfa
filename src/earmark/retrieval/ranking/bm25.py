"""BM25 scores of chunks and of whole recordings, from the chunks' postings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from earmark.retrieval.index.analysis import Concept, QueryTerms
from earmark.retrieval.index.postings import TermPostings, merge_postings

K1: Final = 1.2
B: Final = 0.75

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The chunk and recording lengths of one end user's library.

    Shapes: C chunks in R recordings; lengths [C]; recording_of [C], ascending; recording_lengths [R].
    """

    lengths: Floats
    recording_of: NDArray[np.int64]
    recording_lengths: Floats

    @classmethod
    def of(cls, chunk_lengths: Sequence[NDArray[np.uint32]]) -> Lexicon:
        """Build from the terms per chunk of each recording, in order."""
        sizes = np.array([len(lengths) for lengths in chunk_lengths], np.int64)
        lengths = np.concatenate([*chunk_lengths, np.zeros(0, np.uint32)]).astype(np.float64)
        recording_of = np.repeat(np.arange(len(sizes)), sizes)
        totals = np.bincount(recording_of, lengths, len(sizes)).astype(np.float64)
        return cls(lengths, recording_of, totals)

    @property
    def chunk_count(self) -> int:
        """The number of chunks, C."""
        return len(self.lengths)

    def scores(self, query: QueryTerms, postings: Mapping[str, TermPostings]) -> tuple[Floats, Floats]:
        """Score every chunk and recording, divided by the best score a chunk could reach.

        A word of the question that the library lacks counts half in that best score: the question isn't fully
        matched, but may be worded differently.

        Shapes: [C], [R]. Units: 0..1 about.
        Source: Robertson and Zaragoza 2009, doi:10.1561/1500000019; the idf is Lucene's, never below 0.
        """
        chunk_scores = np.zeros(self.chunk_count)
        recording_scores = np.zeros(len(self.recording_lengths))
        chunk_norms, recording_norms = _norms(self.lengths), _norms(self.recording_lengths)
        reachable = 0.0
        for concept in query.concepts:
            found = _postings_of(concept, postings)
            weight = self._rarity(concept, found)
            reachable += (weight if found is not None else weight / 2) * (K1 + 1)
            if found is None:
                continue
            chunks, counts = found.chunks, found.frequencies
            chunk_scores[chunks] += weight * _saturated(counts, chunk_norms[chunks])
            totals = np.bincount(self.recording_of[chunks], counts, len(recording_scores)).astype(np.float64)
            holders = np.flatnonzero(totals)
            rarity = concept.weight * _idf(len(recording_scores), len(holders))
            recording_scores[holders] += rarity * _saturated(totals[holders], recording_norms[holders])
        best = reachable or 1.0
        return chunk_scores / best, recording_scores / best

    def weight(self, concept: Concept, postings: Mapping[str, TermPostings]) -> float:
        """Return a question word's weight: its own weight times its rarity among chunks."""
        return self._rarity(concept, _postings_of(concept, postings))

    def _rarity(self, concept: Concept, found: TermPostings | None) -> float:
        return concept.weight * _idf(self.chunk_count, 0 if found is None else len(found.chunks))


def _postings_of(concept: Concept, postings: Mapping[str, TermPostings]) -> TermPostings | None:
    lists = [postings[term] for term in concept.terms if term in postings]
    return merge_postings(lists) if lists else None


def _norms(lengths: Floats) -> Floats:
    average = (lengths.mean() if len(lengths) else 0.0) or 1.0
    return K1 * (1 - B + B * lengths / average)


def _idf(population: int, found: int) -> float:
    return float(np.log1p((population - found + 0.5) / (found + 0.5)))


def _saturated(counts: NDArray[np.floating], norms: Floats) -> Floats:
    saturated: Floats = counts * (K1 + 1) / (counts + norms)
    return saturated
