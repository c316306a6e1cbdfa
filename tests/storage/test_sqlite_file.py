"""SQLite: pragmas, errors, several processes and a failing disk."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from earmark.errors import EarmarkError
from earmark.identity.projects import create_project, get_tenant
from earmark.library.end_users import create_end_user, list_end_users
from earmark.library.types import Page
from earmark.runtime import Runtime
from earmark.storage.errors import MissingParentError, StorageUnavailableError, UniqueViolationError
from earmark.storage.migrate import migrate_sqlite
from earmark.storage.query import Compiled, Row
from earmark.storage.sqlite import SQLiteDatabase, connect
from earmark.storage.sqlite_connections import translate
from tests.server import Place


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of the newest schema."""
    made = tmp_path / "earmark" / "earmark.db"
    migrate_sqlite(made)
    return made


# ---- how it is opened ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 20_000), ("secure_delete", 1)],
)
def test_the_writer_syncs_every_commit(path: Path, pragma: str, value: Any) -> None:
    with closing(connect(path)) as connection:
        assert connection.execute(f"PRAGMA {pragma}").fetchone()[0] == value


def test_a_reader_can_not_write(path: Path) -> None:
    with closing(connect(path, is_reader=True)) as connection, pytest.raises(sqlite3.OperationalError):
        connection.execute("DELETE FROM projects")


# ---- what its errors mean --------------------------------------------------------------------------


def _error_of(path: Path, *statements: str) -> EarmarkError:
    with closing(connect(path)) as connection, pytest.raises(sqlite3.Error) as caught:
        for statement in statements:
            connection.execute(statement)
    return translate(caught.value)


PROJECT = "INSERT INTO projects (id, name, created_us) VALUES ('proj_a', 'A', 1)"
TENANT = "INSERT INTO tenants (id, project_id, mode) VALUES ({}, '{}', 'live')"


@pytest.mark.parametrize("again", [PROJECT, TENANT.format(1, "proj_a"), TENANT.format(2, "proj_a")])
def test_a_duplicate_key_is_a_unique_violation(path: Path, again: str) -> None:
    assert isinstance(_error_of(path, PROJECT, TENANT.format(1, "proj_a"), again), UniqueViolationError)


def test_a_reference_to_a_missing_row_is_a_missing_parent(path: Path) -> None:
    assert isinstance(_error_of(path, TENANT.format(1, "proj_gone")), MissingParentError)


@pytest.mark.parametrize("statement", ["SELECT nonsense FROM nowhere", "INSERT INTO projects (id) VALUES ('proj_b')"])
def test_any_other_error_shows_nothing_internal(path: Path, statement: str) -> None:
    error = _error_of(path, statement)
    assert isinstance(error, StorageUnavailableError)
    assert error.message == "The database does not answer."


def test_a_full_disk_is_one_clear_error(path: Path) -> None:
    error = _error_of(path, "PRAGMA max_page_count=1", f"CREATE TABLE t AS SELECT '{'x' * 100_000}' AS x")
    assert error.message == "The server can't write to its disk."


def test_a_reader_that_can_not_be_opened_is_one_clear_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more_files(*_: Any, **__: Any) -> sqlite3.Connection:
        raise sqlite3.OperationalError("unable to open database file")

    async def read(database: SQLiteDatabase) -> None:
        async with database.reading(None):
            raise AssertionError("it was opened")

    database = SQLiteDatabase(path)
    monkeypatch.setattr("earmark.storage.sqlite.connect", no_more_files)
    with pytest.raises(StorageUnavailableError):
        asyncio.run(read(database))
    asyncio.run(database.close())


# ---- a folder that can't be written ----------------------------------------------------------------


@pytest.fixture
def reachable_folder() -> Iterator[Path]:
    """A folder accessible to every user, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="earmark"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def _as_nobody(work: Callable[[], Any]) -> str:
    """Run `work` in a child process without root; return the message of its StorageUnavailableError."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = "nothing was raised"
        try:
            if os.geteuid() == 0:
                os.setuid(65_534)
            work()
        except StorageUnavailableError as error:
            said = error.message
        except BaseException as error:
            said = repr(error)
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


def test_a_folder_that_can_only_be_read_is_one_clear_error(reachable_folder: Path) -> None:
    said = _as_nobody(lambda: migrate_sqlite(reachable_folder / "earmark.db"))
    assert said == f"The data folder {reachable_folder} can't be used: permission denied."


def test_a_database_that_can_only_be_read_is_one_clear_error(reachable_folder: Path) -> None:
    path = reachable_folder / "earmark.db"
    migrate_sqlite(path)
    for one in reachable_folder.iterdir():
        one.chmod(0o444)
    reachable_folder.chmod(0o555)
    said = _as_nobody(lambda: migrate_sqlite(path))
    reachable_folder.chmod(0o755)
    assert said.startswith(f"The data folder {reachable_folder} can't be used: ")


# ---- what was deleted ------------------------------------------------------------------------------


async def test_the_wal_is_truncated_as_soon_as_no_reader_needs_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earmark.storage.sqlite._LOG_PAUSES_S", (0.01,))
    log = path.with_name(f"{path.name}-wal")
    database = SQLiteDatabase(path)
    with closing(connect(path, is_reader=True)) as reader, closing(connect(path)) as writer:
        writer.execute(PROJECT)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM projects").fetchall()
        writer.execute("DELETE FROM projects")
        await database.truncate_log(at_once=True)
        assert log.stat().st_size > 0
        reader.execute("ROLLBACK")
        await _until(lambda: log.stat().st_size == 0)
        writer.execute(PROJECT)
        await database.truncate_log(at_once=True)
        assert log.stat().st_size == 0
    await database.close()


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():
            await asyncio.sleep(0.01)


# ---- several processes -----------------------------------------------------------------------------


def _write_many(place: Place, project_id: str, name: str) -> None:
    """Run four concurrent writers, ten end users each."""

    async def work(runtime: Runtime) -> None:
        tenant = await get_tenant(runtime.operator, project_id, "live")

        async def writer(number: int) -> None:
            for step in range(10):
                await create_end_user(tenant, external_id=f"{name} {number} {step}")

        await asyncio.gather(*(writer(number) for number in range(4)))

    place.run(work)


def test_eight_writers_in_two_processes_lose_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path / "earmark")

    async def prepare(runtime: Runtime) -> str:
        return (await create_project(runtime.operator, "writers")).id

    async def names(runtime: Runtime) -> set[str | None]:
        tenant = await get_tenant(runtime.operator, project_id, "live")
        return {user.external_id for user in await list_end_users(tenant, Page(100))}

    project_id = place.run(prepare)
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        for one in [pool.submit(_write_many, place, project_id, name) for name in ("first", "second")]:
            one.result()
    wanted = {f"{name} {number} {step}" for name in ("first", "second") for number in range(4) for step in range(10)}
    assert place.run(names) == wanted


def test_a_killed_process_loses_no_acknowledged_write(tmp_path: Path) -> None:
    place = Place(tmp_path / "earmark")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:

        async def work(runtime: Runtime) -> None:
            project = await create_project(runtime.operator, "killed")
            tenant = await get_tenant(runtime.operator, project.id, "live")
            await create_end_user(tenant, external_id="kept")
            async with tenant.writing() as unit:
                await create_end_user(unit, external_id="lost")
                os.write(writing, project.id.encode())
                os.kill(os.getpid(), 9)

        try:
            place.run(work)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        project_id = pipe.read()
    os.waitpid(child, 0)

    async def names(runtime: Runtime) -> list[str | None]:
        tenant = await get_tenant(runtime.operator, project_id, "live")
        return [user.external_id for user in await list_end_users(tenant, Page())]

    assert place.run(names) == ["kept"]


# ---- long reads ------------------------------------------------------------------------------------


async def test_a_tenant_with_long_reads_without_end_leaves_a_reader_for_another(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, begun = threading.Event(), threading.Semaphore(0)

    def read(_: Compiled, args: Sequence[Any]) -> list[Row]:
        if args:
            begun.release()
            go_on.wait(60)
        return [("read",)]

    database = SQLiteDatabase(path)
    monkeypatch.setattr(database, "_fetch_on_worker", read)
    long = Compiled("SELECT 1", (), {}, is_long=True)
    theirs = [asyncio.create_task(database.fetch_all(long, ["slow"], 2)) for _ in range(8)]
    await asyncio.to_thread(begun.acquire)
    assert await database.fetch_all(long, [], 1) == [("read",)]
    assert not begun.acquire(blocking=False)
    go_on.set()
    await asyncio.gather(*theirs)
    await database.close()
