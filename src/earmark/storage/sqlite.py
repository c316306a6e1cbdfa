"""SQLite: one file, one writer thread, readers on the event loop.

Short indexed reads run inline on the loop's thread, because a thread switch costs more than the read
(docs/decisions/2026-11-25-how-queries-run.md). Long reads run on worker threads. Writes, which fsync, run one
after another on one thread per process; between processes SQLite's own lock serialises them.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from itertools import chain, repeat
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.dialects import sqlite as sqlite_dialect

from earmark.contexts import run_on, start_shared
from earmark.fair_slots import NOBODY, URGENT, FairSlots
from earmark.storage.errors import StorageUnavailableError
from earmark.storage.query import Compiled, Compiler, Row
from earmark.storage.signals import Signals
from earmark.storage.sqlite_connections import LoopConnection, WriterConnection, fetch_all, translate

T = TypeVar("T")
_BUSY_TIMEOUT_S = 20.0
_WORKERS = 2
_LOG_PATIENCE_MS = 100
"""Busy timeout for truncating the WAL, while a request waits; short reads end sooner."""
_LOG_PAUSES_S = (0.3, 1.0, 3.0, 10.0, 30.0)
"""Delays before attempts to truncate the WAL: the first one batches deletes, the last one repeats (long backups)."""


def connect(path: Path, *, is_reader: bool = False) -> sqlite3.Connection:
    """Open the file with earmark's pragmas: WAL, FULL, foreign keys, a long busy timeout."""
    connection = sqlite3.connect(
        path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA cache_size=-32000")
    connection.execute("PRAGMA temp_store=MEMORY")
    if is_reader:
        connection.execute("PRAGMA query_only=ON")
    else:
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA recursive_triggers=ON")  # else REPLACE passes the triggers on deletes
    return connection


class SQLiteDatabase:
    """One SQLite file, opened by one process; other processes may have it open as well."""

    has_pgvector = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.compiler = Compiler(sqlite_dialect.dialect(paramstyle="qmark"))
        self._writer = connect(path)
        self._reader = connect(path, is_reader=True)
        self._snapshots: list[sqlite3.Connection] = []
        self._writers = FairSlots(1)  # tenants take turns, so that one with many changes holds nobody up
        self._readers = FairSlots(_WORKERS, most_each=max(1, _WORKERS // 2))
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="earmark-writer")
        self._read_threads = ThreadPoolExecutor(_WORKERS, thread_name_prefix="earmark-reader")
        self._local = threading.local()
        self._long_readers: list[sqlite3.Connection] = []  # one of each reader thread
        self.signals = Signals()
        self._truncating: asyncio.Task[None] | None = None

    async def fetch_all(self, compiled: Compiled, args: Sequence[Any], tenant_id: int | None) -> list[Row]:
        if compiled.is_long:
            async with self._readers.hold((tenant_id, None)):
                return await self._offload(self._fetch_on_worker, compiled, args)
        return fetch_all(self._reader, compiled, args)

    def _fetch_on_worker(self, compiled: Compiled, args: Sequence[Any]) -> list[Row]:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect_reader()
            self._long_readers.append(connection)
        return fetch_all(connection, compiled, args)

    def _connect_reader(self) -> sqlite3.Connection:
        try:
            return connect(self.path, is_reader=True)
        except sqlite3.Error as error:
            raise translate(error) from error

    @asynccontextmanager
    async def reading(self, tenant_id: int | None) -> AsyncIterator[LoopConnection]:
        connection = self._snapshots.pop() if self._snapshots else self._connect_reader()
        connection.execute("BEGIN")
        try:
            yield LoopConnection(connection, self._offload)
        finally:
            connection.execute("ROLLBACK")
            self._snapshots.append(connection)

    @asynccontextmanager
    async def writing(
        self, tenant_id: int | None, patience_ms: int = 0, *, is_urgent: bool = False
    ) -> AsyncIterator[WriterConnection]:
        async with self._writers.hold(URGENT if is_urgent else (tenant_id, None)):
            try:
                await self._on_writer(self._begin)
                yield WriterConnection(self._writer, self._on_writer)
            except BaseException:
                # Shielded, and on the only writer thread: a cancelled request can't leave the transaction open,
                # and the next unit of work begins only after this one is rolled back.
                await asyncio.shield(self._on_writer(self._roll_back))
                raise
            await asyncio.shield(self._on_writer(self._commit))

    def _begin(self) -> None:
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise translate(error) from error

    def _roll_back(self) -> None:
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    def _commit(self) -> None:
        try:
            self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise translate(error) from error

    async def truncate_log(self, *, at_once: bool) -> None:
        if at_once and await self._try_truncating():
            return
        if self._truncating is None or self._truncating.done():
            self._truncating = start_shared(self._truncate_eventually())

    async def _truncate_eventually(self) -> None:
        for pause_s in chain(_LOG_PAUSES_S, repeat(_LOG_PAUSES_S[-1])):
            await asyncio.sleep(pause_s)
            if await self._try_truncating():
                return

    async def _try_truncating(self) -> bool:
        async with self._writers.hold(NOBODY):
            return await self._on_writer(self._truncate_log)

    def _truncate_log(self) -> bool:
        """Checkpoint and truncate the WAL; return False if a reader or the disk prevents it."""
        try:
            self._writer.execute(f"PRAGMA busy_timeout={_LOG_PATIENCE_MS}")
            is_busy = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            return not is_busy
        except sqlite3.Error:
            return False
        finally:
            self._writer.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_S * 1_000:.0f}")

    def _on_writer(self, work: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        return run_on(self._write_thread, work, *args)

    def _offload(self, work: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        return run_on(self._read_threads, work, *args)

    async def listen(self) -> None:
        """No signal of another process arrives."""

    def change_marker(self) -> int | None:
        try:
            return int(self._reader.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error as error:
            raise translate(error) from error

    async def is_connected(self) -> bool:
        try:
            self._reader.execute("SELECT 1 FROM installation LIMIT 1").fetchone()
        except sqlite3.Error:
            return False
        return True

    async def revision(self) -> str:
        try:
            row = self._reader.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.Error as error:
            raise translate(error) from error
        return str(row[0])

    async def describe(self) -> str:
        found = await self._offload(self._quick_check)
        if found != "ok":
            raise StorageUnavailableError(f"SQLite reports that the file {self.path} is damaged; restore a backup.")
        return f"SQLite {sqlite3.sqlite_version}, {self.path}"

    def _quick_check(self) -> str:
        with closing(connect(self.path, is_reader=True)) as connection:
            return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])

    async def close(self) -> None:
        if self._truncating is not None:  # SQLite deletes the WAL when the last connection closes
            self._truncating.cancel()
        async with self._writers.hold(NOBODY):
            self._write_thread.shutdown(wait=True)
            self._read_threads.shutdown(wait=True)
            for connection in (self._reader, *self._long_readers, *self._snapshots, self._writer):
                connection.close()


def prepare_file(path: Path) -> None:
    """Create the data folder and the file, if missing, accessible to their owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
