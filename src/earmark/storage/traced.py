"""Traces a database's statements by their queries' names, without parameters or rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

from earmark.storage.database import Connection, Database
from earmark.storage.query import Compiled, Row
from earmark.telemetry import span


class TracedDatabase:
    """Wraps a database so that each statement, snapshot and unit of work is a span."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.compiler = database.compiler
        self.has_pgvector = database.has_pgvector
        self.signals = database.signals

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    async def fetch_all(self, compiled: Compiled, args: Sequence[Any], tenant_id: int | None) -> list[Row]:
        with span(f"query {compiled.name}"):
            return await self._database.fetch_all(compiled, args, tenant_id)

    @asynccontextmanager
    async def reading(self, tenant_id: int | None) -> AsyncIterator[Connection]:
        with span("snapshot"):
            async with self._database.reading(tenant_id) as connection:
                yield _TracedConnection(connection)

    @asynccontextmanager
    async def writing(
        self, tenant_id: int | None, patience_ms: int = 0, *, is_urgent: bool = False
    ) -> AsyncIterator[Connection]:
        with span("unit of work"):
            async with self._database.writing(tenant_id, patience_ms, is_urgent=is_urgent) as connection:
                yield _TracedConnection(connection)

    async def truncate_log(self, *, at_once: bool) -> None:
        with span("forget log"):
            await self._database.truncate_log(at_once=at_once)

    async def listen(self) -> None:
        await self._database.listen()

    def change_marker(self) -> int | None:
        return self._database.change_marker()

    async def is_connected(self) -> bool:
        return await self._database.is_connected()

    async def revision(self) -> str:
        return await self._database.revision()

    async def describe(self) -> str:
        return await self._database.describe()

    async def close(self) -> None:
        await self._database.close()


class _TracedConnection:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetch_all(self, compiled: Compiled, args: Sequence[Any]) -> list[Row]:
        with span(f"query {compiled.name}"):
            return await self._connection.fetch_all(compiled, args)

    async def execute(self, compiled: Compiled, args: Sequence[Any]) -> int:
        with span(f"query {compiled.name}"):
            return await self._connection.execute(compiled, args)

    async def execute_many(self, compiled: Compiled, rows: Sequence[Sequence[Any]]) -> None:
        with span(f"query {compiled.name}", rows=len(rows)):
            await self._connection.execute_many(compiled, rows)

    async def notify(self, channels: Collection[str]) -> None:
        await self._connection.notify(channels)
