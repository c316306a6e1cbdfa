"""Tasks cancelled during PostgreSQL's work: they raise CancelledError and their connections remain usable."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from earmark.storage import postgres
from earmark.storage.postgres import PostgresDatabase
from tests.server import Place


@pytest.fixture
async def database(fresh_place: Place) -> AsyncIterator[PostgresDatabase]:
    fresh_place.cli("doctor", "--json", check=False)  # migrates
    one = await PostgresDatabase.open(str(fresh_place.database_url))
    try:
        yield one
    finally:
        await one.close()


@pytest.mark.parametrize("statement", ["COMMIT", "ROLLBACK"])
async def test_a_task_cancelled_during_its_commit_is_cancelled_after_the_commit(
    database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    execute, reached, ended = asyncpg.Connection.execute, asyncio.Event(), []

    async def slowly(self: Any, words: str, *args: Any, **options: Any) -> Any:
        if words != statement:
            return await execute(self, words, *args, **options)
        reached.set()
        await execute(self, "SELECT pg_sleep(0.3)")
        done = await execute(self, words)
        ended.append(words)
        return done

    monkeypatch.setattr(asyncpg.Connection, "execute", slowly)

    async def unit() -> None:
        async with database.writing(1):
            if statement == "ROLLBACK":
                raise ValueError

    task = asyncio.create_task(unit())
    await reached.wait()
    for _ in range(3):
        await asyncio.sleep(0.02)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [statement]
    assert database._pool.get_idle_size() == database._pool.get_size() == 1
    assert await database.is_connected()


async def test_tasks_cancelled_anywhere_raise_nothing_else_and_leave_no_connection_busy(
    database: PostgresDatabase,
) -> None:
    chance = random.Random(1)

    async def units() -> None:
        while True:
            async with database.writing(1) as connection:
                await connection._connection.fetch("SELECT 1")

    for _ in range(150):
        task = asyncio.create_task(units())
        await asyncio.sleep(chance.uniform(0.001, 0.01))
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(outcome, asyncio.CancelledError), repr(outcome)
    assert database._pool.get_idle_size() == database._pool.get_size()
    state = await database._pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
    )
    assert state == 0


async def test_a_connection_that_does_not_answer_a_cancelled_task_is_cut(
    database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_FINISH_S", 0.1)
    async with database._pool.acquire() as connection:
        task = asyncio.create_task(postgres._to_its_end(connection, postgres._run(connection, "SELECT pg_sleep(3600)")))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await database.is_connected()
