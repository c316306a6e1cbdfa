"""Opens the configured database, migrated and optionally traced."""

from __future__ import annotations

import asyncio

from earmark.config import Settings
from earmark.errors import InvalidError
from earmark.storage.database import Database
from earmark.storage.migrate import check_file_exists, migrate_sqlite
from earmark.storage.sqlite import SQLiteDatabase
from earmark.storage.traced import TracedDatabase


async def open_database(settings: Settings, *, may_create: bool = True) -> Database:
    """Migrate and open PostgreSQL if a URL is set, else the SQLite file.

    Raises: UnknownSchemaError, StorageUnavailableError, UnsafeRoleError; NoDatabaseError unless it
        `may_create` one; InvalidError for another kind of URL.
    """
    database = await _open(settings, may_create=may_create)
    return database if settings.traces_endpoint is None else TracedDatabase(database)


async def _open(settings: Settings, *, may_create: bool) -> Database:
    if settings.database_url is None:
        if not may_create:
            check_file_exists(settings.database_path)
        await asyncio.to_thread(migrate_sqlite, settings.database_path)
        return SQLiteDatabase(settings.database_path)
    if not settings.database_url.startswith(("postgresql://", "postgres://")):
        raise InvalidError("EARMARK_DATABASE_URL must start with postgresql://.", param="EARMARK_DATABASE_URL")
    from earmark.storage.migrate_postgres import check_role, migrate_postgres
    from earmark.storage.postgres import PostgresDatabase

    url, direct_url = settings.database_url, settings.database_direct_url
    await migrate_postgres(direct_url or url, settings.migration_database_url, may_create=may_create)
    if not settings.allow_unsafe_database_role:
        await check_role(url)
    return await PostgresDatabase.open(
        url, pool_size=settings.database_pool_size, is_pooled=settings.database_is_pooled, direct_url=direct_url
    )
