"""The handles for all queries, bound to a tenant and optionally to one end user."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Self

from earmark.storage.database import Connection, Database
from earmark.storage.query import Compiled, Params, Query, Row

_BATCH_ROWS = 200
"""Bound on the event loop at once: about a millisecond."""
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


@dataclass(slots=True)
class UnitOfWork:
    """What follows a commit. Its loss in a crash must cost nothing: it only makes soon what a job makes certain."""

    later: list[Later] = field(default_factory=list)
    channels: set[str] = field(default_factory=set)


class _Handle:
    """Runs queries, alone or in one snapshot or unit of work."""

    __slots__ = ("_connection", "_database", "_unit")
    _tenant_id: int | None = None

    def __init__(
        self, database: Database, connection: Connection | None = None, unit: UnitOfWork | None = None
    ) -> None:
        self._database = database
        self._connection = connection
        self._unit = unit

    @property
    def database(self) -> Database:
        """The database behind the handle."""
        return self._database

    def _compile(self, query: Query, shape: dict[str, Any]) -> Compiled:
        raise NotImplementedError

    def _arguments(self, compiled: Compiled, params: Params) -> list[Any]:
        return compiled.arguments(params)

    def _on(self, connection: Connection, unit: UnitOfWork | None = None) -> Self:
        """Return the same handle within a snapshot or unit of work."""
        raise NotImplementedError

    async def fetch_all(self, query: Query, params: Params = _NOTHING, **shape: Any) -> list[Row]:
        """Return all rows of a query."""
        compiled = self._compile(query, shape)
        args = self._arguments(compiled, params)
        if self._connection is not None:
            return await self._connection.fetch_all(compiled, args)
        return await self._database.fetch_all(compiled, args, self._tenant_id)

    async def fetch_one(self, query: Query, params: Params = _NOTHING, **shape: Any) -> Row | None:
        """Return the first row of a query, or None."""
        rows = await self.fetch_all(query, params, **shape)
        return rows[0] if rows else None

    async def execute(self, query: Query, params: Params = _NOTHING, **shape: Any) -> int:
        """Run a change inside a unit of work; return the number of affected rows."""
        compiled = self._compile(query, shape)
        return await self._written().execute(compiled, self._arguments(compiled, params))

    async def execute_many(self, query: Query, rows: Iterable[Params], **shape: Any) -> None:
        """Run a change once for each of `rows`, inside a unit of work.

        Rows are taken and bound a batch at a time, so that many of them don't hold up the event loop.
        """
        left = iter(rows)
        while batch := list(islice(left, _BATCH_ROWS)):
            compiled = self._compile(query, shape)
            await self._written().execute_many(compiled, [self._arguments(compiled, params) for params in batch])

    def _written(self) -> Connection:
        if self._connection is None or self._unit is None:
            raise RuntimeError("a change needs `async with tenant.writing()`")
        return self._connection

    @asynccontextmanager
    async def writing(self, patience_ms: int = 0, *, is_urgent: bool = False) -> AsyncIterator[Self]:
        """Open a unit of work: committed when the block ends, rolled back when it raises.

        Args:
            patience_ms: lock timeout for rows; 0: no timeout.
            is_urgent: whether it comes before all others that wait for the database.

        Raises: LockedError after the lock timeout.
        """
        if self._unit is not None:
            yield self
            return
        unit = UnitOfWork()
        async with self._database.writing(self._tenant_id, patience_ms, is_urgent=is_urgent) as connection:
            yield self._on(connection, unit)
            if unit.channels:
                await connection.notify(unit.channels)
        for channel in unit.channels:
            self._database.signals.fire(channel)
        for work in unit.later:
            await work()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Self]:
        """Open a snapshot: all reads in the block see the same moment."""
        if self._connection is not None:
            yield self
            return
        async with self._database.reading(self._tenant_id) as connection:
            yield self._on(connection)

    def signal(self, channel: str) -> None:
        """Wake those who wait on `channel` when this unit of work commits, in other processes too where possible."""
        self._open_unit().channels.add(channel)

    def after_commit(self, work: Later) -> None:
        """Do `work` as soon as this unit of work is committed; a crash may lose it, so a job must do the same."""
        self._open_unit().later.append(work)

    def _open_unit(self) -> UnitOfWork:
        if self._unit is None:
            raise RuntimeError("there is nothing to commit outside `async with tenant.writing()`")
        return self._unit


class Tenant(_Handle):
    """Runs queries for one `TenantKey`; the only access to tables with customers' data.

    Inside `async with tenant.writing() as tenant:` the same methods run in one transaction. Nested
    blocks join the outer one, so that a room's functions compose into one unit of work.
    """

    __slots__ = ("_binding", "_tenant_id", "key")

    def __init__(
        self,
        database: Database,
        key: TenantKey,
        connection: Connection | None = None,
        unit: UnitOfWork | None = None,
    ) -> None:
        super().__init__(database, connection, unit)
        self.key = key
        self._tenant_id = key.tenant_id
        self._binding: dict[str, Any] = {"tenant_id": key.tenant_id}
        if key.end_user_id is not None:
            self._binding |= {"caller_end_user_id": key.end_user_id, "caller_end_user_no": key.end_user_no}

    @property
    def end_user_id(self) -> str | None:
        """The end user that the handle is narrowed to, if any."""
        return self.key.end_user_id

    def acting_for(self, end_user_id: str, end_user_no: int) -> Tenant:
        """Return the handle narrowed to one end user; it can't switch to another."""
        if self.key.end_user_id not in (None, end_user_id):
            raise ValueError("a handle narrowed to one end user can't act for another")
        return self._with(replace(self.key, end_user_id=end_user_id, end_user_no=end_user_no))

    def whole_tenant(self) -> Tenant:
        """Return the project-wide handle, to maintain data that end users share (counters, title blocks)."""
        return self._with(replace(self.key, end_user_id=None, end_user_no=None))

    def _with(self, key: TenantKey) -> Tenant:
        return Tenant(self._database, key, self._connection, self._unit)

    def _on(self, connection: Connection, unit: UnitOfWork | None = None) -> Tenant:
        return Tenant(self._database, self.key, connection, unit)

    def _compile(self, query: Query, shape: dict[str, Any]) -> Compiled:
        return self._database.compiler.compile(query, scoped=self.key.end_user_id is not None, shape=shape)

    def _arguments(self, compiled: Compiled, params: Params) -> list[Any]:
        return compiled.arguments(params, self._binding)


class Operator(_Handle):
    """The operator's handle on system tables, and on `OPERATOR_TABLES` across tenants; no customers' words."""

    __slots__ = ()

    def _on(self, connection: Connection, unit: UnitOfWork | None = None) -> Operator:
        return Operator(self._database, connection, unit)

    def _compile(self, query: Query, shape: dict[str, Any]) -> Compiled:
        return self._database.compiler.compile(query, scoped=False, shape=shape, is_operator=True)

    async def write(self, *changes: tuple[Query, Params]) -> None:
        """Run changes in one unit of work."""
        async with self.writing() as work:
            for query, params in changes:
                await work.execute(query, params)
