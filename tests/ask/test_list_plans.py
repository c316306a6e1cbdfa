"""Query plans of the sessions list: an index for every filter, one SELECT a page."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from earmark.ask import queries
from earmark.ask.sessions import list_queries
from earmark.ask.sessions.sessions import create_session, list_sessions
from earmark.ask.types import Scope, SessionFilters
from earmark.identity.projects import create_project, get_tenant, list_tenants
from earmark.library.end_users import create_end_user
from earmark.library.types import Page
from earmark.retrieval import queries as retrieval_queries
from earmark.runtime import Runtime, open_runtime
from earmark.storage.query import Compiled, Query
from earmark.storage.tenant import Tenant
from tests.server import Place

SHAPES = [
    (frozenset(chosen), is_continued, is_scoped)
    for size in range(4)
    for chosen in itertools.combinations([name for name in SessionFilters.names() if name != "q"], size)
    for is_continued in (False, True)
    for is_scoped in (False, True)
]


@pytest.fixture(scope="module")
def filled(new_place: Callable[[], Place]) -> Place:
    """Insert enough sessions of two users for a realistic query plan."""
    place = new_place()

    async def work(runtime: Runtime) -> None:
        project = await create_project(runtime.operator, "plans")
        tenant = await get_tenant(runtime.operator, project.id, "live")
        for _ in range(2):
            user = await create_end_user(tenant)
            owner = tenant.acting_for(user.id, user.number)
            async with owner.writing() as unit:
                for number in range(400):
                    scope = Scope("selected", ("rec_a", f"rec_{number}")) if number % 2 else Scope("library")
                    await create_session(unit, scope, title=f"Title {number}")

    place.run(work)
    if place.owner_url is not None:
        asyncio.run(_analyze(place.owner_url))
    return place


async def _analyze(owner_url: str) -> None:
    """Analyze the tables now instead of waiting for autovacuum."""
    connection = await asyncpg.connect(owner_url)
    await connection.execute("ANALYZE")
    await connection.close()


@pytest.fixture
async def runtime(filled: Place) -> AsyncIterator[Runtime]:
    async with open_runtime(filled.settings) as one:
        yield one


@pytest.fixture
async def tenant(runtime: Runtime) -> Tenant:
    return (await list_tenants(runtime.operator))[0]


PARAMS: dict[str, Any] = {
    "end_user_id": "eu_x", "scope_type": "library", "recording_id": "rec_a", "active_after": 0,
    "active_before": 2**60, "limit": 21, "after_us": 2**59, "after_id": "as_x", "q": "title", "reach": 1_000,
    "title_seqs": [1, 2], "indexed_seq": 4_096,
    "session_id": "as_x", "after": 5, "most": 100, "grams": ["abc", "bcd"], "first": "ab", "end": "ac",
    "terms": ["launch", "price"],
}  # fmt: skip
CALLER = {"caller_end_user_id": "eu_x", "caller_end_user_no": 1}


async def explain(runtime: Runtime, tenant: Tenant, query: Query, *, scoped: bool, shape: dict[str, Any]) -> str:
    """Return the plan; on PostgreSQL without sequential scans, which it may prefer in small tables."""
    compiled = runtime.database.compiler.compile(query, scoped=scoped, shape=shape)
    is_sqlite = runtime.database.compiler.dialect_name == "sqlite"
    words = ("EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN ") + compiled.sql
    args = compiled.arguments(PARAMS, {**CALLER, "tenant_id": tenant.key.tenant_id})
    async with runtime.database.reading(tenant.key.tenant_id) as connection:
        if not is_sqlite:
            for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan", "enable_hashjoin"):
                await connection.fetch_all(Compiled(f"SET LOCAL {setting} = off", (), {}, is_long=False), ())
        told = Compiled(words, compiled.names, {}, compiled.is_long, compiled.has_lists)
        rows = await connection.fetch_all(told, args)
    return "\n".join(str(row[-1]) for row in rows)


def assert_cheap(plan: str, what: str) -> None:
    assert "TEMP B-TREE" not in plan, (what, plan)
    assert not re.search(r"\bSCAN (?!near|candidates|json_each)\w", plan), (what, plan)
    assert "Seq Scan" not in plan, (what, plan)
    assert not re.search(r"(?<!Incremental )\bSort\b(?! Key)", plan), (what, plan)


async def test_every_filter_combination_scans_an_index_in_order(runtime: Runtime, tenant: Tenant) -> None:
    for filters, is_continued, is_scoped in SHAPES:
        shape = {"filters": filters, "is_continued": is_continued}
        plan = await explain(runtime, tenant, list_queries.select_sessions, scoped=is_scoped, shape=shape)
        assert_cheap(plan, f"{sorted(filters)} {is_continued} {is_scoped}")


async def test_messages_and_titles_near_the_top_scan_an_index_in_order(runtime: Runtime, tenant: Tenant) -> None:
    for is_continued, is_descending in itertools.product((False, True), repeat=2):
        shape = {"is_continued": is_continued, "is_descending": is_descending}
        plan = await explain(runtime, tenant, queries.select_messages, scoped=True, shape=shape)
        assert_cheap(plan, f"messages {shape}")
    shape = {"filters": frozenset(), "is_continued": True}
    plan = await explain(runtime, tenant, list_queries.select_sessions_titled, scoped=False, shape=shape)
    assert_cheap(plan, "titled")


async def test_the_title_index_is_looked_up_by_number_and_by_trigram(runtime: Runtime, tenant: Tenant) -> None:
    wanted = {
        list_queries.select_sessions_titled_among: "tenant_id_title_seq",
        list_queries.select_title_grams: r"PRIMARY KEY \(tenant_id=\? AND gram=\?\)|pk_ask_title_grams",
        list_queries.select_title_grams_between: r"PRIMARY KEY \(tenant_id=\? AND gram>\? AND gram<\?\)|pk_ask_title_grams",
        retrieval_queries.select_postings: r"PRIMARY KEY \(tenant_id=\? AND end_user_no=\? AND term=\?\)|pk_postings",
    }
    for query, index in wanted.items():
        shapes: list[dict[str, Any]] = [{}]
        if query is list_queries.select_sessions_titled_among:
            common = {"filters": frozenset({"end_user_id"}), "is_continued": True}
            shapes = [{**common, "is_indexed": True}, {**common, "is_indexed": False}]
        for shape in shapes:
            scoped = query is retrieval_queries.select_postings
            plan = await explain(runtime, tenant, query, scoped=scoped, shape=shape)
            assert re.search(index, plan), (query, shape, plan)


async def test_a_page_takes_one_select_and_reads_no_message(
    runtime: Runtime, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    fetch = runtime.database.fetch_all

    async def counted(compiled: Compiled, args: Any, tenant_id: int | None) -> Any:
        seen.append(compiled.sql)
        return await fetch(compiled, args, tenant_id)

    monkeypatch.setattr(runtime.database, "fetch_all", counted)
    assert len(await list_sessions(tenant, Page(21))) == 21
    assert len(await list_sessions(tenant, Page(21), SessionFilters(scope_type="selected", recording_id="rec_a"))) == 21
    assert len(seen) == 2
    assert not any("ask_messages" in one for one in seen)
