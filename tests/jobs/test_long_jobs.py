"""Jobs that take long: how many of a kind a host runs, and what a stored step is worth."""

from __future__ import annotations

from earmark.jobs import queue
from earmark.jobs.claiming import Claimer, new_process
from earmark.jobs.kinds import JobKind
from earmark.jobs.running import RunningJob
from earmark.jobs.types import FailedJobError, Job, NewJob
from earmark.storage.tenant import Tenant
from tests.jobs.world import World


async def add(world: World, kind: str, tenant: Tenant | None = None) -> str | None:
    async with (tenant or world.tenant).writing() as work:
        return await queue.enqueue(work, NewJob(kind))


async def test_a_kind_may_have_fewer_slots_on_a_host_than_there_are_for_heavy_ones(world: World) -> None:
    kinds = [JobKind("engine", world.note, is_heavy=True, most_on_host=1), JobKind("heavy", world.note, is_heavy=True)]
    for kind in ("engine", "engine", "engine", "heavy", "heavy"):
        await add(world, kind, world.tenant if kind == "engine" else world.other)
    here = [Claimer(world.operator, kinds, new_process("here", 30, 2)) for _ in range(2)]
    found = [job.kind for one in here for _ in range(3) for job in await one.claim(1)]
    assert sorted(found) == ["engine", "heavy"]
    elsewhere = Claimer(world.operator, kinds, new_process("elsewhere", 30, 8))
    found = [job.kind for _ in range(4) for job in await elsewhere.claim(1)]
    assert sorted(found) == ["engine", "heavy"]


async def test_what_failed_before_a_stored_step_is_not_counted_any_more(world: World) -> None:
    steps: list[int] = []

    async def fail_after_each_step(running: RunningJob) -> None:
        steps.append(running.job.attempts)
        if len(steps) % 2 == 0:  # every other run gets somewhere
            async with running.writing() as work:
                await running.report_in(work, len(steps) / 10)
        if len(steps) < 6:
            raise FailedJobError("engine_crashed", "It crashed.")

    async with world.process(JobKind("stubborn", fail_after_each_step, max_attempts=3)):
        job = await world.until(await add(world, "stubborn"), "succeeded", "failed", most_s=90)
    assert (job.state, steps) == ("succeeded", [1, 2, 2, 3, 2, 3])


async def test_a_room_is_told_why_its_job_failed(world: World) -> None:
    told: list[str | None] = []

    async def crash(_: RunningJob) -> None:
        raise FailedJobError("engine_crashed", "It crashed.")

    async def tell(_: Tenant, job: Job) -> None:
        told.append(job.error_code)

    async with world.process(JobKind("broken", crash, max_attempts=1, on_failure=tell)):
        await world.until(await add(world, "broken"), "failed")
    assert told == ["engine_crashed"]
