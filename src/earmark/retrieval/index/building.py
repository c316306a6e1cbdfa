"""Prepares a transcript's index rows (chunks, postings, vectors) without database access."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.retrieval.embedding.embedders import Embedder
from earmark.retrieval.index.chunking import Chunk, chunk_segments
from earmark.retrieval.index.documents import index_terms
from earmark.retrieval.index.postings import pack_lengths
from earmark.retrieval.index.quantize import quantize
from earmark.retrieval.index.spans import encoded_texts
from earmark.retrieval.types import NO_EMBEDDER
from earmark.transcripts.types import Segment


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
    """One recording's index rows.

    Shapes: C chunks; `chunk_lengths` and `vector_counts` packed, C of them; `postings` term -> packed occurrences;
        `vectors` int8 [sum of the counts, dimensions]. Without vectors all counts are 0 and `embedder` is NO_EMBEDDER.
    """

    embedder: str
    chunks: Sequence[PreparedChunk]
    chunk_lengths: bytes
    postings: Mapping[str, bytes]
    vector_counts: bytes
    vectors: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class AnalysedTranscript:
    """A transcript's index but for its vectors, and the texts that they stand for."""

    chunks: Sequence[PreparedChunk]
    chunk_lengths: bytes
    postings: Mapping[str, bytes]
    vector_counts: bytes
    texts: Sequence[str]

    def with_vectors(self, embedder: str, vectors: NDArray[np.int8]) -> PreparedIndex:
        """Return the whole index. Shape: [texts, dimensions]."""
        return PreparedIndex(embedder, self.chunks, self.chunk_lengths, self.postings, self.vector_counts, vectors)

    def without_vectors(self) -> PreparedIndex:
        """Return the index of the words alone."""
        counts = pack_lengths([0] * len(self.chunks))
        none = np.zeros((0, 0), np.int8)
        return PreparedIndex(NO_EMBEDDER, self.chunks, self.chunk_lengths, self.postings, counts, none)


def analyse_transcript(segments: Sequence[Segment], language: str | None) -> AnalysedTranscript:
    """Chunk and analyse a transcript."""
    chunks = chunk_segments(segments)
    terms = index_terms(segments, chunks, language)
    texts, counts = encoded_texts(segments, chunks)
    prepared = [_prepared(chunk, segments) for chunk in chunks]
    return AnalysedTranscript(prepared, pack_lengths(terms.lengths), terms.postings, pack_lengths(counts), texts)


def prepare_index(embedder: Embedder, segments: Sequence[Segment], language: str | None) -> PreparedIndex:
    """Chunk, analyse and embed a transcript."""
    analysed = analyse_transcript(segments, language)
    return analysed.with_vectors(embedder.name, quantize(embedder.embed_passages(analysed.texts)))


def _prepared(chunk: Chunk, segments: Sequence[Segment]) -> PreparedChunk:
    return PreparedChunk(
        chunk.first, chunk.last, chunk.start_ms(segments), chunk.end_ms(segments), chunk.speaker(segments)
    )
