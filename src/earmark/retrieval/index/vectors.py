"""Stores the vectors of spans (`spans.py`) and compares a question with them.

Without pgvector: one int8 block per recording, read and multiplied here. With pgvector: one `halfvec` per vector,
multiplied in the database, or here once an end user's vectors are cached. Results are bit-identical (`quantize.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.retrieval import queries
from earmark.retrieval.index.postings import count_vectors
from earmark.retrieval.index.quantize import cosines, pack_vectors, to_cosines, unpack_vectors
from earmark.retrieval.index.vector_cache import CachedVectors, Indexed, Owner, Part, VectorCache
from earmark.storage.pgvector import delete_chunk_vectors, insert_chunk_vector, select_packed, select_products
from earmark.storage.query import Row
from earmark.storage.tenant import Tenant

_BIG_ENDIAN_FLOAT = np.dtype(">f4")
_HALVES_HEAD_BYTES = 4
Vectors = NDArray[np.int8]


async def insert_vectors(work: Tenant, recording_no: int, vectors: NDArray[np.int8]) -> None:
    """Store a recording's vectors in the caller's unit of work; none leave no row."""
    if not len(vectors):
        return
    common: dict[str, Any] = {"end_user_no": work.key.end_user_no, "recording_no": recording_no}
    if not work.database.has_pgvector:
        await work.execute(queries.insert_vectors, {**common, "vectors": pack_vectors(vectors)})
        return
    rows = [{**common, "ordinal": at, "embedding": _render(vector)} for at, vector in enumerate(vectors)]
    await work.execute_many(insert_chunk_vector, rows)


async def replace_vectors(work: Tenant, recording_no: int, vectors: NDArray[np.int8]) -> None:
    """Replace a recording's vectors."""
    table = delete_chunk_vectors if work.database.has_pgvector else queries.delete_vectors
    await work.execute(table, {"recording_no": recording_no})
    await insert_vectors(work, recording_no, vectors)


async def read_whole(snapshot: Tenant, recording_no: int, count: int) -> Vectors | None:
    """Return all `count` vectors of a recording; None if there are none. The handle is narrowed to its end user."""
    rows = await _fetch(snapshot, [recording_no], is_narrowed=True)
    if not rows or not count:
        return None
    packed = bytes(rows[0][1])
    if snapshot.database.has_pgvector:
        return _unpack_halves([packed], (len(packed) // count - _HALVES_HEAD_BYTES) // 2)
    return unpack_vectors([packed], len(packed) // count)


def _render(vector: NDArray[np.int8]) -> str:
    return str(vector.tolist())


@dataclass(frozen=True, slots=True)
class Scan:
    """Vectors in scope: dot products from the database, or cached vectors to multiply.

    Shapes: wanted int8 [d]; spans: recording number -> its rows of `cached.matrix`.
    """

    wanted: NDArray[np.int8]
    products: Sequence[Row] = ()
    cached: CachedVectors | None = None
    spans: Mapping[int, slice] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredVectors:
    """The vectors of one embedder as a snapshot has them: `to_scan` makes a `Scan` of them.

    Args:
        library: every recording that has some.
        cached: what the cache had, possibly nothing.
        blocks: the packed vectors that `cached` lacks, by recording.
        products: those that the database made, in place of the vectors.
    """

    owner: Owner
    wanted: NDArray[np.int8]
    library: Mapping[Part, Indexed]
    cached: CachedVectors
    blocks: Mapping[Part, bytes] = field(default_factory=dict)
    products: Sequence[Row] | None = None
    is_halves: bool = False


async def read_vectors(
    snapshot: Tenant, cache: VectorCache, embedder: str, wanted: NDArray[np.int8], library: Mapping[Part, Indexed]
) -> StoredVectors:
    """Read what the cache lacks of the vectors that `embedder` made; nothing is computed here.

    pgvector multiplies for those who ask for the first time, or have more than may be cached.
    """
    chosen = [part for part, one in library.items() if one.is_in_scope]
    owner = (snapshot.key.tenant_id, snapshot.key.end_user_no, embedder)
    has_pgvector = snapshot.database.has_pgvector
    found = cache.find(owner)
    cached = found or CachedVectors(np.zeros((0, len(wanted)), np.int8), {})
    if found is None and has_pgvector:
        size = sum(count_vectors(one.chunk_count, one.vector_counts) for one in library.values()) * len(wanted)
        if not cache.pays(owner, size):
            params = {"wanted": _render(wanted), "recording_nos": [part[0] for part in chosen]}
            products = await snapshot.fetch_all(select_products, params, is_narrowed=len(chosen) < len(library))
            return StoredVectors(owner, wanted, library, cached, products=products)
    missing = {part[0]: part for part in chosen if part not in cached.spans}
    rows = await _fetch(snapshot, [*missing], is_narrowed=len(missing) < len(library)) if missing else ()
    blocks = {missing[no]: packed for no, packed in rows if no in missing}
    return StoredVectors(owner, wanted, library, cached, blocks, is_halves=has_pgvector)


def to_scan(stored: StoredVectors) -> Scan:
    """Join what was read with what was cached; arithmetic, for a worker thread."""
    if stored.products is not None:
        return Scan(stored.wanted, stored.products)
    cached = stored.cached
    if stored.blocks or not stored.library.keys() >= cached.spans.keys():
        unpack = _unpack_halves if stored.is_halves else unpack_vectors
        cached = _join(cached, stored.library, stored.blocks, unpack)
    chosen = (part for part, one in stored.library.items() if one.is_in_scope)
    return Scan(
        stored.wanted, cached=cached, spans={part[0]: cached.spans[part] for part in chosen if part in cached.spans}
    )


def store_scan(cache: VectorCache, stored: StoredVectors, scan: Scan) -> None:
    """Cache the vectors of a scan if they differ from what the cache had."""
    if scan.cached is not None and scan.cached is not stored.cached:
        cache.store(stored.owner, scan.cached)


def _join(
    known: CachedVectors,
    library: Mapping[Part, Indexed],
    read: Mapping[Part, bytes],
    unpack: Callable[[Sequence[bytes], int], Vectors],
) -> CachedVectors:
    """Join cached vectors still in the library with new ones; for a worker thread."""
    size = known.matrix.shape[1]
    blocks = {part: known.matrix[span] for part, span in known.spans.items() if part in library}
    blocks |= {part: unpack([packed], size) for part, packed in read.items()}
    ends = list(accumulate(len(block) for block in blocks.values()))
    spans = {part: slice(end - len(block), end) for (part, block), end in zip(blocks.items(), ends, strict=True)}
    return CachedVectors(np.concatenate([np.zeros((0, size), np.int8), *blocks.values()]), spans)


async def _fetch(snapshot: Tenant, nos: Sequence[int], *, is_narrowed: bool) -> Sequence[Row]:
    """Read each recording's vectors, packed as stored."""
    params = {"recording_nos": nos}
    if snapshot.database.has_pgvector:
        return await snapshot.fetch_all(select_packed, params, is_narrowed=is_narrowed)
    if is_narrowed:
        return await snapshot.fetch_all(queries.select_vectors_of, params)
    return await snapshot.fetch_all(queries.select_vectors)


def _unpack_halves(blobs: Sequence[bytes], size: int) -> Vectors:
    sent = np.frombuffer(b"".join(blobs), np.dtype([("head", ">i2", 2), ("values", ">f2", size)]))
    whole: Vectors = sent["values"].astype(np.int8)
    return whole


def to_similarities(found: Scan) -> Mapping[int, NDArray[np.float32]]:
    """Return each recording's cosines, by its number; CPU-bound, for a worker thread."""
    size = len(found.wanted)
    if found.cached is None:
        return {no: to_cosines(np.frombuffer(packed, _BIG_ENDIAN_FLOAT), size) for no, packed in found.products}
    matrix = found.cached.matrix
    if 2 * sum(span.stop - span.start for span in found.spans.values()) < len(matrix):
        return {no: cosines(matrix[span], found.wanted) for no, span in found.spans.items()}
    together = cosines(matrix, found.wanted)  # one product: faster than piece by piece, and bit-identical
    return {no: together[span] for no, span in found.spans.items()}
