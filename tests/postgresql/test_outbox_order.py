"""Events of transactions that overtake each other, which SQLite's never do; and jobs woken by another process."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from earmark.jobs import outbox, queue
from earmark.jobs.kinds import JobKind
from earmark.jobs.types import NewJob
from tests.jobs.conftest import world as world
from tests.jobs.test_outbox import emit, numbers
from tests.jobs.world import SHORT, World


async def test_a_slow_transaction_is_read_after_those_that_overtook_it_and_never_skipped(world: World) -> None:
    async with world.tenant.writing() as slow:
        await outbox.emit(slow, "recording.created", end_user_id=None, data={"number": 1})
        await emit(world.other, 2)
        seen = await outbox.read_after(world.operator, 0)
        assert numbers(seen) == [2]
    assert numbers(await outbox.read_after(world.operator, seen[-1].position or 0)) == [1]


async def test_a_job_is_started_by_the_signal_of_another_process(world: World) -> None:
    async with world.process(JobKind("greet", world.note), pauses=replace(SHORT, poll_signalled_s=600)) as worker:
        async with asyncio.timeout(60):
            while not worker.signals.is_shared:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)  # it has looked, and waits
        async with world.tenant.writing() as work:
            job_id = await queue.enqueue(work, NewJob("greet"))
        await world.until(job_id, "succeeded")  # long before the next look, in ten minutes
