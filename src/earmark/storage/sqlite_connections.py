"""Connections to one SQLite file: a snapshot read on the loop's thread, and the unit of work on the writer's."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Sequence
from typing import Any

import orjson

from earmark.errors import EarmarkError
from earmark.storage.errors import MissingParentError, StorageUnavailableError, UniqueViolationError
from earmark.storage.query import Compiled, Row


def translate(error: sqlite3.Error) -> EarmarkError:
    """Translate a driver's error to one of `storage/errors.py`."""
    name = getattr(error, "sqlite_errorname", "")
    if name in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"):
        return UniqueViolationError()
    if name == "SQLITE_CONSTRAINT_FOREIGNKEY":
        return MissingParentError()
    if name.startswith(("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_IOERR")):
        return StorageUnavailableError("The server can't write to its disk.")
    return StorageUnavailableError("The database does not answer.")


def fetch_all(connection: sqlite3.Connection, compiled: Compiled, args: Sequence[Any]) -> list[Row]:
    """Return a statement's rows.

    Raises: the errors of `translate`.
    """
    try:
        return connection.execute(compiled.sql, bind(compiled, args)).fetchall()
    except sqlite3.Error as error:
        raise translate(error) from error


def execute(connection: sqlite3.Connection, compiled: Compiled, args: Sequence[Any]) -> int:
    """Run a statement and return how many rows it changed.

    Raises: the errors of `translate`.
    """
    try:
        return connection.execute(compiled.sql, bind(compiled, args)).rowcount
    except sqlite3.Error as error:
        raise translate(error) from error


def execute_many(connection: sqlite3.Connection, compiled: Compiled, rows: Sequence[Sequence[Any]]) -> None:
    """Run a statement for each row of arguments.

    Raises: the errors of `translate`.
    """
    try:
        connection.executemany(compiled.sql, rows)
    except sqlite3.Error as error:
        raise translate(error) from error


def bind(compiled: Compiled, args: Sequence[Any]) -> Sequence[Any]:
    """Encode list arguments as JSON text (`dialect.any_of`)."""
    if not compiled.has_lists:
        return args
    return [orjson.dumps(value).decode() if type(value) is list else value for value in args]


class LoopConnection:
    """A snapshot; short reads run inline on the loop's thread."""

    def __init__(self, connection: sqlite3.Connection, offload: Callable[..., Any]) -> None:
        self._connection = connection
        self._offload = offload

    async def fetch_all(self, compiled: Compiled, args: Sequence[Any]) -> list[Row]:
        if compiled.is_long:
            rows: list[Row] = await self._offload(fetch_all, self._connection, compiled, args)
            return rows
        return fetch_all(self._connection, compiled, args)

    async def execute(self, compiled: Compiled, args: Sequence[Any]) -> int:
        raise RuntimeError("a snapshot is read-only")

    async def execute_many(self, compiled: Compiled, rows: Sequence[Sequence[Any]]) -> None:
        raise RuntimeError("a snapshot is read-only")

    async def notify(self, channels: Collection[str]) -> None:
        raise RuntimeError("a snapshot is read-only")

    async def see_tenant(self, tenant_id: int) -> None:
        """Nothing: the statements name their tenant."""


class WriterConnection:
    """The open unit of work, on the writer's thread."""

    def __init__(self, connection: sqlite3.Connection, run: Callable[..., Any]) -> None:
        self._connection = connection
        self._run = run

    async def fetch_all(self, compiled: Compiled, args: Sequence[Any]) -> list[Row]:
        rows: list[Row] = await self._run(fetch_all, self._connection, compiled, args)
        return rows

    async def execute(self, compiled: Compiled, args: Sequence[Any]) -> int:
        count: int = await self._run(execute, self._connection, compiled, args)
        return count

    async def execute_many(self, compiled: Compiled, rows: Sequence[Sequence[Any]]) -> None:
        await self._run(execute_many, self._connection, compiled, rows)

    async def notify(self, channels: Collection[str]) -> None:
        """Other processes on the file look for themselves."""

    async def see_tenant(self, tenant_id: int) -> None:
        """Nothing: the statements name their tenant."""
