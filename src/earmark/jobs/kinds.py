"""How a room describes a kind of job: its name, its handler, and how often and where it runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from earmark.jobs.queue import cancel, enqueue_for_installation
from earmark.jobs.running import RunningJob
from earmark.jobs.types import CANCELLED, Job, NewJob
from earmark.storage.tenant import Operator, Tenant


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job, registered by the room whose work it is.

    Args:
        handle: does the work. Its effects go through `RunningJob.writing` or may be repeated without harm.
        max_attempts: after so many failures the job has failed.
        max_losses: after so many leases that ended without an outcome (a process that died) it has failed.
        is_heavy: it needs a processor for long; at most `heavy_slots` of these run on a host at once.
        most_on_host: at most so many of this kind run on a host at once. Where there are several projects, a tenant
            never has the last of several such slots, nor of the heavy ones.
        is_waiting: it waits for another server nearly all of its time: these have slots of their own, and many.
        every_s: periodic: one job of this kind is always waiting, once an installation.
        on_failure: called in the unit of work in which a tenant's job fails for good, or the operator cancels it, with
            the job and its error code (`CANCELLED`).
    """

    name: str
    handle: Callable[[RunningJob], Awaitable[None]]
    max_attempts: int = 5
    max_losses: int = 3
    is_heavy: bool = False
    most_on_host: int | None = None
    is_waiting: bool = False
    every_s: float | None = None
    on_failure: Callable[[Tenant, Job], Awaitable[None]] | None = None

    @property
    def unique_key(self) -> str:
        """The key of a periodic kind's one job."""
        return f"every:{self.name}"


def sweeping(name: str, sweep: Callable[[Operator], Awaitable[Any]], every_s: float) -> JobKind:
    """Return a periodic kind whose work is one function of the operator's handle."""

    async def handle(running: RunningJob) -> None:
        await sweep(running.operator)

    return JobKind(name, handle, every_s=every_s)


async def ensure_periodic(operator: Operator, kinds: list[JobKind]) -> None:
    """Add the waiting job of each periodic kind that has none: the first of an installation runs at once."""
    for kind in kinds:
        if kind.every_s is not None:
            await enqueue_for_installation(operator, NewJob(kind.name, unique_key=kind.unique_key))


async def cancel_as_operator(tenant: Tenant, job: Job, kind: JobKind | None) -> None:
    """Cancel a job, and let its room end what waits for it, in one unit of work.

    Raises: JobNotFoundError; JobEndedError.
    """
    async with tenant.writing() as work:
        await cancel(work, job.id)
        if kind is not None and kind.on_failure is not None:
            await kind.on_failure(work, job._replace(error_code=CANCELLED))
