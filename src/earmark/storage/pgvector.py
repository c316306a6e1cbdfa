"""The semantic scan in PostgreSQL, where pgvector is installed.

Vectors are stored as `halfvec` of the same integers (-127 to 127) that SQLite keeps as int8: such
integers are exact in half precision and their dot products exact in single, so that both databases
give the same bits, and the same ranking.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Delete, Insert, Select, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from earmark.storage.dialect import NO_BYTES, ZERO, any_of
from earmark.storage.query import Guard, long_query, query
from earmark.storage.tables import HalfVector, chunk_vectors


def _as_vector(name: str) -> sa.ColumnElement[Any]:
    return sa.cast(bindparam(name, type_=sa.Text()), HalfVector())


@query
def insert_chunk_vector(own: Guard) -> Insert:
    """One chunk's vector, as text."""
    return own.insert(chunk_vectors).values(embedding=_as_vector("embedding"))


@query
def delete_chunk_vectors(own: Guard) -> Delete:
    """A recording's vectors."""
    return delete(chunk_vectors).where(own(chunk_vectors), chunk_vectors.c.recording_no == bindparam("recording_no"))


@long_query
def select_packed(own: Guard, *, is_narrowed: bool) -> Select[Any]:
    """Each recording's vectors as pgvector sends them, by chunk: big-endian int16 (the size), int16 0, and float16s."""
    sent = func.halfvec_send(chunk_vectors.c.embedding, type_=sa.LargeBinary())
    joined = func.string_agg(sent, aggregate_order_by(NO_BYTES, chunk_vectors.c.ordinal))
    found = select(chunk_vectors.c.recording_no, joined).where(own(chunk_vectors))
    if is_narrowed:
        found = found.where(any_of(chunk_vectors.c.recording_no, "recording_nos"))
    return found.group_by(chunk_vectors.c.recording_no)


@long_query
def select_products(own: Guard, *, is_narrowed: bool) -> Select[Any]:
    """For each recording its chunks' dot products with `wanted`, as big-endian float32 in order of the chunks."""
    # In a subquery of its own it is read once: a generic plan (the sixth run's) would parse it for each row.
    wanted = select(_as_vector("wanted")).scalar_subquery()
    negative = chunk_vectors.c.embedding.op("<#>", return_type=sa.Float())(wanted)
    product = func.float4send(sa.cast(-negative, sa.REAL()), type_=sa.LargeBinary())
    products = select(chunk_vectors.c.recording_no, chunk_vectors.c.ordinal, product.label("product"))
    products = products.where(own(chunk_vectors))
    if is_narrowed:
        products = products.where(any_of(chunk_vectors.c.recording_no, "recording_nos"))
    # OFFSET 0 keeps PostgreSQL from sorting whole vectors (to disk, measured) before it multiplies them.
    found = products.offset(ZERO).subquery()
    joined = func.string_agg(found.c.product, aggregate_order_by(NO_BYTES, found.c.ordinal))
    return select(found.c.recording_no, joined).group_by(found.c.recording_no)
