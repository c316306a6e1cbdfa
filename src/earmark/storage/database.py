"""The database protocol: reads, snapshots and units of work, always for one tenant."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from earmark.storage.query import Compiled, Compiler, Row
from earmark.storage.signals import Signals


class Connection(Protocol):
    """An open transaction."""

    async def fetch_all(self, compiled: Compiled, args: Sequence[Any]) -> list[Row]: ...

    async def execute(self, compiled: Compiled, args: Sequence[Any]) -> int:
        """Run a change and return the number of affected rows."""

    async def execute_many(self, compiled: Compiled, rows: Sequence[Sequence[Any]]) -> None: ...

    async def notify(self, channels: Collection[str]) -> None:
        """Let other processes know when this unit of work commits, where the database can."""

    async def see_tenant(self, tenant_id: int) -> None:
        """Turn the transaction to another tenant's rows; for backups, which read or write all of them at once."""


class Database(Protocol):
    """SQLite or PostgreSQL.

    `tenant_id` None is the operator: system tables only. A unit of work (`writing`) commits when its
    block ends and rolls back when it raises; a commit survives a crash. Errors of the driver are
    translated to those of `storage/errors.py`.
    """

    compiler: Compiler
    has_pgvector: bool
    """Whether vectors are compared in the database (`storage/pgvector.py`)."""
    signals: Signals

    async def fetch_all(self, compiled: Compiled, args: Sequence[Any], tenant_id: int | None) -> list[Row]: ...

    def reading(self, tenant_id: int | None) -> AbstractAsyncContextManager[Connection]:
        """Open a snapshot: all reads in the block see the same moment."""

    def writing(
        self, tenant_id: int | None, patience_ms: int = 0, *, is_urgent: bool = False
    ) -> AbstractAsyncContextManager[Connection]:
        """Open a unit of work. Where they wait for each other, tenants take turns.

        Args:
            patience_ms: lock timeout for rows; 0: no timeout. SQLite ignores it, since its units of work are serial.
            is_urgent: whether it comes before all others that wait.

        Raises: LockedError after the lock timeout.
        """

    async def truncate_log(self, *, at_once: bool) -> None:
        """Truncate the WAL so that deleted data is physically gone.

        With `at_once` it is tried immediately; otherwise, or while a reader needs the WAL, soon after. Never fails.
        """

    async def listen(self) -> None:
        """Pass signals of other processes on to `signals` until cancelled; returns at once where none can arrive."""

    def change_marker(self) -> int | None:
        """Return a number that is another one after each commit of another process.

        None where changes are signalled instead. Raises: StorageUnavailableError.
        """

    async def is_connected(self) -> bool: ...

    async def revision(self) -> str:
        """Return the schema's revision.

        Raises: StorageUnavailableError.
        """

    async def describe(self) -> str:
        """Check the database and return its name and version, in a line.

        Raises: StorageUnavailableError if it is damaged or unavailable.
        """

    async def close(self) -> None: ...
