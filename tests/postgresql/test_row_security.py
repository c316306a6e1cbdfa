"""Row-level security: what the database itself refuses, independently of the code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest

from earmark.errors import UnavailableError
from earmark.identity.keys import authenticate
from earmark.runtime import open_runtime
from earmark.storage.postgres import PostgresDatabase, begin
from earmark.storage.query import Compiled
from earmark.storage.tables import CUSTOMER_TABLES, OPERATOR_TABLES, SYSTEM_TABLES
from tests.http.conftest import TALK, Library
from tests.postgres import Cluster
from tests.server import Place, ProjectKeys, new_project, running


@pytest.fixture(scope="module")
def filled(new_place: Callable[[], Place]) -> tuple[Place, ProjectKeys]:
    """A database with rows of two projects in every table that a request can fill."""
    place = new_place()
    with running(place) as server:
        projects = [new_project(place) for _ in range(2)]
        for project in projects:
            with server.client(project.live) as client:
                library = Library(client)
                user = library.user()
                library.recording(user, TALK)
                session = library.session(user)["id"]
                client.post(f"/v1/ask/sessions/{session}/messages", json={"content": "When is the launch?"})
    return place, projects[0]


@asynccontextmanager
async def connected(url: str | None) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def connection(filled: tuple[Place, ProjectKeys]) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the server's role to the filled database."""
    async with connected(filled[0].database_url) as one:
        yield one


def database_of(place: Place) -> str:
    return (place.database_url or "").partition("@/")[2].partition("?")[0]


async def test_every_customers_table_forces_a_policy(connection: asyncpg.Connection) -> None:
    found = await connection.fetch(
        "SELECT relname, relrowsecurity, relforcerowsecurity, (SELECT count(*) FROM pg_policies"
        " WHERE tablename = relname AND policyname = 'tenant_isolation' AND qual LIKE '%earmark.tenant_id%'"
        " AND with_check LIKE '%earmark.tenant_id%') AS policies"
        " FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )

    rows = {row["relname"]: row for row in found}
    assert set(rows) == CUSTOMER_TABLES | SYSTEM_TABLES | {"alembic_version"}
    for table in CUSTOMER_TABLES:
        assert (rows[table]["relrowsecurity"], rows[table]["relforcerowsecurity"]) == (True, True), table
        assert rows[table]["policies"] == 1, table


async def test_without_a_tenant_every_customers_table_is_empty_and_takes_no_row(connection: asyncpg.Connection) -> None:
    for table in sorted(CUSTOMER_TABLES - OPERATOR_TABLES):  # which have ids and numbers only
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(
            "INSERT INTO end_users (tenant_id, id, number, created_us, updated_us) VALUES (1, 'eu_x', 1, 0, 0)"
        )


async def test_with_a_tenant_only_its_rows_are_visible(connection: asyncpg.Connection) -> None:
    tenants = [row[0] for row in await connection.fetch("SELECT id FROM tenants ORDER BY id")]
    counts = []
    for tenant_id in tenants:
        async with connection.transaction():
            await connection.execute(f"SELECT set_config('earmark.tenant_id', '{tenant_id}', true)")
            owners = await connection.fetch("SELECT DISTINCT tenant_id FROM ask_sessions")
            assert [row[0] for row in owners] in ([], [tenant_id])
            counts.append(await connection.fetchval("SELECT count(*) FROM ask_messages"))
            changed = await connection.execute("UPDATE ask_sessions SET title = title WHERE tenant_id <> $1", tenant_id)
            assert changed == "UPDATE 0"
    assert sorted(counts) == [0, 0, 2, 2]


async def test_a_pooled_connection_never_carries_a_tenant_over(filled: tuple[Place, ProjectKeys]) -> None:
    async with open_runtime(filled[0].settings) as runtime:
        database = runtime.database
        assert isinstance(database, PostgresDatabase)
        setting = Compiled("SELECT current_setting('earmark.tenant_id', true)", (), {}, is_long=False)
        count = Compiled("SELECT count(*) FROM ask_sessions", (), {}, is_long=False)
        for tenant_id in (1, 3):
            rows = await database.fetch_all(count, (), tenant_id)
            assert rows[0][0] == 1
            with pytest.raises(ZeroDivisionError):
                async with database.writing(tenant_id):
                    raise ZeroDivisionError
            with pytest.raises(UnavailableError):
                async with database.reading(tenant_id) as connection:
                    await connection.fetch_all(Compiled("SELECT 1 / 0", (), {}, is_long=False), ())
            for _ in range(30):
                assert (await database.fetch_all(setting, (), None))[0][0] in (None, "")
                assert (await database.fetch_all(count, (), None))[0][0] == 0
        assert begin(5).startswith("BEGIN")


async def test_keys_are_found_only_by_their_hash_and_one_at_a_time(
    connection: asyncpg.Connection, filled: tuple[Place, ProjectKeys]
) -> None:
    assert await connection.fetchval("SELECT count(*) FROM api_keys") == 0
    assert await connection.fetch("SELECT * FROM earmark_find_credential($1)", b"unknown") == []
    functions = await connection.fetch(
        "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    )
    assert [row[0] for row in functions] == ["earmark_find_credential"]

    async with open_runtime(filled[0].settings) as runtime:
        caller = await authenticate(runtime.database, f"Bearer {filled[1].live}")
    assert caller.tenant.project_id == filled[1].id


async def test_the_server_refuses_a_role_that_security_does_not_bind(
    filled: tuple[Place, ProjectKeys], cluster: Cluster
) -> None:
    place = filled[0]
    name = database_of(place)
    for role, why in (("postgres", "superuser"), ("earmark_owner", "owns the tables")):
        unsafe = Place(place.data_dir, cluster.url(name, role), place.owner_url)
        done = unsafe.cli("serve", "--port", "0", check=False)
        assert done.returncode == 1
        assert why in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    settings = Place(place.data_dir, cluster.url(name, "earmark_owner"), place.owner_url).settings
    async with open_runtime(settings.model_copy(update={"allow_unsafe_database_role": True})) as runtime:
        assert "earmark_owner" in await runtime.database.describe()


async def test_an_unknown_schema_is_refused(fresh_place: Place) -> None:
    fresh_place.cli("projects", "create", "First")
    async with connected(fresh_place.owner_url) as connection:
        await connection.execute("UPDATE alembic_version SET version_num = '9999_future'")
    done = fresh_place.cli("serve", "--port", "0", check=False)
    assert (done.returncode, "9999_future" in done.stderr) == (1, True)


async def _drop_pgvector(url: str) -> None:
    async with connected(url) as connection:
        await connection.execute("DROP TABLE chunk_vectors; DROP EXTENSION vector")


def test_without_pgvector_search_works_and_doctor_says_so(fresh_place: Place, cluster: Cluster) -> None:
    fresh_place.cli("projects", "create", "First")
    assert "pgvector" in fresh_place.cli("doctor").stdout
    name = database_of(fresh_place)
    asyncio.run(_drop_pgvector(cluster.url(name, "postgres")))
    assert "without pgvector" in fresh_place.cli("doctor").stdout
    with running(fresh_place) as server, server.client(new_project(fresh_place).live) as client:
        library = Library(client)
        user = library.user()
        library.recording(user, TALK)
        found = client.post("/v1/recordings/search", json={"query": "battery", "end_user_id": user}).json()["results"]
        assert "battery" in found[0]["chunk_text"]
