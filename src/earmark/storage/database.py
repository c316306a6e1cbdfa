"""What rooms know of a database: reads, snapshots and units of work, always for one tenant."""

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
        """Run it and return how many rows it touched."""

    async def execute_many(self, compiled: Compiled, rows: Sequence[Sequence[Any]]) -> None: ...

    async def notify(self, channels: Collection[str]) -> None:
        """Let other processes know when this unit of work commits, where the database can."""


class Database(Protocol):
    """SQLite or PostgreSQL.

    `tenant_id` None is the operator: system tables only. A unit of work (`writing`) commits when its
    block ends and rolls back when it raises; what it acknowledged survives a crash. Errors of the
    driver come out as those of `storage/errors.py`.
    """

    compiler: Compiler
    has_pgvector: bool
    """Whether vectors are compared in the database (`storage/pgvector.py`)."""
    signals: Signals

    async def fetch_all(self, compiled: Compiled, args: Sequence[Any], tenant_id: int | None) -> list[Row]: ...

    def reading(self, tenant_id: int | None) -> AbstractAsyncContextManager[Connection]:
        """Several reads of one moment."""

    def writing(self, tenant_id: int | None, patience_ms: int = 0) -> AbstractAsyncContextManager[Connection]:
        """A unit of work.

        Args:
            patience_ms: how long it may wait for a row that others hold; 0: as long as it takes. SQLite's units
                of work never meet.

        Raises: LockedError if it had to wait longer than that.
        """

    async def truncate_log(self, *, at_once: bool) -> None:
        """Let the log go that still holds what was deleted: now if no reader needs it, else as soon as none does.

        Deletes that are `at_once` wait for that a moment; others share one that follows soon. Never fails.
        """

    async def listen(self) -> None:
        """Pass signals of other processes on to `signals` until cancelled; returns at once where none can arrive."""

    async def is_connected(self) -> bool: ...

    async def describe(self) -> str:
        """Say which database this is and whether it is in order, in a line.

        Raises: StorageUnavailableError if it isn't.
        """

    async def close(self) -> None: ...
