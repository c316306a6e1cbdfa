"""From a URL to an open, migrated database."""

from __future__ import annotations

import asyncio
from pathlib import Path

from earmark.errors import InvalidError
from earmark.storage.database import Database
from earmark.storage.migrate import migrate_sqlite
from earmark.storage.sqlite import SQLiteDatabase


async def open_database(url: str | None, path: Path) -> Database:
    """Open the database of `url`, or the SQLite file at `path` if there is none; migrate it first.

    Raises: UnknownSchemaError, StorageUnavailableError; InvalidError for a URL of another kind.
    """
    if url is None:
        await asyncio.to_thread(migrate_sqlite, path)
        return SQLiteDatabase(path)
    raise InvalidError("EARMARK_DATABASE_URL must start with postgresql://.", param="EARMARK_DATABASE_URL")
