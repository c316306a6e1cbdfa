"""Migrates PostgreSQL to this version's schema, and checks the server's role.

Migrations run under an advisory lock as the owner, whose URL is `EARMARK_MIGRATION_DATABASE_URL`. The server
uses a role that owns nothing and can't bypass row-level security. Roles and their rights: docs/guides/postgresql.md.
"""

from __future__ import annotations

import asyncpg

from earmark.errors import UnavailableError
from earmark.storage.errors import NoDatabaseError, UnknownSchemaError
from earmark.storage.migrate import MigrationFailedError, check_revision, upgrade
from earmark.storage.postgres_refusals import unreachable

_LOCK = 7_215_410_083  # arbitrary, but the same in every version


class UnsafeRoleError(UnavailableError):
    """The server's role could bypass row-level security."""

    def __init__(self, role: str, why: str) -> None:
        super().__init__(
            f"The database role {role} {why}, so row-level security would have no effect; use another role "
            "(docs/guides/postgresql.md) or set EARMARK_ALLOW_UNSAFE_DATABASE_ROLE=true."
        )


async def migrate_postgres(url: str, owner_url: str | None, *, may_create: bool = True) -> None:
    """Create or upgrade the schema unless it is the newest.

    Raises: UnknownSchemaError; UnavailableError if it must be upgraded and no owner's URL is set; NoDatabaseError if it
        must be created and may not be.
    """
    revision, is_blank = await _revision(url)
    if check_revision(revision, is_blank):
        return
    if revision is None and not may_create:
        raise NoDatabaseError("The PostgreSQL database", "EARMARK_DATABASE_URL the right database?")
    role = await _fetch(url, "SELECT current_user")
    try:
        await _upgrade(owner_url or url, str(role))
    except MigrationFailedError as error:
        if owner_url is None:
            raise UnavailableError(
                "The database's schema must be upgraded by its owner: set EARMARK_MIGRATION_DATABASE_URL."
            ) from error
        raise


async def check_role(url: str) -> None:
    """Check that row-level security applies to the server's role.

    Raises: UnsafeRoleError.
    """
    row = await _fetch_row(
        url,
        "SELECT current_user AS name, rolsuper, rolbypassrls,"
        " EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'ask_sessions'"
        "         AND pg_has_role(current_user, tableowner, 'MEMBER')) AS is_owner"
        " FROM pg_roles WHERE rolname = current_user",
    )
    for column, why in (
        ("rolsuper", "is a superuser"),
        ("rolbypassrls", "has BYPASSRLS"),
        ("is_owner", "owns the tables"),
    ):
        if row[column]:
            raise UnsafeRoleError(row["name"], why)


async def _connect(url: str) -> asyncpg.Connection:
    try:
        # Without named statements, which a pooler in transaction mode would lose between two transactions.
        return await asyncpg.connect(url, timeout=15, statement_cache_size=0)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, ValueError) as error:
        raise unreachable(url, error) from error


async def _fetch_row(url: str, words: str) -> asyncpg.Record:
    connection = await _connect(url)
    try:
        async with connection.transaction():
            return await connection.fetchrow(words)
    finally:
        await connection.close()


async def _fetch(url: str, words: str) -> object:
    return (await _fetch_row(url, words))[0]


async def _revision(url: str) -> tuple[str | None, bool]:
    """Return the revision, if any, and whether the schema has no other tables."""
    connection = await _connect(url)
    try:
        async with connection.transaction():
            return await _read_revision(connection)
    finally:
        await connection.close()


async def _read_revision(connection: asyncpg.Connection) -> tuple[str | None, bool]:
    words = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    names = {row[0] for row in await connection.fetch(words)}
    if "alembic_version" not in names:
        return None, not names
    try:
        revision = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.InsufficientPrivilegeError as error:
        raise UnknownSchemaError("The database's role may not read its schema's version.") from error
    return revision, names == {"alembic_version"}


async def _upgrade(owner_url: str, role: str) -> None:
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: _connect(owner_url), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
            assert driver is not None
            if check_revision(*await _read_revision(driver)):
                return  # another process was first
            await connection.run_sync(upgrade)
            await _grant(driver, role)
    finally:
        await engine.dispose()


async def _grant(connection: asyncpg.Connection, role: str) -> None:
    """Grant the server's role the minimal rights."""
    name = '"' + role.replace('"', '""') + '"'
    schema = await connection.fetchval("SELECT quote_ident(current_schema())")
    await connection.execute(
        f"GRANT USAGE ON SCHEMA {schema} TO {name};"
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {name};"
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {name};"
        f"REVOKE UPDATE, DELETE ON audit_events FROM {name};"
        f"GRANT EXECUTE ON FUNCTION earmark_find_credential(bytea) TO {name}"
    )
