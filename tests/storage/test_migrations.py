"""Migrations: from a blank file to the newest schema, once; foreign schemas are unchanged."""

from __future__ import annotations

import re
import shutil
import sqlite3
import stat
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import pytest

from earmark.storage import migrate
from earmark.storage.errors import StorageUnavailableError, UnknownSchemaError
from earmark.storage.migrate import MigrationFailedError, known_revisions, migrate_sqlite

NEXT = '''"""A later one."""
from alembic import op
revision, down_revision = "9999_later", "{previous}"
def upgrade():
    op.execute("CREATE TABLE later (tenant_id INTEGER PRIMARY KEY)")
    {more}
'''


def revision_of(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_a_blank_folder_gets_the_newest_schema_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "data" / "earmark.db"
    migrate_sqlite(path)
    migrate_sqlite(path)
    assert revision_of(path) == known_revisions()[-1]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.glob("*.before-*")) == []


@pytest.mark.parametrize(
    "words",
    [
        "CREATE TABLE theirs (x)",
        "CREATE TABLE alembic_version (version_num); INSERT INTO alembic_version VALUES ('9999_future')",
    ],
)
def test_a_foreign_schema_is_refused_and_unchanged(tmp_path: Path, words: str) -> None:
    path = tmp_path / "earmark.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(words)
    before = path.read_bytes()
    with pytest.raises(UnknownSchemaError):
        migrate_sqlite(path)
    assert path.read_bytes() == before


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current database, and a copy of the scripts for adding a later migration."""
    path = tmp_path / "earmark.db"
    migrate_sqlite(path)
    scripts = tmp_path / "migrations"
    shutil.copytree(migrate._SCRIPTS, scripts)
    monkeypatch.setattr(migrate, "_SCRIPTS", scripts)
    return path


def _add(path: Path, more: str) -> None:
    previous = known_revisions()[-1]
    (path.parent / "migrations" / "versions" / "9999_later.py").write_text(NEXT.format(previous=previous, more=more))


def test_an_older_file_is_backed_up_and_migrated(older: Path) -> None:
    before = revision_of(older)
    _add(older, "pass")
    migrate_sqlite(older)
    assert revision_of(older) == "9999_later"
    backups = list(older.parent.glob("earmark.db.before-9999_later"))
    assert [revision_of(one) for one in backups] == [before]


def test_a_migration_that_fails_changes_nothing(older: Path) -> None:
    before = revision_of(older)
    _add(older, 'raise ValueError("half way")')
    with pytest.raises(MigrationFailedError):
        migrate_sqlite(older)
    assert revision_of(older) == before
    with closing(sqlite3.connect(older)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'later'").fetchone() == (0,)


def test_a_migration_that_fails_leaves_the_file_byte_for_byte(older: Path) -> None:
    before = older.read_bytes()
    _add(older, 'raise ValueError("half way")')
    with pytest.raises(MigrationFailedError):
        migrate_sqlite(older)
    assert older.read_bytes() == before


def test_a_migration_preserves_existing_rows(older: Path) -> None:
    row = ("proj_kept", "Kept", 1)
    with closing(sqlite3.connect(older)) as connection, connection:
        connection.execute("INSERT INTO projects (id, name, created_us) VALUES (?, ?, ?)", row)
    _add(older, "pass")
    migrate_sqlite(older)
    for path in (older, *older.parent.glob("*.before-*")):
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT id, name, created_us FROM projects").fetchall() == [row]


def test_everything_beside_the_database_is_readable_by_its_owner_only(older: Path) -> None:
    _add(older, "pass")
    migrate_sqlite(older)
    files = [path for path in older.parent.iterdir() if path.is_file()]
    assert {older.name, f"{older.name}.before-9999_later"} < {path.name for path in files}
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in files} == {path.name: 0o600 for path in files}


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_foreign_file_is_unchanged_whatever_its_journal_mode(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "earmark.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode={mode}")
        connection.executescript("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(UnknownSchemaError):
        migrate_sqlite(path)
    assert path.read_bytes() == before


def test_an_unknown_revision_is_named_in_one_sentence(older: Path) -> None:
    with closing(sqlite3.connect(older)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_future'")
    with pytest.raises(UnknownSchemaError) as caught:
        migrate_sqlite(older)
    assert "'9999_future'" in caught.value.message
    assert re.fullmatch(r"[^.\n]+\.", caught.value.message)


def test_a_database_at_the_newest_schema_is_not_written_to(older: Path) -> None:
    before = older.read_bytes()
    migrate_sqlite(older)
    assert older.read_bytes() == before


def test_processes_that_migrate_at_once_all_succeed_and_one_does_it(older: Path) -> None:
    log = older.parent / "ran"
    _add(older, f"open({str(log)!r}, 'a').write('once')")
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        done = [pool.submit(_migrate_with, older, older.parent / "migrations") for _ in range(2)]
        assert [one.result() for one in done] == ["9999_later"] * 2
    assert log.read_text() == "once"


def _migrate_with(path: Path, scripts: Path) -> str:
    migrate._SCRIPTS = scripts
    migrate_sqlite(path)
    return revision_of(path)


def test_a_folder_that_can_not_be_created_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageUnavailableError, match="can't be used"):
        migrate_sqlite(tmp_path / "file" / "earmark.db")
