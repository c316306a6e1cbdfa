"""Jobs and their leases under a wall clock that jumps both ways; and how a process notices that it does."""

from __future__ import annotations

import asyncio
import time

import pytest

from earmark.clock_jumps import ClockJumps, is_lease_alive, jumps
from earmark.jobs import queue
from earmark.jobs.claiming import Claimer, new_process
from earmark.jobs.kinds import JobKind
from earmark.jobs.running import RunningJob
from earmark.jobs.types import NewJob
from tests.clock import Clock
from tests.jobs.world import World

HOUR_S = 3_600


async def add(world: World) -> str:
    async with world.tenant.writing() as work:
        return str(await queue.enqueue(work, NewJob("long")))


@pytest.mark.parametrize("shifts_s", [(HOUR_S, 0), (-HOUR_S, 0), (HOUR_S, -HOUR_S)])
async def test_a_job_of_a_living_process_is_not_lost_when_the_clock_jumps(
    world: World, clock: Clock, shifts_s: tuple[int, ...]
) -> None:
    goes_on = asyncio.Event()

    async def handle(running: RunningJob) -> None:
        await world.note(running)
        await goes_on.wait()

    kind = JobKind("long", handle)
    async with world.process(kind), world.process(kind) as other:
        job_id = await add(world)
        await world.until_so(lambda: bool(world.ran))
        for shift_s in shifts_s:
            clock.shift_s = shift_s
            for _ in range(5):  # before its holder can have renewed it, and after
                await other.recover()
                await asyncio.sleep(0.1)
        goes_on.set()
        job = await world.until(job_id, "succeeded")
    assert (world.ran, job.attempts, job.losses) == (["long"], 1, 0)


async def test_a_process_that_notices_a_jump_renews_its_jobs_at_once(
    world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earmark.jobs.claiming.SETTLES_S", 0)  # whoever looks calls a lease over that looks so
    goes_on = asyncio.Event()

    async def handle(running: RunningJob) -> None:
        await world.note(running)
        await goes_on.wait()

    async with world.process(JobKind("long", handle), lease_s=60) as worker:
        job_id = await add(world)
        await world.until_so(lambda: bool(world.ran))
        for shift_s in (HOUR_S, -HOUR_S):
            clock.shift_s = shift_s
            await asyncio.sleep(0.5)  # some looks; a lease of a minute is else renewed every twenty seconds
            await worker.recover()
        goes_on.set()
        assert (await world.until(job_id, "succeeded")).losses == 0


@pytest.mark.parametrize("shift_s", [HOUR_S, -HOUR_S])
async def test_a_job_of_a_process_that_died_runs_again_once_living_ones_would_have_renewed(
    world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch, shift_s: int
) -> None:
    monkeypatch.setattr("earmark.jobs.claiming.SETTLES_S", 0.3)
    kind = JobKind("long", world.note)
    job_id = await add(world)
    assert await Claimer(world.operator, [kind], new_process("elsewhere", 30, 1)).claim(1)
    clock.shift_s = shift_s
    async with world.process(kind, lease_s=0.6):
        job = await world.until(job_id, "succeeded")
    assert (world.ran, job.attempts, job.losses) == (["long"], 2, 1)


# ---- noticing --------------------------------------------------------------------------------------


def test_a_jump_either_way_is_noticed_once_and_small_corrections_when_they_add_up(clock: Clock) -> None:
    watched = ClockJumps()
    assert (watched.look(), watched.quiet_s()) == (0, float("inf"))
    for number, shift_s in enumerate((HOUR_S, -HOUR_S, -HOUR_S + 2), start=1):
        clock.shift_s = shift_s
        assert [watched.look() for _ in range(3)] == [number] * 3
    for number in (3, 4, 4):
        clock.shift_s += 0.6
        assert watched.look() == number


def test_leases_are_judged_by_the_wall_clock_unless_it_has_just_jumped(clock: Clock) -> None:
    lease_us = 20_000_000
    judged = (1, lease_us, -1, 3 * lease_us)
    assert [is_lease_alive(left_us, lease_us) for left_us in judged] == [True, True, False, False]
    clock.shift_s = HOUR_S
    assert [is_lease_alive(left_us, lease_us) for left_us in judged] == [True] * 4
    with pytest.MonkeyPatch.context() as patch:
        later_s = time.monotonic() + 60
        patch.setattr(time, "monotonic", lambda: later_s)
        assert jumps.quiet_s() > 50
        assert [is_lease_alive(left_us, lease_us) for left_us in judged] == [True, True, False, False]
