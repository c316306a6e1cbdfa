"""PostgreSQL wakes the processes that run jobs: none has to look again to find one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from earmark.jobs import queue
from earmark.jobs.claiming import Claimer
from earmark.jobs.kinds import JobKind
from earmark.jobs.outcomes import Pauses
from earmark.jobs.running import RunningJob
from earmark.jobs.types import JOBS, Job, NewJob
from earmark.jobs.worker import Worker
from tests.jobs.world import open_world
from tests.server import Place

SELDOM = Pauses(poll_s=600, poll_signalled_s=600)
"""A process that looks again after ten minutes finds nothing in a test unless it is woken."""


class Looks:
    """Whether a worker is looking for jobs."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.under_way = 0
        claim = Claimer.claim

        async def counted(claimer: Claimer, *given: Any) -> list[Job]:
            self.under_way += 1
            try:
                return await claim(claimer, *given)
            finally:
                self.under_way -= 1

        patch.setattr(Claimer, "claim", counted)

    def is_idle(self, worker: Worker) -> bool:
        """Whether it only waits to be woken."""
        is_woken = any(waiter._event.is_set() for waiter in worker.signals._waiting.get(JOBS, ()))  # type: ignore[attr-defined]
        return worker.signals.is_shared and not (is_woken or self.under_way or worker._running)


async def test_a_job_that_another_process_adds_starts_without_a_further_look(
    fresh_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks(monkeypatch)
    async with open_world(fresh_place) as world, world.process(JobKind("greet", world.note), pauses=SELDOM) as worker:
        for _ in range(2):
            await world.until_so(lambda: looks.is_idle(worker))
            async with world.tenant.writing() as work:
                job_id = await queue.enqueue(work, NewJob("greet"))
            await world.until(job_id, "succeeded", most_s=30)


async def test_a_job_that_another_process_cancels_stops_without_a_further_look(fresh_place: Place) -> None:
    async def hang(running: RunningJob) -> None:
        await world.note(running)
        await asyncio.sleep(600)

    async with open_world(fresh_place) as world, world.process(JobKind("hang", hang), pauses=SELDOM) as worker:
        await world.until_so(lambda: worker.signals.is_shared)
        for number in range(3):
            async with world.tenant.writing() as work:
                job_id = await queue.enqueue(work, NewJob("hang"))
            await world.until_so(lambda number=number: len(world.ran) > number)  # type: ignore[misc]
            await queue.cancel(world.tenant, str(job_id))
            await world.until(job_id, "cancelled", most_s=8)  # the leases' own look comes after ten seconds
