"""The handle for all queries, bound to a tenant and optionally to one end user."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from earmark.storage.database import Connection, Database
from earmark.storage.query import Params, Query, Row

_NOTHING: Params = {}
Later = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class TenantKey:
    """Identifies a tenant (a project's live or test data), optionally narrowed to one end user."""

    tenant_id: int
    project_id: str
    mode: str
    end_user_id: str | None = None
    end_user_no: int | None = None


class Tenant:
    """Runs queries for one `TenantKey`; the only access to tables with customers' data.

    Inside `async with tenant.writing() as tenant:` the same methods run in one transaction. Nested
    blocks join the outer one, so that a room's functions compose into one unit of work.
    """

    __slots__ = ("_after", "_binding", "_connection", "_database", "_is_writing", "key")

    def __init__(
        self,
        database: Database,
        key: TenantKey,
        connection: Connection | None = None,
        *,
        is_writing: bool = False,
        after: list[Later] | None = None,
    ) -> None:
        self.key = key
        self._after = after
        self._database = database
        self._connection = connection
        self._is_writing = is_writing
        self._binding: dict[str, Any] = {"tenant_id": key.tenant_id}
        if key.end_user_id is not None:
            self._binding |= {"caller_end_user_id": key.end_user_id, "caller_end_user_no": key.end_user_no}

    @property
    def end_user_id(self) -> str | None:
        """The end user that the handle is narrowed to, if any."""
        return self.key.end_user_id

    @property
    def database(self) -> Database:
        """The database behind the handle."""
        return self._database

    def acting_for(self, end_user_id: str, end_user_no: int) -> Tenant:
        """Return the handle narrowed to one end user; it can't switch to another."""
        if self.key.end_user_id not in (None, end_user_id):
            raise ValueError("a handle narrowed to one end user can't act for another")
        return self._with(replace(self.key, end_user_id=end_user_id, end_user_no=end_user_no))

    def whole_tenant(self) -> Tenant:
        """Return the project-wide handle, to maintain data that end users share (counters, title blocks)."""
        return self._with(replace(self.key, end_user_id=None, end_user_no=None))

    def _with(self, key: TenantKey) -> Tenant:
        return Tenant(self._database, key, self._connection, is_writing=self._is_writing, after=self._after)

    async def fetch_all(self, query: Query, params: Params = _NOTHING, **shape: Any) -> list[Row]:
        """Return all rows of a query."""
        compiled = self._database.compiler.compile(query, scoped=self.key.end_user_id is not None, shape=shape)
        args = compiled.arguments({**params, **self._binding})
        if self._connection is not None:
            return await self._connection.fetch_all(compiled, args)
        return await self._database.fetch_all(compiled, args, self.key.tenant_id)

    async def fetch_one(self, query: Query, params: Params = _NOTHING, **shape: Any) -> Row | None:
        """Return the first row of a query, or None."""
        rows = await self.fetch_all(query, params, **shape)
        return rows[0] if rows else None

    async def execute(self, query: Query, params: Params = _NOTHING, **shape: Any) -> int:
        """Run a change inside a unit of work; return the number of affected rows."""
        compiled = self._database.compiler.compile(query, scoped=self.key.end_user_id is not None, shape=shape)
        return await self._written().execute(compiled, compiled.arguments({**params, **self._binding}))

    async def execute_many(self, query: Query, rows: Sequence[Params], **shape: Any) -> None:
        """Run a change once for each of `rows`, inside a unit of work."""
        if not rows:
            return
        compiled = self._database.compiler.compile(query, scoped=self.key.end_user_id is not None, shape=shape)
        await self._written().execute_many(
            compiled, [compiled.arguments({**params, **self._binding}) for params in rows]
        )

    def _written(self) -> Connection:
        if self._connection is None or not self._is_writing:
            raise RuntimeError("a change needs `async with tenant.writing()`")
        return self._connection

    @asynccontextmanager
    async def writing(self, patience_ms: int = 0) -> AsyncIterator[Tenant]:
        """Open a unit of work: committed when the block ends, rolled back when it raises.

        Args:
            patience_ms: lock timeout for rows; 0: no timeout.

        Raises: LockedError after the lock timeout.
        """
        if self._is_writing:
            yield self
            return
        after: list[Later] = []
        async with self._database.writing(self.key.tenant_id, patience_ms) as connection:
            yield Tenant(self._database, self.key, connection, is_writing=True, after=after)
        for work in after:
            await work()

    def after_commit(self, work: Later) -> None:
        """Run `work` after the commit; never after a rollback or a crash before it.

        For data outside the database that must not be deleted before its rows.
        """
        if self._after is None:
            raise RuntimeError("there is nothing to commit outside `async with tenant.writing()`")
        self._after.append(work)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tenant]:
        """Open a snapshot: all reads in the block see the same moment."""
        if self._connection is not None:
            yield self
            return
        async with self._database.reading(self.key.tenant_id) as connection:
            yield Tenant(self._database, self.key, connection)


class Operator:
    """The operator's handle for system tables (projects, tenants, installation), without customers' rows."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def fetch_all(self, query: Query, params: Params = _NOTHING, **shape: Any) -> list[Row]:
        """Return all rows of a query on system tables."""
        compiled = self.database.compiler.compile(query, scoped=False, shape=shape)
        return await self.database.fetch_all(compiled, compiled.arguments(params), None)

    async def write(self, *changes: tuple[Query, Params]) -> None:
        """Run changes to system tables in one unit of work."""
        async with self.database.writing(None) as connection:
            for query, params in changes:
                compiled = self.database.compiler.compile(query, scoped=False, shape={})
                await connection.execute(compiled, compiled.arguments(params))
