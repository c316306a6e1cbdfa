"""Jobs from the change that causes them to their outcome, in one process and in several."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from earmark.clock import now_us
from earmark.errors import InvalidError, UnavailableError
from earmark.jobs import queries, queue
from earmark.jobs.claiming import Claimer, new_process
from earmark.jobs.kinds import JobKind
from earmark.jobs.running import RunningJob
from earmark.jobs.types import (
    INSTALLATION,
    Job,
    JobCancelledError,
    JobEndedError,
    LeaseLostError,
    NewJob,
    PermanentJobError,
)
from earmark.storage.query import Query
from earmark.storage.tenant import Operator, Tenant
from tests.clock import Clock
from tests.jobs.world import World


async def add(tenant: Tenant, new: NewJob) -> str | None:
    async with tenant.writing() as work:
        return await queue.enqueue(work, new)


async def test_a_job_runs_once_its_cause_is_committed(world: World) -> None:
    async with world.process(JobKind("greet", world.note)):
        job_id = await add(world.tenant, NewJob("greet", payload={"name": "Ada"}))
        job = await world.until(job_id, "succeeded")
    assert world.ran == ["Ada"]
    assert (job.attempts, job.progress, job.tenant_id) == (1, 1.0, world.tenant.key.tenant_id)


async def test_a_job_of_a_change_that_was_rolled_back_does_not_exist(world: World) -> None:
    with pytest.raises(InvalidError):
        async with world.tenant.writing() as work:
            await queue.enqueue(work, NewJob("greet"))
            raise InvalidError("no")
    assert await queue.list_jobs(world.operator) == []


async def test_a_job_that_was_added_while_no_process_ran_is_run_by_the_next(world: World) -> None:
    job_id = await add(world.tenant, NewJob("greet"))
    async with world.process(JobKind("greet", world.note)):
        await world.until(job_id, "succeeded")


async def test_each_of_many_jobs_runs_once_in_three_processes(world: World) -> None:
    kind = JobKind("greet", world.note)
    ids = [await add(world.tenant, NewJob("greet", payload={"name": str(number)})) for number in range(60)]
    async with world.process(kind), world.process(kind), world.process(kind):
        for job_id in ids:
            await world.until(job_id, "succeeded")
    assert Counter(world.ran) == Counter(map(str, range(60)))


async def test_a_unique_key_admits_one_open_job_and_another_once_it_ended(world: World) -> None:
    new = NewJob("greet", unique_key="greet:ada")
    first = await add(world.tenant, new)
    assert await add(world.tenant, new) is None
    assert await add(world.other, new) is not None
    async with world.process(JobKind("greet", world.note)):
        await world.until(first, "succeeded")
    assert await add(world.tenant, new) is not None


async def test_a_failure_is_tried_again_and_counted(world: World) -> None:
    async def fail_once(running: RunningJob) -> None:
        await world.note(running)
        if len(world.ran) == 1:
            raise InvalidError("not yet")

    async with world.process(JobKind("shaky", fail_once)):
        job = await world.until(await add(world.tenant, NewJob("shaky")), "succeeded")
    assert (len(world.ran), job.attempts, job.error_code) == (2, 2, None)


async def test_a_job_that_fails_too_often_has_failed_with_a_public_code_and_its_room_is_told(world: World) -> None:
    told: list[str] = []

    async def crash(_: RunningJob) -> None:
        raise ZeroDivisionError

    async def tell(_: Tenant, job: Job) -> None:
        told.append(job.id)

    async with world.process(JobKind("broken", crash, max_attempts=2, on_failure=tell)):
        job = await world.until(await add(world.tenant, NewJob("broken")), "failed")
    assert (job.attempts, job.error_code, told) == (2, "internal_error", [job.id])


async def test_what_can_not_succeed_is_not_tried_again(world: World) -> None:
    async def refuse(running: RunningJob) -> None:
        await world.note(running)
        raise PermanentJobError("no_speech", "There is no speech in it.")

    async with world.process(JobKind("deaf", refuse)):
        job = await world.until(await add(world.tenant, NewJob("deaf")), "failed")
    assert (world.ran, job.error_code) == (["deaf"], "no_speech")


async def test_an_outage_does_not_use_up_the_attempts(world: World) -> None:
    async def wait_for_disk(running: RunningJob) -> None:
        await world.note(running)
        if len(world.ran) < 3:
            raise UnavailableError("The disk is full.")

    async with world.process(JobKind("writing", wait_for_disk, max_attempts=1)):
        await world.until(await add(world.tenant, NewJob("writing")), "succeeded")


async def test_a_failed_job_can_be_run_again(world: World) -> None:
    async def fail_once(running: RunningJob) -> None:
        await world.note(running)
        if len(world.ran) == 1:
            raise PermanentJobError("no", "No.")

    async with world.process(JobKind("shaky", fail_once)):
        job_id = await add(world.tenant, NewJob("shaky"))
        await world.until(job_id, "failed")
        await queue.retry(world.operator, str(job_id))
        await world.until(job_id, "succeeded")


async def test_a_waiting_job_is_cancelled_at_once_and_never_runs(world: World) -> None:
    job_id = await add(world.tenant, NewJob("greet"))
    await queue.cancel(world.tenant, str(job_id))
    assert (await world.job(job_id)).state == "cancelled"
    async with world.process(JobKind("greet", world.note)):
        await world.until(await add(world.tenant, NewJob("greet", payload={"name": "next"})), "succeeded")
    assert world.ran == ["next"]
    with pytest.raises(JobEndedError):
        await queue.cancel(world.tenant, str(job_id))


async def test_a_running_job_notices_that_it_was_cancelled(world: World) -> None:
    async def sleep(running: RunningJob) -> None:
        await world.note(running)
        await asyncio.sleep(60)

    async with world.process(JobKind("long", sleep)):
        job_id = await add(world.tenant, NewJob("long"))
        await world.until_so(lambda: bool(world.ran))
        await queue.cancel(world.tenant, str(job_id))
        await world.until(job_id, "cancelled", most_s=60)


async def test_nobody_cancels_the_job_of_another_tenant(world: World) -> None:
    job_id = await add(world.tenant, NewJob("greet"))
    with pytest.raises(Exception, match="no job"):
        await queue.cancel(world.other, str(job_id))
    assert (await world.job(job_id)).state == "pending"


async def claimed(world: World, lease_s: float) -> RunningJob:
    """A job that a process claimed and then did nothing about."""
    claimer = Claimer(world.operator, [JobKind("greet", world.note)], new_process("elsewhere", lease_s, 1))
    [job] = await claimer.claim(1)
    return RunningJob(job, world.operator)


async def test_a_job_of_a_process_that_died_runs_again_when_its_lease_is_over(world: World) -> None:
    job_id = await add(world.tenant, NewJob("greet"))
    await claimed(world, lease_s=0.1)
    async with world.process(JobKind("greet", world.note), lease_s=0.6):
        job = await world.until(job_id, "succeeded")
    assert (world.ran, job.attempts, job.losses) == (["greet"], 2, 1)


async def test_jobs_from_before_the_clock_stepped_back_do_not_wait_until_it_is_there_again(
    world: World, clock: Clock
) -> None:
    clock.shift_s = 3_600
    waits, runs = [await add(world.tenant, NewJob("greet")) for _ in range(2)]
    died = Claimer(world.operator, [JobKind("greet", world.note)], new_process("other host", 30, 1))
    async with world.operator.writing() as work:
        assert await died.claim_one(work, world.tenant.key.tenant_id, str(runs)) is not None
    clock.shift_s = 0
    async with world.process(JobKind("greet", world.note)):
        for job_id in (waits, runs):
            await world.until(job_id, "succeeded")


async def test_a_process_that_was_paused_beyond_its_lease_has_no_effect_any_more(world: World) -> None:
    job_id = await add(world.tenant, NewJob("greet"))
    paused = await claimed(world, lease_s=0.1)
    async with world.process(JobKind("greet", world.note), lease_s=0.6):
        await world.until(job_id, "succeeded")
    with pytest.raises(LeaseLostError):
        async with paused.writing() as work:
            await queue.enqueue(work, NewJob("greet", payload={"name": "a second effect"}))
    with pytest.raises(LeaseLostError):
        async with paused.finishing():
            pass
    assert not await paused.end("succeeded")
    assert (await world.job(job_id)).attempts == 2
    assert len(await queue.list_jobs(world.operator)) == 1


async def test_the_last_effect_and_the_success_are_one_unit_of_work(world: World) -> None:
    await add(world.tenant, NewJob("greet"))
    running = await claimed(world, lease_s=30)
    with pytest.raises(ZeroDivisionError):
        async with running.finishing() as work:
            await queue.enqueue(work, NewJob("greet", payload={"name": "an effect"}))
            raise ZeroDivisionError
    assert [job.state for job in await queue.list_jobs(world.operator)] == ["running"]
    async with running.finishing() as work:
        await queue.enqueue(work, NewJob("next"))
    assert {job.kind: job.state for job in await queue.list_jobs(world.operator)} == {
        "greet": "succeeded",
        "next": "pending",
    }


async def test_effects_of_a_cancelled_job_are_refused(world: World) -> None:
    job_id = await add(world.tenant, NewJob("greet"))
    running = await claimed(world, lease_s=30)
    await queue.cancel(world.tenant, str(job_id))
    with pytest.raises(JobCancelledError):
        await running.check()
    with pytest.raises(JobCancelledError):
        async with running.finishing():
            pass


async def test_a_job_whose_processes_die_too_often_fails_instead_of_looping(world: World) -> None:
    job_id = await add(world.tenant, NewJob("greet"))
    for _ in range(3):
        await claimed(world, lease_s=-1)
        spent = await Claimer(world.operator, [JobKind("greet", world.note)], new_process("host", 30, 1)).find_lost()
    assert [job.id for job in spent] == [job_id]
    async with world.process(JobKind("greet", world.note), lease_s=0.3):
        job = await world.until(job_id, "failed")
    assert (job.error_code, world.ran) == ("lease_lost", [])


async def test_a_tenant_with_many_jobs_does_not_hold_up_the_first_of_another(world: World) -> None:
    for number in range(30):
        await add(world.tenant, NewJob("greet", payload={"name": f"many {number}"}))
    await add(world.other, NewJob("greet", payload={"name": "single"}))
    claimer = Claimer(world.operator, [JobKind("greet", world.note)], new_process("host", 30, 1))
    first = [job for _ in range(2) for job in await claimer.claim(1)]
    assert {job.tenant_id for job in first} == {world.tenant.key.tenant_id, world.other.key.tenant_id}


async def test_a_lower_priority_number_runs_first_then_the_oldest(world: World) -> None:
    for name, priority in (("a", 1), ("b", 1), ("c", 0)):
        await add(world.tenant, NewJob("greet", payload={"name": name}, priority=priority))
    claimer = Claimer(world.operator, [JobKind("greet", world.note)], new_process("host", 30, 1))
    assert [job.payload["name"] for _ in range(3) for job in await claimer.claim(1)] == ["c", "a", "b"]


async def test_heavy_jobs_share_the_slots_of_their_host_and_others_pass_them(world: World) -> None:
    kinds = [JobKind("heavy", world.note, is_heavy=True), JobKind("light", world.note)]
    for kind in ("heavy", "heavy", "light", "light"):
        await add(world.tenant, NewJob(kind))
    here = [Claimer(world.operator, kinds, new_process("here", 30, 1)) for _ in range(2)]
    found = [job.kind for one in here for _ in range(2) for job in await one.claim(1)]
    assert sorted(found) == ["heavy", "light", "light"]
    elsewhere = Claimer(world.operator, kinds, new_process("elsewhere", 30, 1))
    assert [job.kind for job in await elsewhere.claim(1)] == ["heavy"]


async def test_a_job_is_not_run_before_its_time(world: World) -> None:
    job_id = await add(world.tenant, NewJob("greet", delay_s=0.5))
    added_us = now_us()
    async with world.process(JobKind("greet", world.note)):
        job = await world.until(job_id, "succeeded")
    assert job.started_us is not None
    assert job.started_us - added_us >= 400_000


async def test_a_periodic_kind_runs_once_an_installation_and_again_after_its_time(world: World) -> None:
    kind = JobKind("sweep", world.note, every_s=0.4)
    async with world.process(kind), world.process(kind), world.process(kind):
        await world.until_so(lambda: len(world.ran) >= 3)
        jobs = await queue.list_jobs(world.operator)
    assert sum(job.state in ("pending", "running") for job in jobs) <= 1
    starts = sorted(job.started_us for job in jobs if job.started_us)
    assert all(later - earlier > 300_000 for earlier, later in zip(starts, starts[1:]))
    assert {job.tenant_id for job in jobs} == {INSTALLATION}


async def test_progress_is_seen_while_a_job_runs(world: World) -> None:
    go_on = asyncio.Event()

    async def work(running: RunningJob) -> None:
        await running.report(0.25)
        await go_on.wait()

    async with world.process(JobKind("long", work)):
        job_id = await add(world.tenant, NewJob("long"))
        async with asyncio.timeout(60):
            while (await world.job(job_id)).progress != 0.25:
                await asyncio.sleep(0.01)
        go_on.set()
        assert (await world.until(job_id, "succeeded")).progress == 1.0


async def test_a_process_that_goes_down_returns_its_jobs_without_counting_the_attempt(world: World) -> None:
    async def sleep(running: RunningJob) -> None:
        await world.note(running)
        await asyncio.sleep(60)

    async with world.process(JobKind("long", sleep)) as worker:
        job_id = await add(world.tenant, NewJob("long"))
        await world.until_so(lambda: bool(world.ran))
        await worker.stop(0.01)
    job = await world.job(job_id)
    assert (job.state, job.attempts) == ("pending", 0)


async def test_the_jobs_of_a_deleted_subject_are_gone_and_their_runs_have_no_effect(world: World) -> None:
    job_id = await add(world.tenant, NewJob("greet", subject_id="rec_1"))
    running = await claimed(world, lease_s=30)
    async with world.tenant.writing() as work:
        await queue.delete_about(work, "rec_1")
    assert await queue.list_jobs(world.operator) == []
    assert job_id is not None
    with pytest.raises(LeaseLostError):
        async with running.finishing():
            pass


async def test_old_outcomes_are_pruned_and_failures_stay_longer(world: World) -> None:
    ids = [await add(world.tenant, NewJob("greet")) for _ in range(2)]
    for job_id, state in zip(ids, ("succeeded", "failed")):
        running = await claimed(world, lease_s=30)
        assert await running.end(state, None), job_id
    old = now_us() - 2 * 24 * 3_600_000_000
    await world.operator.write((queries.delete_ended_before, {"before_us": old}))
    assert len(await queue.list_jobs(world.operator)) == 2
    await world.operator.write((queries.delete_ended_before, {"before_us": now_us() + 1}))
    assert [job.state for job in await queue.list_jobs(world.operator)] == ["failed"]
    await queue.prune(world.operator)
    assert len(await queue.list_jobs(world.operator)) == 1


async def test_a_job_claimed_while_another_look_at_the_leases_is_under_way_is_not_interrupted(world: World) -> None:
    go_on = asyncio.Event()

    async def work(running: RunningJob) -> None:
        await world.note(running)
        await go_on.wait()

    async with world.process(JobKind("long", work)) as worker:
        first = await add(world.tenant, NewJob("long"))
        await world.until_so(lambda: len(world.ran) == 1)
        later: list[str | None] = []
        fetch_all = Operator.fetch_all

        async def look_slowly(self: Operator, query: Query, *given: Any, **shape: Any) -> Any:
            rows = await fetch_all(self, query, *given, **shape)
            if query is queries.select_held and not later:
                later.append(None)
                later[0] = await add(world.tenant, NewJob("long"))
                await world.until_so(lambda: len(world.ran) == 2)
            return rows

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Operator, "fetch_all", look_slowly)
            await worker._stop_cancelled()
        go_on.set()
        for job_id in (first, *later):
            assert (await world.until(job_id, "succeeded", "cancelled", "failed")).state == "succeeded"
    assert len(later) == 1
