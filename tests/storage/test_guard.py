"""The guard: which statements it refuses, before they run, and which it lets pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from earmark.storage.errors import UnguardedQueryError
from earmark.storage.query import Compiled, Compiler, Guard, Query, operator_query, query
from earmark.storage.tables import ask_sessions, folders, jobs, recordings
from earmark.storage.tenant import Operator, Tenant, TenantKey, UnitOfWork
from tests.storage import refused_changes, refused_predicates, refused_reads, refused_words
from tests.storage.lawful import LAWFUL
from tests.storage.refused import REFUSED, REFUSED_SCOPED, Build

assert all((refused_changes, refused_predicates, refused_reads, refused_words))  # each adds to REFUSED


class _NoDatabase:
    """A database on which nothing may run."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was reached")


def compiler_of(database: str) -> Compiler:
    return Compiler(
        PGDialect_asyncpg() if database == "postgresql" else sqlite.dialect(paramstyle="qmark")  # type: ignore[no-untyped-call]
    )


def tenant_on(database: str, *, scoped: bool) -> Tenant:
    key = TenantKey(1, "prj_a", "live", *(("eu_a", 11) if scoped else ()))
    no_database: Any = _NoDatabase(compiler_of(database))
    return Tenant(no_database, key, no_database, UnitOfWork())


async def _run_refused(build: Build, *, scoped: bool) -> None:
    asked = Query(build)
    for database in ("sqlite", "postgresql"):
        tenant = tenant_on(database, scoped=scoped)
        with pytest.raises(UnguardedQueryError):
            await tenant.fetch_all(asked)
        with pytest.raises(UnguardedQueryError):
            await tenant.execute(asked)
        with pytest.raises(UnguardedQueryError):
            await tenant.execute_many(asked, [{"id": "x"}])


@pytest.mark.parametrize("scoped", [False, True], ids=["project", "end_user"])
@pytest.mark.parametrize("name", REFUSED)
async def test_a_statement_that_may_reach_others_rows_is_refused_before_it_runs(name: str, scoped: bool) -> None:
    await _run_refused(REFUSED[name], scoped=scoped)


@pytest.mark.parametrize("name", REFUSED_SCOPED)
async def test_an_end_users_statement_that_may_reach_others_rows_is_refused_before_it_runs(name: str) -> None:
    await _run_refused(REFUSED_SCOPED[name], scoped=True)


@pytest.mark.parametrize("scoped", [False, True], ids=["project", "end_user"])
@pytest.mark.parametrize("name", LAWFUL)
def test_a_statement_on_its_callers_rows_compiles(name: str, scoped: bool) -> None:
    for database in ("sqlite", "postgresql"):
        assert compiler_of(database).compile(Query(LAWFUL[name]), scoped=scoped, shape={}).sql


def test_the_whole_project_may_insert_for_any_of_its_end_users() -> None:
    build = REFUSED_SCOPED["insert_for_another_end_user"]
    assert compiler_of("sqlite").compile(Query(build), scoped=False, shape={}).bound == {"tenant_id"}


def test_what_is_refused_says_which_query_and_why() -> None:
    with pytest.raises(UnguardedQueryError, match="Query second names folders without its tenant or end user"):

        @query
        def second(own: Guard) -> Any:
            return REFUSED["second_table_in_where"](own)

        compiler_of("sqlite").compile(second, scoped=False, shape={})


# ---- what the handle binds -------------------------------------------------------------------------------


@query
def select_folders(own: Guard) -> Any:
    return LAWFUL["select_of_a_table"](own)


@query
def insert_folder(own: Guard) -> Any:
    return own.insert(folders, unset=("created_us", "updated_us"))


class _Listening:
    """A database that notes the arguments it gets."""

    def __init__(self) -> None:
        self.compiler = compiler_of("sqlite")
        self.seen: list[dict[str, Any]] = []

    async def fetch_all(self, compiled: Compiled, args: Sequence[Any], tenant_id: int | None = None) -> list[Any]:
        self.seen.append(dict(zip(compiled.names, args, strict=True)))
        return []

    async def execute(self, compiled: Compiled, args: Sequence[Any]) -> int:
        await self.fetch_all(compiled, args)
        return 1

    async def execute_many(self, compiled: Compiled, rows: Sequence[Sequence[Any]]) -> None:
        for args in rows:
            await self.fetch_all(compiled, args)


@operator_query
def _select_across_tenants(own: Guard) -> Any:
    return select(jobs.c.id).where(jobs.c.state == "pending")


@operator_query
def _select_words_across_tenants(own: Guard) -> Any:
    return select(ask_sessions.c.title)


@operator_query
def _select_words_beside_jobs(own: Guard) -> Any:
    return select(jobs.c.id).join(recordings, recordings.c.id == jobs.c.subject_id)


@operator_query
def _select_by_raw_sql(own: Guard) -> Any:
    return select(jobs.c.id).where(text("state = 'pending'"))


@pytest.mark.parametrize("asked", [_select_words_across_tenants, _select_words_beside_jobs, _select_by_raw_sql])
def test_an_operator_query_reads_no_customers_table_but_the_queues(asked: Query) -> None:
    compiler = compiler_of("sqlite")
    compiler.compile(_select_across_tenants, scoped=False, shape={}, is_operator=True)
    with pytest.raises(UnguardedQueryError):
        compiler.compile(asked, scoped=False, shape={}, is_operator=True)


async def test_a_tenants_handle_can_not_run_an_operator_query() -> None:
    with pytest.raises(UnguardedQueryError):
        await tenant_on("sqlite", scoped=False).fetch_all(_select_across_tenants)


OTHERS = {"tenant_id": 2, "caller_end_user_id": "eu_b", "caller_end_user_no": 22, "id": "fol_1", "name": "x"}


async def test_no_parameter_of_a_request_replaces_what_the_handle_binds() -> None:
    listening: Any = _Listening()
    tenant = Tenant(listening, TenantKey(1, "prj_a", "live", "eu_a", 11), listening, UnitOfWork())
    await tenant.fetch_all(select_folders, OTHERS)
    await tenant.fetch_one(select_folders, OTHERS)
    await tenant.execute(insert_folder, OTHERS)
    await tenant.execute_many(insert_folder, [OTHERS, {**OTHERS, "tenant_id": 3}])
    assert len(listening.seen) == 5
    assert {one["tenant_id"] for one in listening.seen} == {1}
    assert {one["caller_end_user_id"] for one in listening.seen} == {"eu_a"}


@pytest.mark.parametrize("asked", [select_folders, insert_folder], ids=lambda one: one.name)
async def test_the_operator_reaches_no_customers_rows_whatever_it_passes(asked: Query) -> None:
    listening: Any = _Listening()
    operator = Operator(listening)
    with pytest.raises(UnguardedQueryError, match="needs a tenant's handle"):
        await operator.fetch_all(asked, {**OTHERS, "end_user_id": "eu_b"})
    assert listening.seen == []


# ---- the cache of compiled queries -----------------------------------------------------------------------


@query
def select_shaped(own: Guard, *, is_first: bool = False, is_last: bool = False) -> Any:
    statement = select(folders.c.id).where(own(folders))
    if is_first:
        statement = statement.where(folders.c.name == "first")
    return statement.where(folders.c.updated_us == 1) if is_last else statement


def test_shapes_are_told_apart_by_names_not_by_the_order_of_their_values() -> None:
    compiler = compiler_of("sqlite")
    shapes: list[dict[str, Any]] = [
        {"is_first": True, "is_last": False},
        {"is_last": True, "is_first": False},
        {"is_first": True},
        {"is_last": True},
    ]
    found = [compiler.compile(select_shaped, scoped=False, shape=shape).sql for shape in shapes]
    assert found == [compiler_of("sqlite").compile(select_shaped, scoped=False, shape=shape).sql for shape in shapes]
    assert found[0] != found[1]
    assert found[2] != found[3]


def test_a_shape_is_compiled_once_whatever_the_order_of_its_names() -> None:
    compiler = compiler_of("sqlite")
    one = compiler.compile(select_shaped, scoped=False, shape={"is_first": True, "is_last": False})
    assert compiler.compile(select_shaped, scoped=False, shape={"is_last": False, "is_first": True}) is one


def test_a_shape_that_can_not_be_remembered_is_named() -> None:
    with pytest.raises(TypeError, match="Query select_shaped: the values of a shape must be hashable"):
        compiler_of("sqlite").compile(select_shaped, scoped=False, shape={"is_first": ["x"]})
