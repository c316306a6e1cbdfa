"""PostgreSQL through asyncpg: each piece of work is one transaction with its tenant set for it alone.

`SET LOCAL` (as `set_config(…, true)`) dies with its transaction, so a pooled connection can't carry a
tenant over; row-level security shows no row where none is set.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from earmark.errors import EarmarkError
from earmark.fair_slots import URGENT, FairSlots, Owner
from earmark.storage.errors import LockedError, MissingParentError, StorageUnavailableError, UniqueViolationError
from earmark.storage.postgres_refusals import unreachable
from earmark.storage.query import Compiled, Compiler, Row
from earmark.storage.signals import Signals

_CONNECT_TIMEOUT_S = 15.0
_FINISH_S = 5.0
_RECONNECT_S = 2.0
_STATEMENTS = 100  # kept prepared by each connection
CHANNEL = "earmark"
"""The PostgreSQL channel of all signals; the payload names ours."""
_READ_ONLY = " ISOLATION LEVEL REPEATABLE READ READ ONLY"


def translate(error: Exception) -> EarmarkError:
    """Return the error of ours that a driver's error means."""
    if isinstance(error, asyncpg.UniqueViolationError):
        return UniqueViolationError()
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        return MissingParentError()
    if isinstance(error, asyncpg.LockNotAvailableError):
        return LockedError()
    if isinstance(error, asyncpg.DiskFullError):
        return StorageUnavailableError("The database can't write to its disk.")
    if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
        return StorageUnavailableError("The database takes no writes now.")
    return StorageUnavailableError("The database does not answer.")


_DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


def begin(tenant_id: int | None, mode: str = "") -> str:
    """Return the words that open a transaction for a tenant, in one round trip."""
    if tenant_id is None:
        return f"BEGIN{mode}"
    return f"BEGIN{mode}; {_seeing(tenant_id)}"


def _seeing(tenant_id: int) -> str:
    return f"SELECT set_config('earmark.tenant_id', '{tenant_id:d}', true)"


class _PostgresConnection:
    """An open transaction."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def fetch_all(self, compiled: Compiled, args: Sequence[Any]) -> list[Row]:
        try:
            rows: list[Row] = await self._connection.fetch(compiled.sql, *args)
        except _DRIVER_ERRORS as error:
            raise translate(error) from error
        return rows

    async def execute(self, compiled: Compiled, args: Sequence[Any]) -> int:
        try:
            status: str = await self._connection.execute(compiled.sql, *args)
        except _DRIVER_ERRORS as error:
            raise translate(error) from error
        return int(status.rpartition(" ")[2])

    async def execute_many(self, compiled: Compiled, rows: Sequence[Sequence[Any]]) -> None:
        try:
            await self._connection.executemany(compiled.sql, rows)
        except _DRIVER_ERRORS as error:
            raise translate(error) from error

    async def notify(self, channels: Collection[str]) -> None:
        """Delivered by the database when the transaction commits, and never before."""
        try:
            await self._connection.execute("SELECT pg_notify($1, c) FROM unnest($2::text[]) c", CHANNEL, list(channels))
        except _DRIVER_ERRORS as error:
            raise translate(error) from error

    async def see_tenant(self, tenant_id: int) -> None:
        await _run(self._connection, _seeing(tenant_id))


class PostgresDatabase:
    """One PostgreSQL database, through a pool of connections; other processes may use it as well.

    A pooler in transaction mode may stand between: then each statement runs in a transaction, since it could be parsed
    on one connection and run on another otherwise, and none is named. It keeps no session, so that signals need a URL
    past it.

    Args:
        direct_url: where signals are listened for; None: nowhere.
    """

    def __init__(
        self, pool: asyncpg.Pool, direct_url: str | None, *, has_pgvector: bool, is_pooled: bool = False
    ) -> None:
        self._pool = pool
        self._is_pooled = is_pooled
        size = pool.get_max_size()
        # One connection is always left for keys. A tenant has half: with more it would have the database's cores, too.
        self._transactions = FairSlots(max(1, size - 1), most_each=max(1, size // 2))
        self._direct_url = direct_url
        self.signals = Signals()
        self.has_pgvector = has_pgvector
        self.compiler = Compiler(PGDialect_asyncpg())  # type: ignore[no-untyped-call]

    @classmethod
    async def open(
        cls, url: str, *, pool_size: int = 10, is_pooled: bool = False, direct_url: str | None = None
    ) -> PostgresDatabase:
        """Connect; at most `pool_size` connections are open at a time.

        Args:
            is_pooled: whether the URL leads through a pooler in transaction mode.
            direct_url: the URL past it.

        Raises: StorageUnavailableError if that fails.
        """
        try:
            pool = await asyncpg.create_pool(
                url, min_size=1, max_size=pool_size, timeout=_CONNECT_TIMEOUT_S, reset=_reset_nothing,
                statement_cache_size=0 if is_pooled else _STATEMENTS,
            )  # fmt: skip
            has_pgvector = await _fetch_value(pool, "SELECT to_regclass('chunk_vectors') IS NOT NULL")
        except (*_DRIVER_ERRORS, ValueError) as error:
            raise unreachable(url, error) from error
        listened = direct_url or (None if is_pooled else url)
        return cls(pool, listened, has_pgvector=bool(has_pgvector), is_pooled=is_pooled)

    async def fetch_all(self, compiled: Compiled, args: Sequence[Any], tenant_id: int | None) -> list[Row]:
        if tenant_id is None and self._is_pooled:
            async with self._connected(begin(None)) as connection:
                return await connection.fetch_all(compiled, args)
        if tenant_id is None:
            try:
                rows: list[Row] = await self._pool.fetch(compiled.sql, *args)
            except _DRIVER_ERRORS as error:
                raise translate(error) from error
            return rows
        async with self._transaction(begin(tenant_id), (tenant_id, None)) as connection:
            return await connection.fetch_all(compiled, args)

    @asynccontextmanager
    async def reading(self, tenant_id: int | None) -> AsyncIterator[_PostgresConnection]:
        async with self._transaction(begin(tenant_id, _READ_ONLY), (tenant_id, None)) as connection:
            yield connection

    @asynccontextmanager
    async def writing(
        self, tenant_id: int | None, patience_ms: int = 0, *, is_urgent: bool = False
    ) -> AsyncIterator[_PostgresConnection]:
        opening = begin(tenant_id) + (f"; SET LOCAL lock_timeout = {patience_ms}" if patience_ms else "")
        async with self._transaction(opening, URGENT if is_urgent else (tenant_id, None)) as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self, opening: str, owner: Owner) -> AsyncIterator[_PostgresConnection]:
        async with self._transactions.hold(owner), self._connected(opening) as connection:
            yield connection

    @asynccontextmanager
    async def _connected(self, opening: str) -> AsyncIterator[_PostgresConnection]:
        try:
            connection = await self._pool.acquire(timeout=_CONNECT_TIMEOUT_S)
        except _DRIVER_ERRORS as error:
            raise translate(error) from error
        try:
            try:
                await _run(connection, opening)
                yield _PostgresConnection(connection)
            except BaseException:
                await _to_its_end(connection, _roll_back(connection))
                raise
            await _to_its_end(connection, _run(connection, "COMMIT"))
        finally:
            await _to_its_end(connection, self._release(connection))

    async def _release(self, connection: asyncpg.Connection) -> None:
        with suppress(*_DRIVER_ERRORS):  # the pool has dropped it then
            await self._pool.release(connection)

    async def truncate_log(self, *, at_once: bool) -> None:
        """Its log is recycled by the server, whose operator says how long it is kept."""

    async def listen(self) -> None:
        """Hold one connection of its own for signals: a pooled one would be someone else's in between."""
        while self._direct_url is not None:
            with suppress(*_DRIVER_ERRORS):
                await self._listen_once(self._direct_url)
            self.signals.is_shared = False
            await asyncio.sleep(_RECONNECT_S)

    def change_marker(self) -> None:
        """Changes are signalled."""

    async def _listen_once(self, url: str) -> None:
        """Listen until the connection breaks."""
        broken = asyncio.Event()
        connection = await asyncpg.connect(url, timeout=_CONNECT_TIMEOUT_S)
        try:
            connection.add_termination_listener(lambda _: broken.set())
            await connection.add_listener(CHANNEL, lambda *heard: self.signals.fire(str(heard[3])))
            self.signals.is_shared = True
            self.signals.fire_all()  # what was signalled before is not heard
            await broken.wait()
        finally:
            connection.terminate()

    async def is_connected(self) -> bool:
        try:
            await _fetch_value(self._pool, "SELECT 1 FROM installation LIMIT 1", timeout_s=2)
        except _DRIVER_ERRORS:
            return False
        return True

    async def revision(self) -> str:
        try:
            return str(await _fetch_value(self._pool, "SELECT version_num FROM alembic_version", timeout_s=2))
        except _DRIVER_ERRORS as error:
            raise translate(error) from error

    async def describe(self) -> str:
        try:
            version = str(await _fetch_value(self._pool, "SELECT current_setting('server_version')"))
            role = await _fetch_value(self._pool, "SELECT current_user")
        except _DRIVER_ERRORS as error:
            raise translate(error) from error
        vectors = "pgvector" if self.has_pgvector else "without pgvector: vectors are read whole, which is slower"
        return f"PostgreSQL {version.split(' ')[0]} as {role}{self._describe_pooler()}, {vectors}"

    def _describe_pooler(self) -> str:
        if not self._is_pooled:
            return ""
        looks = "" if self._direct_url else " (processes look for changes: set EARMARK_DATABASE_DIRECT_URL to be told)"
        return f" through a pooler{looks}"

    async def close(self) -> None:
        await self._pool.close()


async def _fetch_value(pool: asyncpg.Pool, words: str, *, timeout_s: float | None = None) -> object:
    """Return one value, read in a transaction of its own."""
    async with asyncio.timeout(timeout_s), pool.acquire() as connection, connection.transaction():
        return await connection.fetchval(words)


async def _reset_nothing(connection: asyncpg.Connection) -> None:
    """Nothing to reset between borrowers: no statement of ours changes a session beyond its transaction."""


async def _run(connection: asyncpg.Connection, words: str) -> None:
    try:
        await connection.execute(words)
    except _DRIVER_ERRORS as error:
        raise translate(error) from error


async def _roll_back(connection: asyncpg.Connection) -> None:
    """Also where BEGIN was cut off: whether it took effect is not known here. A broken connection is dropped."""
    if not connection.is_closed():
        try:
            await connection.execute("ROLLBACK")
        except _DRIVER_ERRORS:
            connection.terminate()


async def _to_its_end(connection: asyncpg.Connection, work: Coroutine[Any, Any, None]) -> None:
    """Let a statement finish even if the caller is cancelled, who hears of that afterwards.

    Nobody else can use the connection before. One that does not answer a cancelled caller is cut.
    """
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            done, _ = await asyncio.wait({task}, timeout=_FINISH_S if cancelled else None)
            if not done:
                connection.terminate()
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        task.exception()  # looked at, so that nobody logs it: the caller hears of the cancel
        raise cancelled
    task.result()
