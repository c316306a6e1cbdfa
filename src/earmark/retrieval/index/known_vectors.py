"""The vectors of a transcript as it is: a correction embeds only the texts that it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.retrieval import queries
from earmark.retrieval.index.chunking import Chunk
from earmark.retrieval.index.postings import pack_lengths, unpack_lengths
from earmark.retrieval.index.spans import encoded_texts
from earmark.retrieval.index.vectors import read_whole
from earmark.storage.tenant import Tenant
from earmark.transcripts.types import Segment


@dataclass(frozen=True, slots=True)
class StoredIndexing:
    """How a transcript is indexed, as a snapshot has it. Shapes: C chunks, N vectors of d numbers."""

    embedder: str
    chunks: Sequence[Chunk]
    vector_counts: bytes
    vectors: NDArray[np.int8]


async def read_indexing(snapshot: Tenant, recording_id: str) -> StoredIndexing | None:
    """Read a recording's chunks and vectors; None if there are none of the present form."""
    found = {"recording_id": recording_id}
    row = await snapshot.fetch_one(queries.select_index_vectors, found)
    if row is None or row[2] is None:
        return None
    recording_no, embedder, counts = row
    vectors = await read_whole(snapshot, recording_no, int(unpack_lengths(counts).sum()))
    bounds = await snapshot.fetch_all(queries.select_chunk_bounds, found)
    chunks = [Chunk(first, last) for first, last in bounds]
    return None if vectors is None else StoredIndexing(embedder, chunks, counts, vectors)


def known_vectors(stored: StoredIndexing, segments: Sequence[Segment]) -> Mapping[str, NDArray[np.int8]]:
    """Return the vector of each text that was embedded for these segments; for a worker thread."""
    texts, counts = encoded_texts(segments, stored.chunks)
    if pack_lengths(counts) != stored.vector_counts:  # cut by another version
        return {}
    return dict(zip(texts, stored.vectors, strict=True))
