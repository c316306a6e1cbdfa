"""Dumps and restores all rows, as of one moment, in one format for both databases.

Tables are ordered so that each row's parents come before it; a tenant's tables are consecutive.
Vectors always have the format of `vector_blocks`, however the database stores them.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from sqlalchemy import Delete, Insert, LargeBinary, Select, Text, bindparam, cast, delete, insert, select, tuple_

from earmark.errors import ConflictError
from earmark.lengths import has_length
from earmark.storage.database import Connection, Database
from earmark.storage.pgvector import insert_chunk_vector
from earmark.storage.query import Guard, Params, Query, Row, long_query, query
from earmark.storage.tables import CUSTOMER_TABLES, chunk_vectors, metadata
from earmark.storage.tables.columns import Int
from earmark.storage.tables.text_limits import text_limit
from earmark.storage.tenant import Tenant, TenantKey, UnitOfWork

_PAGE = 2_000
SYSTEM = ("installation", "event_readers", "oauth_clients", "projects", "tenants")
CUSTOMERS = tuple(str(table.name) for table in metadata.sorted_tables if table.name in CUSTOMER_TABLES)
COLUMNS = {name: tuple(map(str, metadata.tables[name].c.keys())) for name in (*SYSTEM, *CUSTOMERS)}
BYTES = {
    name: [at for at, column in enumerate(columns) if isinstance(metadata.tables[name].c[column].type, LargeBinary)]
    for name, columns in COLUMNS.items()
}
"""The indexes of each table's columns of bytes."""
_VECTORS = "vector_blocks"
_KINDS: dict[type, tuple[type, ...]] = {float: (float, int)}
_FORMS = {
    name: [(_KINDS.get(column.type.python_type, (column.type.python_type,)), column.nullable)
           for column in metadata.tables[name].c]
    for name in COLUMNS
}  # fmt: skip
_TEXTS = {
    name: [
        (at, limit) for at, column in enumerate(metadata.tables[name].c) if (limit := text_limit(column)) is not None
    ]
    for name in COLUMNS
}
_INT_LIMIT = 1 << 63
_LONGEST_BYTES = 1 << 29
"""Of one column of bytes: the vectors of the longest recording."""


class DatabaseNotEmptyError(ConflictError):
    """The database already has projects; a backup can be restored only into an empty one."""

    def __init__(self) -> None:
        super().__init__("The database already has projects; restore into an empty one.")


def is_row(name: str, values: Sequence[Any]) -> bool:
    """Whether the values match a table's columns in number and type."""
    forms = _FORMS[name]
    return len(values) == len(forms) and all(
        is_nullable if value is None else type(value) in kinds and _fits(value)
        for value, (kinds, is_nullable) in zip(values, forms, strict=True)
    )


def find_too_long(name: str, values: Sequence[Any]) -> tuple[str, int] | None:
    """Return the column of a row's first text that is over its limit, and the limit."""
    for at, limit in _TEXTS[name]:
        text = values[at]
        if text is not None and not has_length(text, 0, limit):
            return COLUMNS[name][at], limit
    return None


def longest_line_bytes(name: str) -> int:
    """Return the size that no row of a table exceeds as a line of JSON, where `_LONGEST_BYTES` are base64."""
    texts = sum(limit * 6 for _, limit in _TEXTS[name])  # a control character: six bytes
    return texts + len(BYTES[name]) * _LONGEST_BYTES * 2 + 64 * len(COLUMNS[name])


def _fits(value: Any) -> bool:
    return not isinstance(value, int) or -_INT_LIMIT <= value < _INT_LIMIT


# ---- queries ---------------------------------------------------------------------------------------


@query
def _select_system(own: Guard, *, name: str) -> Select[Any]:
    table = metadata.tables[name]
    return select(table).order_by(*table.primary_key.columns)


@query
def _insert_system(own: Guard, *, name: str) -> Insert:
    table = metadata.tables[name]
    values: dict[str, Any] = {column: bindparam(column) for column in COLUMNS[name]}
    return insert(table).values(values)


@query
def _delete_system(own: Guard, *, name: str) -> Delete:
    return delete(metadata.tables[name])


@long_query
def _select_page(own: Guard, *, name: str, is_continued: bool) -> Select[Any]:
    table = metadata.tables[name]
    key = list(table.primary_key.columns)[1:]
    statement = select(table).where(own(table)).order_by(*key).limit(bindparam("page_size"))
    if is_continued:
        after = [bindparam(f"after_{column.name}", type_=column.type) for column in key]
        statement = statement.where(tuple_(*key) > tuple_(*after))
    return statement


@long_query
def _select_vectors(own: Guard) -> Select[Any]:
    columns = (chunk_vectors.c.end_user_no, chunk_vectors.c.recording_no, chunk_vectors.c.ordinal)
    is_recording = (chunk_vectors.c.end_user_no == bindparam("of_user", type_=Int)) & (
        chunk_vectors.c.recording_no == bindparam("of_recording", type_=Int)
    )
    vector = cast(chunk_vectors.c.embedding, Text)
    return select(vector).where(own(chunk_vectors), is_recording).order_by(*columns)


@query
def _insert_row(own: Guard, *, name: str) -> Insert:
    return own.insert(metadata.tables[name])


# ---- reading ---------------------------------------------------------------------------------------


async def walk(database: Database) -> AsyncIterator[tuple[str, TenantKey | None, list[Row]]]:
    """Yield (table, tenant, rows), all as of one moment; large tables in several pieces."""
    async with database.reading(None) as connection:
        tenants: list[Row] = []
        for name in SYSTEM:
            tenants = await _fetch(database, connection, _select_system, name=name)
            yield name, None, tenants
        for tenant_id, project_id, mode in tenants:
            tenant = await _switch_tenant(database, connection, TenantKey(tenant_id, project_id, mode))
            for name in CUSTOMERS:
                async for rows in _pages(tenant, name):
                    yield name, tenant.key, rows


async def _fetch(database: Database, connection: Connection, asked: Query, **shape: Any) -> list[Row]:
    compiled = database.compiler.compile(asked, scoped=False, shape=shape)
    return [tuple(row) for row in await connection.fetch_all(compiled, compiled.arguments({}))]


async def _switch_tenant(
    database: Database, connection: Connection, key: TenantKey, *, is_writing: bool = False
) -> Tenant:
    """Return a tenant's handle on a connection that serves one tenant after another."""
    await connection.see_tenant(key.tenant_id)
    return Tenant(database, key, connection, UnitOfWork() if is_writing else None)


async def _pages(tenant: Tenant, name: str) -> AsyncIterator[list[Row]]:
    if name == _VECTORS and tenant.database.has_pgvector:
        async for rows in _vector_pages(tenant):
            yield rows
        return
    key = [column.name for column in metadata.tables[name].primary_key.columns][1:]
    after: dict[str, Any] = {}
    while True:
        params = {"page_size": _PAGE, **after}
        rows = [tuple(row) for row in await tenant.fetch_all(_select_page, params, name=name, is_continued=bool(after))]
        if rows:
            yield rows
        if len(rows) < _PAGE or not key:
            return
        last = dict(zip(COLUMNS[name], rows[-1], strict=True))
        after = {f"after_{column}": last[column] for column in key}


async def _vector_pages(tenant: Tenant) -> AsyncIterator[list[Row]]:
    """Yield one row per recording, as SQLite stores it."""
    async for indexes in _pages(tenant, "recording_indexes"):
        for index in indexes:
            row = dict(zip(COLUMNS["recording_indexes"], index, strict=True))
            params = {"of_user": row["end_user_no"], "of_recording": row["recording_no"]}
            texts = await tenant.fetch_all(_select_vectors, params)
            numbers = array("b", [int(float(one)) for (text,) in texts for one in text.strip("[]").split(",")])
            yield [(row["tenant_id"], row["end_user_no"], row["recording_no"], numbers.tobytes())]


# ---- writing ---------------------------------------------------------------------------------------

Piece = tuple[str, TenantKey | None, Iterable[Sequence[Any]]]


async def write_back(database: Database, pieces: Iterable[Piece]) -> None:
    """Write what `walk` yielded into an empty database, in one unit of work.

    Raises: DatabaseNotEmptyError.
    """
    async with database.writing(None) as connection:
        if await _fetch(database, connection, _select_system, name="projects"):
            raise DatabaseNotEmptyError
        for name in ("installation", "event_readers"):  # made when the empty database was opened
            await _execute(database, connection, _delete_system, [{}], name=name)
        tenant: Tenant | None = None
        sizes: dict[tuple[int, int], int] = {}
        for name, key, rows in pieces:
            named = [dict(zip(COLUMNS[name], row, strict=True)) for row in rows]
            if key is None:
                await _execute(database, connection, _insert_system, named, name=name)
                continue
            if tenant is None or tenant.key.tenant_id != key.tenant_id:
                tenant, sizes = await _switch_tenant(database, connection, key, is_writing=True), {}
            if name == "recording_indexes":
                sizes |= {(row["end_user_no"], row["recording_no"]): _vectors_of(row) for row in named}
            await _insert(tenant, name, named, sizes)


async def _execute(
    database: Database, connection: Connection, asked: Query, rows: Sequence[Params], **shape: Any
) -> None:
    compiled = database.compiler.compile(asked, scoped=False, shape=shape)
    for row in rows:
        await connection.execute(compiled, compiled.arguments(row))


def _vectors_of(index: dict[str, Any]) -> int:
    """Return a recording's number of vectors: the sum of `vector_counts`, or one per chunk."""
    packed: bytes | None = index["vector_counts"]
    return index["chunk_count"] if packed is None else sum(count for (count,) in struct.iter_unpack("<I", packed))


async def _insert(tenant: Tenant, name: str, rows: Sequence[dict[str, Any]], sizes: dict[tuple[int, int], int]) -> None:
    if name != _VECTORS or not tenant.database.has_pgvector:
        await tenant.execute_many(_insert_row, rows, name=name)
        return
    for row in rows:
        numbers = array("b", row["vectors"])
        width = len(numbers) // max(1, sizes[row["end_user_no"], row["recording_no"]])
        vectors = [
            {**row, "ordinal": at, "embedding": str(numbers[at * width : (at + 1) * width].tolist())}
            for at in range(len(numbers) // max(1, width))
        ]
        await tenant.execute_many(insert_chunk_vector, vectors)
