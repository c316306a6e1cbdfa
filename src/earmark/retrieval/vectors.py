"""Vectors of chunks: written with the index, compared with a question's.

One block of int8 for each recording, read and multiplied here; where PostgreSQL has pgvector, one
`halfvec` a chunk, multiplied there. Both give the same integers (see `quantize.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.retrieval import queries
from earmark.retrieval.quantize import cosines, pack_vectors, to_cosines, unpack_vectors
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
    """Vectors read for one embedder's vector of the question; `are_products`: already multiplied by the database."""

    wanted: NDArray[np.int8]
    rows: Sequence[Row]
    are_products: bool


async def scan(snapshot: Tenant, wanted: NDArray[np.int8], recording_nos: Sequence[int] | None) -> Scan:
    """Read what `to_similarities` needs of these recordings' vectors (None: of all)."""
    rows = await _fetch(snapshot, wanted, recording_nos)
    return Scan(wanted, rows, snapshot.database.has_pgvector)


async def _fetch(snapshot: Tenant, wanted: NDArray[np.int8], recording_nos: Sequence[int] | None) -> Sequence[Row]:
    nos = list(recording_nos or ())
    if snapshot.database.has_pgvector:
        params = {"wanted": _render(wanted), "recording_nos": nos}
        return await snapshot.fetch_all(select_products, params, is_narrowed=recording_nos is not None)
    if recording_nos is None:
        return await snapshot.fetch_all(queries.select_vectors)
    return await snapshot.fetch_all(queries.select_vectors_of, {"recording_nos": nos})


def to_similarities(found: Scan) -> Mapping[int, NDArray[np.float32]]:
    """Return each recording's cosines, by its number; arithmetic, for a worker thread."""
    if found.are_products:
        size = len(found.wanted)
        return {no: to_cosines(np.frombuffer(packed, _BIG_ENDIAN_FLOAT), size) for no, packed in found.rows}
    return {no: cosines(unpack_vectors([packed], len(found.wanted)), found.wanted) for no, packed in found.rows}
