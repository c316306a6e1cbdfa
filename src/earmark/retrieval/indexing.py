"""What a transcript becomes in the index: chunks, postings, vectors. Pure; the database is elsewhere."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from earmark.library.types import Segment
from earmark.retrieval.chunking import Chunk, chunk_segments
from earmark.retrieval.embedders import Embedder
from earmark.retrieval.postings import pack_postings
from earmark.retrieval.quantize import pack_vectors, quantize
from earmark.retrieval.terms import chunk_terms, embedded_text


@dataclass(frozen=True, slots=True)
class PreparedChunk:
    """A chunk as it is stored: whole segments `first` to `last`, both included."""

    first: int
    last: int
    start_ms: int
    end_ms: int
    speaker: str | None


@dataclass(frozen=True, slots=True)
class PreparedIndex:
    """One recording's index rows. `postings`: term -> packed (chunk ordinal, frequency) pairs."""

    embedder: str
    chunks: Sequence[PreparedChunk]
    chunk_lengths: bytes
    postings: Mapping[str, bytes]
    vectors: bytes


def prepare_index(embedder: Embedder, segments: Sequence[Segment], language: str | None) -> PreparedIndex:
    """Cut, analyse and embed a transcript."""
    chunks = chunk_segments(segments)
    occurrences: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    lengths = np.zeros(len(chunks), "<u4")
    for ordinal, chunk in enumerate(chunks):
        terms = chunk_terms(chunk.of(segments), language)
        lengths[ordinal] = len(terms)
        for term, frequency in Counter(terms).items():
            occurrences[term].append((ordinal, frequency))
    vectors = embedder.embed_passages([embedded_text(chunk.of(segments)) for chunk in chunks])
    return PreparedIndex(
        embedder.name,
        [_prepared(chunk, segments) for chunk in chunks],
        lengths.tobytes(),
        {term: pack_postings(pairs) for term, pairs in occurrences.items()},
        pack_vectors(quantize(vectors)),
    )


def _prepared(chunk: Chunk, segments: Sequence[Segment]) -> PreparedChunk:
    return PreparedChunk(
        chunk.first, chunk.last, chunk.start_ms(segments), chunk.end_ms(segments), chunk.speaker(segments)
    )
