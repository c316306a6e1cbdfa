"""Vectors of chunks: written with the index, compared with a question's.

One block of int8 for each recording, read and multiplied here; where PostgreSQL has pgvector, one
`halfvec` a chunk, multiplied there. Both give the same integers (see `quantize.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.retrieval import queries
from earmark.retrieval.quantize import cosines, pack_vectors, to_cosines, unpack_vectors
from earmark.retrieval.vector_cache import Kept, Part, VectorCache
from earmark.storage.pgvector import delete_chunk_vectors, insert_chunk_vector, select_products
from earmark.storage.query import Row
from earmark.storage.tenant import Tenant

_BIG_ENDIAN_FLOAT = np.dtype(">f4")


async def insert_vectors(work: Tenant, recording_no: int, vectors: NDArray[np.int8]) -> None:
    """Store a recording's vectors in the caller's unit of work."""
    common: dict[str, Any] = {"end_user_no": work.key.end_user_no, "recording_no": recording_no}
    if not work.database.has_pgvector:
        await work.execute(queries.insert_vectors, {**common, "vectors": pack_vectors(vectors)})
        return
    rows = [{**common, "ordinal": at, "embedding": _render(vector)} for at, vector in enumerate(vectors)]
    await work.execute_many(insert_chunk_vector, rows)


async def replace_vectors(work: Tenant, recording_no: int, vectors: NDArray[np.int8]) -> None:
    """Store others in place of a recording's vectors."""
    table = delete_chunk_vectors if work.database.has_pgvector else queries.delete_vectors
    await work.execute(table, {"recording_no": recording_no})
    await insert_vectors(work, recording_no, vectors)


def _render(vector: NDArray[np.int8]) -> str:
    return str(vector.tolist())


@dataclass(frozen=True, slots=True)
class Scan:
    """What is known of the vectors in scope: products that the database made, or the vectors themselves.

    Shapes: wanted int8 [d]; spans: recording number -> its rows of `kept.matrix`.
    """

    wanted: NDArray[np.int8]
    products: Sequence[Row] = ()
    kept: Kept | None = None
    spans: Mapping[int, slice] = field(default_factory=dict)


async def scan(
    snapshot: Tenant, cache: VectorCache, embedder: str, wanted: NDArray[np.int8], parts: Mapping[Part, bool]
) -> Scan:
    """Read what `to_similarities` needs of the vectors that `embedder` made.

    Args:
        parts: every recording of the library that has some, and whether it is in scope.
    """
    chosen = [part for part, is_in in parts.items() if is_in]
    if snapshot.database.has_pgvector:
        params = {"wanted": _render(wanted), "recording_nos": [no for no, _ in chosen]}
        is_narrowed = len(chosen) < len(parts)
        return Scan(wanted, await snapshot.fetch_all(select_products, params, is_narrowed=is_narrowed))
    owner = (snapshot.key.tenant_id, snapshot.key.end_user_no, embedder)
    kept = cache.find(owner) or Kept(np.zeros((0, len(wanted)), np.int8), {})
    missing = [part for part in chosen if part not in kept.spans]
    if missing or not parts.keys() >= kept.spans.keys():
        kept = await _complete(snapshot, kept, parts, missing)
        cache.keep(owner, kept)
    return Scan(wanted, kept=kept, spans={part[0]: kept.spans[part] for part in chosen if part in kept.spans})


async def _complete(snapshot: Tenant, known: Kept, parts: Mapping[Part, bool], missing: Sequence[Part]) -> Kept:
    """Read what is missing, and let go what the library has no more."""
    rows: Sequence[Row] = ()
    if len(missing) == len(parts):
        rows = await snapshot.fetch_all(queries.select_vectors)
    elif missing:
        rows = await snapshot.fetch_all(queries.select_vectors_of, {"recording_nos": [no for no, _ in missing]})
    size = known.matrix.shape[1]
    wanted = dict(missing)
    blocks = {part: known.matrix[span] for part, span in known.spans.items() if part in parts}
    blocks |= {(no, wanted[no]): unpack_vectors([packed], size) for no, packed in rows if no in wanted}
    ends = list(accumulate(len(block) for block in blocks.values()))
    spans = {part: slice(end - len(block), end) for (part, block), end in zip(blocks.items(), ends, strict=True)}
    return Kept(np.concatenate([np.zeros((0, size), np.int8), *blocks.values()]), spans)


def to_similarities(found: Scan) -> Mapping[int, NDArray[np.float32]]:
    """Return each recording's cosines, by its number; arithmetic, for a worker thread."""
    size = len(found.wanted)
    if found.kept is None:
        return {no: to_cosines(np.frombuffer(packed, _BIG_ENDIAN_FLOAT), size) for no, packed in found.products}
    matrix = found.kept.matrix
    if 2 * sum(span.stop - span.start for span in found.spans.values()) < len(matrix):
        return {no: cosines(matrix[span], found.wanted) for no, span in found.spans.items()}
    together = cosines(matrix, found.wanted)  # at once: quicker than piece by piece, and the same to the last bit
    return {no: together[span] for no, span in found.spans.items()}
