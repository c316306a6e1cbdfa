"""Migrates the database to this version's schema, in whichever process starts first.

The schema's version is the revision in `alembic_version`. The newest one: nothing to do, and Alembic
is not imported. A known older one: migrate under a lock, after a backup of the SQLite file.
Any other: refuse to start and change nothing.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from earmark.errors import UnavailableError
from earmark.storage.errors import NoDatabaseError, StorageUnavailableError, UnknownSchemaError
from earmark.storage.sqlite import connect, prepare_file

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection as SyncConnection


class MigrationFailedError(UnavailableError):
    """A migration failed and was rolled back."""

    def __init__(self) -> None:
        super().__init__("A migration failed; the database is unchanged.")


_SCRIPTS = Path(__file__).parent / "migrations"


def known_revisions() -> list[str]:
    """Return the revisions this version knows, oldest first (their files are numbered)."""
    return sorted(path.stem for path in (_SCRIPTS / "versions").glob("[0-9]*.py"))


def check_revision(current: str | None, is_blank: bool) -> bool:
    """Return whether the database is at the newest revision.

    Raises: UnknownSchemaError if its revision is unknown.
    """
    known = known_revisions()
    if current is None and not is_blank:
        raise UnknownSchemaError("The database has tables that earmark did not create; use another database.")
    if current is not None and current not in known:
        raise UnknownSchemaError(
            f"The database has schema {current!r}, which is unknown to this version of earmark; "
            "start the version that created it, or restore a backup."
        )
    return current == known[-1]


def migrate_sqlite(path: Path) -> None:
    """Create or upgrade the SQLite file.

    Raises: UnknownSchemaError; StorageUnavailableError if the folder can't be written.
    """
    try:
        _refuse_foreign_file(path)
        prepare_file(path)
        with _file_lock(path.with_suffix(".lock")), closing(connect(path)) as connection:
            current, is_blank = _sqlite_revision(connection)
            if check_revision(current, is_blank):
                return
            if not is_blank:
                _back_up(connection, path.with_name(f"{path.name}.before-{known_revisions()[-1]}"))
            _upgrade_sqlite(path)
    except (OSError, sqlite3.Error) as error:
        raise StorageUnavailableError(f"The data folder {path.parent} can't be used: {_reason(error)}.") from error


def check_file_exists(path: Path) -> None:
    """Check that the SQLite file exists, for what must not create one.

    Raises: NoDatabaseError.
    """
    try:
        size_bytes = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        size_bytes = 0
    except OSError:  # opening it says why
        return
    if not size_bytes:
        raise NoDatabaseError(f"The data folder {path.parent}", "EARMARK_DATA_DIR the right folder, and mounted?")


def _refuse_foreign_file(path: Path) -> None:
    """Check the revision read-only, because `connect` would already switch the file's journal to WAL.

    Raises: UnknownSchemaError.
    """
    if path.exists() and path.stat().st_size:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            current, is_blank = _sqlite_revision(connection)
        check_revision(current, is_blank)


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    prepare_file(path)
    with path.open("r+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _sqlite_revision(connection: sqlite3.Connection) -> tuple[str | None, bool]:
    """Return the revision, if any, and whether the file has no other tables."""
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "alembic_version" not in names:
        return None, not names
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return (row[0] if row else None), names == {"alembic_version"}


def _back_up(connection: sqlite3.Connection, target: Path) -> None:
    prepare_file(target)
    with closing(sqlite3.connect(target)) as copy:
        connection.backup(copy)


def _upgrade_sqlite(path: Path) -> None:
    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import NullPool

    engine = create_engine("sqlite://", creator=lambda: connect(path), poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def begin(connection: SyncConnection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with engine.begin() as connection:
            upgrade(connection)
    finally:
        engine.dispose()


def upgrade(connection: SyncConnection) -> None:
    """Run the missing migrations inside the caller's transaction.

    Raises: MigrationFailedError; the transaction must be rolled back.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("version_locations", str(_SCRIPTS / "versions"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except Exception as error:
        raise MigrationFailedError from error
