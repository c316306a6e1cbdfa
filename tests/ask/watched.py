"""A database that counts its statements, and lets a test act just before one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from earmark.storage.database import Connection, Database
from earmark.storage.query import Compiled, Row

Act = Callable[[], Awaitable[None]]


class WatchedDatabase:
    """The same database, watched.

    `statements` are the names of the queries that ran, once for each statement. `before` holds what is done before
    a query of that name, or before `snapshot 1`, `snapshot 2` and so on. `held` is how many transactions are open now,
    `most_held` the most there were.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.compiler = database.compiler
        self.has_pgvector = database.has_pgvector
        self.statements: list[str] = []
        self.long: set[str] = set()
        self.before: dict[str, Act] = {}
        self.held = self.most_held = self.snapshots = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    async def see(self, compiled: Compiled) -> None:
        """Note a statement, and act before it."""
        self.statements.append(compiled.name)
        if compiled.is_long:
            self.long.add(compiled.name)
        await self._act_before(compiled.name)

    async def _act_before(self, name: str) -> None:
        if act := self.before.get(name):
            await act()

    async def fetch_all(self, compiled: Compiled, args: Sequence[Any], tenant_id: int | None) -> list[Row]:
        await self.see(compiled)
        return await self._database.fetch_all(compiled, args, tenant_id)

    @asynccontextmanager
    async def reading(self, tenant_id: int | None) -> AsyncIterator[Connection]:
        self.snapshots += 1
        await self._act_before(f"snapshot {self.snapshots}")
        async with self._database.reading(tenant_id) as connection, self._holding():
            yield _WatchedConnection(self, connection)

    @asynccontextmanager
    async def writing(
        self, tenant_id: int | None, patience_ms: int = 0, *, is_urgent: bool = False
    ) -> AsyncIterator[Connection]:
        async with self._database.writing(tenant_id, patience_ms, is_urgent=is_urgent) as connection, self._holding():
            yield _WatchedConnection(self, connection)

    @asynccontextmanager
    async def _holding(self) -> AsyncIterator[None]:
        self.held += 1
        self.most_held = max(self.most_held, self.held)
        try:
            yield
        finally:
            self.held -= 1

    async def forget_log(self, *, at_once: bool) -> None:
        await self._database.forget_log(at_once=at_once)

    async def is_connected(self) -> bool:
        return await self._database.is_connected()

    async def describe(self) -> str:
        return await self._database.describe()

    async def close(self) -> None:
        await self._database.close()


class _WatchedConnection:
    def __init__(self, watched: WatchedDatabase, connection: Connection) -> None:
        self._watched = watched
        self._connection = connection

    async def fetch_all(self, compiled: Compiled, args: Sequence[Any]) -> list[Row]:
        await self._watched.see(compiled)
        return await self._connection.fetch_all(compiled, args)

    async def execute(self, compiled: Compiled, args: Sequence[Any]) -> int:
        await self._watched.see(compiled)
        return await self._connection.execute(compiled, args)

    async def execute_many(self, compiled: Compiled, rows: Sequence[Sequence[Any]]) -> None:
        await self._watched.see(compiled)
        await self._connection.execute_many(compiled, rows)
