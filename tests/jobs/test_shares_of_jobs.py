"""Whose job is claimed next: tenants, their end users and their kinds of job take turns, and nobody has every slot."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from earmark.identity.projects import create_project, get_tenant
from earmark.jobs import claim_queries, queue
from earmark.jobs.claiming import Claimer, Free, new_process
from earmark.jobs.kinds import JobKind
from earmark.jobs.running import RunningJob
from earmark.jobs.shares import Shares
from earmark.jobs.types import Job, NewJob
from earmark.library.end_users import create_end_user
from earmark.storage.query import Compiled, Query
from earmark.storage.tenant import Tenant
from tests.jobs.world import World

DAY_S = 24 * 3_600.0


async def add(tenant: Tenant, kind: str, count: int = 1, *, delay_s: float = 0.0, name: str = "") -> None:
    async with tenant.writing() as work:
        for _ in range(count):
            await queue.enqueue(work, NewJob(kind, delay_s=delay_s, payload={"name": name}))


def claimer_of(world: World, kinds: Sequence[JobKind], *, host: str = "here", heavy_slots: int = 1) -> Claimer:
    return Claimer(world.operator, kinds, new_process(host, 30, heavy_slots))


async def claim_all(claimer: Claimer, *, at_once: int = 1) -> list[Job]:
    """Claim until nothing more is there to claim."""
    found: list[Job] = []
    while jobs := await claimer.claim(at_once):
        found += jobs
    return found


async def tenants_in_order(world: World, count: int) -> list[Tenant]:
    ids = [(await create_project(world.operator, f"project {number}")).id for number in range((count + 1) // 2)]
    both = [await get_tenant(world.operator, each, mode) for each in ids for mode in ("live", "test")]
    return sorted(both, key=lambda tenant: tenant.key.tenant_id)[:count]


# ---- tenants with nothing to claim ---------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 20, 39], ids=["first", "middle", "last"])
async def test_a_due_job_is_claimed_beside_forty_tenants_whose_jobs_all_wait_for_their_time(
    world: World, place: int
) -> None:
    tenants = await tenants_in_order(world, 40)
    for tenant in tenants:
        await add(tenant, "deliver", 2, delay_s=DAY_S)
    await add(tenants[place], "greet")
    claimer = claimer_of(world, [JobKind("greet", world.note), JobKind("deliver", world.note, is_waiting=True)])
    assert [job.tenant_id for job in await claimer.claim(4, Free(64))] == [tenants[place].key.tenant_id]
    assert await claimer.claim(4, Free(64)) == []


async def test_a_due_job_is_claimed_beside_forty_tenants_that_wait_for_the_only_slot_of_another_kind(
    world: World,
) -> None:
    tenants = await tenants_in_order(world, 41)
    kinds = [JobKind("engine", world.note, most_on_host=1), JobKind("greet", world.note)]
    for tenant in tenants[:40]:
        await add(tenant, "engine")
    claimer = claimer_of(world, kinds)
    assert [job.kind for job in await claim_all(claimer)] == ["engine"]
    await add(tenants[40], "greet")
    assert [(job.kind, job.tenant_id) for job in await claimer.claim(1)] == [("greet", tenants[40].key.tenant_id)]


async def test_a_due_job_is_claimed_beside_many_of_kinds_that_this_process_does_not_know(world: World) -> None:
    tenants = await tenants_in_order(world, 41)
    for tenant in tenants[:40]:
        await add(tenant, "of a newer version")
    await add(tenants[40], "greet")
    assert [job.kind for job in await claim_all(claimer_of(world, [JobKind("greet", world.note)]))] == ["greet"]


async def test_a_process_with_nothing_due_does_not_write(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await add(world.tenant, "greet", 3, delay_s=DAY_S)
    claimer = claimer_of(world, [JobKind("greet", world.note)])
    monkeypatch.setattr(type(world.operator), "writing", None)
    assert await claimer.claim(4, Free(64)) == []


# ---- shares of the slots -------------------------------------------------------------------------------


async def test_a_tenant_never_has_the_last_slot_of_a_kind(world: World) -> None:
    claimer = claimer_of(world, [JobKind("summary", world.note, most_on_host=3)])
    await add(world.tenant, "summary", 10)
    assert len(await claim_all(claimer, at_once=4)) == 2
    await add(world.other, "summary", 2)
    assert [job.tenant_id for job in await claim_all(claimer)] == [world.other.key.tenant_id]


async def test_a_tenant_never_has_the_last_slot_of_the_heavy_kinds_together(world: World) -> None:
    kinds = [JobKind(name, world.note, is_heavy=True) for name in ("index", "import")]
    here = claimer_of(world, kinds, heavy_slots=3)
    await add(world.tenant, "index", 4)
    await add(world.tenant, "import", 4)
    assert len(await claim_all(here, at_once=4)) == 2
    await add(world.other, "import", 2)
    assert [job.tenant_id for job in await claim_all(here)] == [world.other.key.tenant_id]
    elsewhere = claimer_of(world, kinds, heavy_slots=2, host="elsewhere")
    assert len(await claim_all(elsewhere)) == 2  # one of each tenant


@pytest.mark.parametrize(("is_shared", "share"), [(False, 3), (True, 2)])
async def test_who_has_a_server_alone_has_every_slot(world: World, is_shared: bool, share: int) -> None:
    summary = JobKind("summary", world.note, most_on_host=3)
    shares = Shares({"summary": summary}, "here", 1, (), is_shared=is_shared)
    started = 0
    while shares.may_start(summary, 7):
        shares.add(7, summary)
        started += 1
    assert started == share


async def test_a_tenants_slow_jobs_leave_another_a_slot_of_the_process(world: World) -> None:
    async def hang(running: RunningJob) -> None:
        await world.note(running)
        await asyncio.sleep(600)

    async with world.process(JobKind("slow", hang), JobKind("greet", world.note)) as worker:
        await add(world.tenant, "slow", 20)
        await world.until_so(lambda: len(world.ran) == 3)
        async with world.other.writing() as work:
            greeting = await queue.enqueue(work, NewJob("greet", payload={"name": "hello"}))
        await world.until(greeting, "succeeded")
        assert (await queue.count_running(world.operator))["slow"] == 3
        await worker.stop(0.01)


async def test_the_only_slot_of_a_kind_is_taken_by_tenants_in_turn_whatever_else_they_have(world: World) -> None:
    kinds = [JobKind("engine", world.note, most_on_host=1), JobKind("greet", world.note)]
    for tenant, count in ((world.tenant, 4), (world.other, 2)):
        await add(tenant, "engine", count)
        await add(tenant, "greet", 30)
    claimer = claimer_of(world, kinds)
    owners = []
    for _ in range(6):
        while not (heard := [job for job in await claimer.claim(2) if job.kind == "engine"]):
            pass
        owners.append(heard[0].tenant_id)
        await _end(world, heard[0])
    first, second = world.tenant.key.tenant_id, world.other.key.tenant_id
    assert owners in ([first, second, first, second, first, first], [second, first, second, first, first, first])


async def _end(world: World, job: Job) -> None:
    assert await RunningJob(job, world.operator).end("succeeded")


# ---- end users and kinds of one tenant -----------------------------------------------------------------


async def test_end_users_of_a_tenant_take_turns(world: World) -> None:
    busy, other = await create_end_user(world.tenant), await create_end_user(world.tenant)
    await add(world.tenant.acting_for(busy.id, busy.number), "summary", 50)
    await add(world.tenant.acting_for(other.id, other.number), "summary", 1)
    await add(world.tenant, "summary", 1)
    order = [job.end_user_id for job in await claim_all(claimer_of(world, [JobKind("summary", world.note)]))]
    assert len(order) == 52
    assert order.index(other.id) < 3
    assert order.index(None) < 3


async def test_an_end_user_whose_jobs_wait_for_their_time_takes_no_turn(world: World) -> None:
    people = [await create_end_user(world.tenant) for _ in range(70)]
    for person in people[:-1]:
        await add(world.tenant.acting_for(person.id, person.number), "summary", delay_s=DAY_S)
    last = world.tenant.acting_for(people[-1].id, people[-1].number)
    await add(last, "summary", 2)
    order = [job.end_user_id for job in await claim_all(claimer_of(world, [JobKind("summary", world.note)]))]
    assert order == [people[-1].id] * 2


async def test_kinds_of_a_tenant_take_turns(world: World) -> None:
    busy, other = await create_end_user(world.tenant), await create_end_user(world.tenant)
    await add(world.tenant.acting_for(busy.id, busy.number), "summary", 50)
    await add(world.tenant.acting_for(other.id, other.number), "transcription", 1)
    kinds = [JobKind("summary", world.note), JobKind("transcription", world.note)]
    order = [job.kind for job in await claim_all(claimer_of(world, kinds))]
    assert order.index("transcription") < 2


async def test_jobs_of_one_end_user_and_kind_run_the_oldest_first(world: World) -> None:
    person = await create_end_user(world.tenant)
    for name in ("a", "b", "c"):
        await add(world.tenant.acting_for(person.id, person.number), "summary", name=name)
    claimed = await claim_all(claimer_of(world, [JobKind("summary", world.note)]))
    assert [job.payload["name"] for job in claimed] == ["a", "b", "c"]


# ---- many pending jobs ---------------------------------------------------------------------------------


PARAMS: dict[str, Any] = {
    "after_tenant": -1, "most": 128, "of_tenant": 1, "of_kind": "greet", "of_priority": 0, "after_end_user": "",
    "of_end_user": "eu_x", "now_us": 2**50, "future_us": 2**51,
}  # fmt: skip
LOOKS: list[tuple[Query, dict[str, Any]]] = [
    (claim_queries.select_pending_groups, {}),
    (claim_queries.select_due_end_user, {}),
    *((claim_queries.select_due, {"whose": whose}) for whose in ("one", "none")),
    (claim_queries.select_of_future, {}),
]


@pytest.mark.parametrize(("query", "shape"), LOOKS, ids=lambda one: str(getattr(one, "name", one)))
async def test_a_look_for_due_jobs_searches_an_index_and_reads_no_row_of_the_table_twice(
    world: World, query: Query, shape: dict[str, Any]
) -> None:
    plan = await explain(world, query, shape)
    assert "jobs" in plan
    assert not re.search(r"SCAN jobs|Seq Scan on jobs|TEMP B-TREE|(?<!Incremental )\bSort\b(?! Key)", plan), plan


async def explain(world: World, query: Query, shape: dict[str, Any]) -> str:
    """Return the plan; on PostgreSQL without sequential scans, which it may prefer in small tables."""
    database = world.operator.database
    is_sqlite = database.compiler.dialect_name == "sqlite"
    compiled = database.compiler.compile(query, scoped=False, shape=shape, is_operator=True)
    told = replace(compiled, sql=("EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN ") + compiled.sql)
    async with database.reading(None) as connection:
        for setting in () if is_sqlite else ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
            await connection.fetch_all(Compiled(f"SET LOCAL {setting} = off", (), {}, is_long=False), ())
        rows = await connection.fetch_all(told, compiled.arguments(PARAMS))
    return "\n".join(str(row[-1]) for row in rows)
