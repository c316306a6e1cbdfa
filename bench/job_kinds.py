"""Three kinds of job whose every effect is an event, and a process that runs them until it is killed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from multiprocessing.synchronize import Event

from earmark.config import Settings
from earmark.jobs.claiming import new_process
from earmark.jobs.kinds import JobKind
from earmark.jobs.outbox import emit
from earmark.jobs.queue import enqueue
from earmark.jobs.running import RunningJob
from earmark.jobs.types import NewJob
from earmark.jobs.worker import Worker
from earmark.storage.open import open_database
from earmark.storage.tenant import Operator, Tenant

LEASE_S = 2.0
PIECES = 4
_LOSSES = 1_000  # the process is killed from outside: here that never speaks against the job


async def _effect(work: Tenant, running: RunningJob, piece: int) -> None:
    data = {"job": running.job.payload["name"], "piece": piece}
    await emit(work, "recording.updated", end_user_id=None, data=data)


async def _single(running: RunningJob) -> None:
    """One effect, together with the outcome."""
    await asyncio.sleep(0.01)
    async with running.finishing() as work:
        await _effect(work, running, 0)


async def _in_pieces(running: RunningJob) -> None:
    """Long work whose results are stored piece by piece: a later run goes on where the progress says."""
    done = round(running.job.progress * PIECES)
    for piece in range(done, PIECES):
        await asyncio.sleep(0.02)
        async with running.writing() as work:
            await _effect(work, running, piece)
            await running.report_in(work, (piece + 1) / PIECES)


async def _chained(running: RunningJob) -> None:
    """An effect and the next job, in one unit of work."""
    left, name = running.job.payload["left"], running.job.payload["name"]
    async with running.finishing() as work:
        await _effect(work, running, left)
        if left:
            await enqueue(work, NewJob("chained", payload={"name": name, "left": left - 1}))


KINDS: Sequence[JobKind] = (
    JobKind("single", _single, max_losses=_LOSSES),
    JobKind("in pieces", _in_pieces, max_losses=_LOSSES),
    JobKind("chained", _chained, max_losses=_LOSSES),
)


def effects_of(kind: str) -> int:
    """Return how many effects one job of this kind has, those of its chain included."""
    return {"single": 1, "in pieces": PIECES, "chained": 3}[kind]


def run_until_killed(settings: Settings, is_up: Event) -> None:
    """Run jobs as a server process does; `is_up` is set once the worker starts."""
    asyncio.run(_run(settings, is_up))


async def _run(settings: Settings, is_up: Event) -> None:
    database = await open_database(settings)
    worker = Worker(Operator(database), KINDS, new_process("bench", LEASE_S, 1))
    is_up.set()
    await asyncio.gather(worker.run(), worker.renew_leases(), database.listen())
