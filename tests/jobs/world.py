"""Processes that share one database, each with its own connections, and what their jobs did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

from earmark.identity.projects import create_project, get_tenant
from earmark.jobs.claiming import new_process
from earmark.jobs.kinds import JobKind
from earmark.jobs.outcomes import Pauses
from earmark.jobs.queue import get_job
from earmark.jobs.running import RunningJob
from earmark.jobs.types import Job
from earmark.jobs.worker import Worker
from earmark.storage.open import open_database
from earmark.storage.tenant import Operator, Tenant
from tests.server import Place

SHORT = Pauses(poll_s=0.1, first_s=0.05)
"""Workers look for jobs of other processes, and try again, sooner than in a real installation."""
Handler = Callable[[RunningJob], Awaitable[None]]


@dataclass
class World:
    """One installation as a test sees it."""

    place: Place
    operator: Operator
    tenant: Tenant
    other: Tenant
    ran: list[str] = field(default_factory=list)

    async def job(self, job_id: str | None) -> Job:
        assert job_id is not None
        return await get_job(self.operator, job_id)

    async def until(self, job_id: str | None, *states: str, most_s: float = 60) -> Job:
        """Wait for a state of a job."""
        async with asyncio.timeout(most_s):
            while (job := await self.job(job_id)).state not in states:
                await asyncio.sleep(0.01)
        return job

    async def until_so(self, is_so: Callable[[], bool], *, most_s: float = 60) -> None:
        async with asyncio.timeout(most_s):
            while not is_so():
                await asyncio.sleep(0.01)

    async def note(self, running: RunningJob) -> None:
        """A handler that notes which job ran."""
        self.ran.append(str(running.job.payload.get("name", running.job.kind)))

    @asynccontextmanager
    async def process(
        self, *kinds: JobKind, lease_s: float = 30, heavy_slots: int = 1, host: str = "host", pauses: Pauses = SHORT
    ) -> AsyncIterator[Worker]:
        """A server process with a worker, until the block ends."""
        async with AsyncExitStack() as stack:
            database = await open_database(self.place.settings)
            stack.push_async_callback(database.close)
            worker = Worker(Operator(database), kinds, new_process(host, lease_s, heavy_slots), pauses=pauses)
            loops = [worker.run(), worker.renew_leases(), database.listen()]
            tasks = [asyncio.create_task(one) for one in loops]
            try:
                yield worker
                await worker.stop(5)
            finally:
                for task in tasks:
                    task.cancel()
                with suppress(asyncio.CancelledError):
                    await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def open_world(place: Place) -> AsyncIterator[World]:
    database = await open_database(place.settings)
    try:
        operator = Operator(database)
        first, second = await create_project(operator, "one"), await create_project(operator, "two")
        yield World(
            place,
            operator,
            await get_tenant(operator, first.id, "live"),
            await get_tenant(operator, second.id, "live"),
        )
    finally:
        await database.close()
