"""Ranking features per chunk, for a weighted sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from earmark.retrieval.index.analysis import QueryTerms, speaker_term, terms_of_name
from earmark.retrieval.index.dates import closeness
from earmark.retrieval.index.postings import TermPostings, merge_postings
from earmark.retrieval.ranking.bm25 import Lexicon

Floats = NDArray[np.float64]

FEATURES: Final = (
    "words",  # BM25 of the chunk
    "speaker",  # share of its words spoken by a named speaker
    "meaning",  # cosine of the chunk
    "context",  # cosines of the chunks before and after it, summed
    "recording_words",  # BM25 of the recording as one text
    "recording_peaks",  # mean of the recording's three best `words`
    "recording_meaning",  # mean of its three best `meaning`
    "recording_name",  # share of the question's weight found in its name
    "recording_date",  # closeness to a date in the question
)
_PEAKS: Final = 3


@dataclass(frozen=True, slots=True)
class RecordingEntry:
    """The part of an indexed recording that ranking needs; `chunk_lengths` is terms per chunk, uint32."""

    recording_id: str
    chunk_count: int
    chunk_lengths: NDArray[np.uint32]
    recorded_at_ms: int | None = None
    name: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An end user's whole library for one question.

    Chunks are numbered from 0 through `recordings` in their (stable) order. Statistics are those of
    the whole library even when `in_scope` is narrower, and never those of another end user.

    Shapes: C chunks; postings of the question's terms only; cosines float32 [C] or None if there
        is no vector to compare; in_scope bool [C] or None for all.
    """

    recordings: Sequence[RecordingEntry]
    postings: Mapping[str, TermPostings]
    cosines: NDArray[np.float32] | None = None
    in_scope: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """Features per chunk [C], and features shared by all chunks of a recording [R].

    Shapes: recording_of int64 [C], ascending: the recording of each chunk.
    """

    chunks: Mapping[str, Floats]
    recordings: Mapping[str, Floats]
    recording_of: NDArray[np.int64]

    def by_chunk(self) -> dict[str, Floats]:
        """Return each of `FEATURES` per chunk: name -> [C]."""
        spread = {name: values[self.recording_of] for name, values in self.recordings.items()}
        return {**self.chunks, **spread}


def describe(query: QueryTerms, snapshot: Snapshot) -> Description:
    """Compute every chunk's features. BM25 is divided by the best reachable score: 0..1 about."""
    lexicon = Lexicon.of([entry.chunk_lengths for entry in snapshot.recordings])
    words, recording_words = lexicon.scores(query, snapshot.postings)
    known = snapshot.cosines
    meaning = np.zeros(lexicon.chunk_count) if known is None else np.maximum(known, 0.0, dtype=np.float64)
    each, count = lexicon.recording_of, len(snapshot.recordings)
    chunks = {
        "words": words,
        "speaker": _speaker(query, snapshot.postings, lexicon.lengths),
        "meaning": meaning,
        "context": _neighbours(meaning, each),
    }
    recordings = {
        "recording_words": recording_words,
        "recording_peaks": _peaks(words, each, count),
        "recording_meaning": _peaks(meaning, each, count),
        "recording_name": _names(query, snapshot, lexicon),
        "recording_date": closeness(query.dates, [entry.recorded_at_ms for entry in snapshot.recordings]),
    }
    return Description(chunks, recordings, each)


def _speaker(query: QueryTerms, postings: Mapping[str, TermPostings], lengths: Floats) -> Floats:
    """Return the share of words spoken by the named people; the mean over names."""
    shares = np.zeros(len(lengths))
    names = 0
    for concept in query.concepts:
        lists = [postings[name] for name in map(speaker_term, concept.terms) if name in postings]
        if lists:
            names += 1
            found = merge_postings(lists)
            shares[found.chunks] += np.minimum(1.0, found.frequencies / np.maximum(1.0, lengths[found.chunks]))
    return shares / max(1, names)


def _neighbours(values: Floats, recording_of: NDArray[np.int64]) -> Floats:
    """Return the sum of the values before and after each chunk, within its recording."""
    sums = np.zeros_like(values)
    cuts = np.flatnonzero(recording_of[1:] != recording_of[:-1])  # the last chunk of each recording but the last
    sums[1:] = values[:-1]
    sums[cuts + 1] = 0.0
    after = values[1:].copy()
    after[cuts] = 0.0
    sums[:-1] += after
    return sums


def _peaks(values: Floats, recording_of: NDArray[np.int64], count: int) -> Floats:
    """Return the mean of each recording's three highest values; missing chunks count as 0.

    Shapes: [C], [C] ascending -> [R].
    """
    means = np.zeros(count)
    sizes = np.bincount(recording_of, minlength=count)
    owners = np.flatnonzero(sizes)
    if not len(owners):
        return means
    starts, sizes = (np.cumsum(sizes) - sizes)[owners], sizes[owners]
    rest = values.copy()
    for taken in range(1, _PEAKS + 1):
        highest = np.maximum.reduceat(rest, starts)
        means[owners] += highest / _PEAKS
        if taken < _PEAKS:
            # Remove one chunk of each recording, even if several are equal.
            equal = np.flatnonzero(rest == np.repeat(highest, sizes))
            rest[equal[np.flatnonzero(np.diff(recording_of[equal], prepend=-1))]] = 0.0
    return means


def _names(query: QueryTerms, snapshot: Snapshot, lexicon: Lexicon) -> Floats:
    weights = [(concept, lexicon.weight(concept, snapshot.postings)) for concept in query.concepts]
    whole = sum(weight for _, weight in weights) or 1.0
    asked = frozenset(term for concept in query.concepts for term in concept.terms)
    shares: dict[frozenset[str], float] = {frozenset(): 0.0}
    found = np.zeros(len(snapshot.recordings))
    for number, entry in enumerate(snapshot.recordings):
        named = terms_of_name(entry.name or "", entry.language) & asked
        if named not in shares:  # few distinct sets, however many recordings
            shares[named] = sum(weight for concept, weight in weights if not named.isdisjoint(concept.terms)) / whole
        found[number] = shares[named]
    return found
