"""Jobs of this room and of storage: old jobs and events, and the database's log of what was deleted."""

from __future__ import annotations

from earmark.jobs import outbox, queue
from earmark.jobs.kinds import JobKind, sweeping
from earmark.jobs.running import RunningJob
from earmark.jobs.types import NewJob
from earmark.storage.tenant import Tenant

_EVERY_S = 3_600.0
_TRUNCATE = "storage.truncate_log"
_TRUNCATE_AFTER_S = 60.0
"""Long after the prompt try, so that deletes share one job; it is for processes that died before that."""


async def enqueue_log_truncation(work: Tenant, *, at_once: bool) -> None:
    """Truncate SQLite's log once this unit of work is committed: it still holds the pages that were deleted.

    Args:
        at_once: before the caller gets its answer, if no reader needs the log; else soon.
    """
    database = work.database
    if database.compiler.dialect_name != "sqlite":
        return
    new = NewJob(_TRUNCATE, unique_key=_TRUNCATE, delay_s=_TRUNCATE_AFTER_S)
    await queue.enqueue(work.whole_tenant(), new, promptly=lambda: database.truncate_log(at_once=at_once))


def kinds() -> list[JobKind]:
    """Return the kinds of job of this room and of storage."""

    async def truncate(running: RunningJob) -> None:
        await running.operator.database.truncate_log(at_once=True)

    return [
        JobKind(_TRUNCATE, truncate),
        sweeping("jobs.prune", queue.prune, _EVERY_S),
        sweeping("events.prune", outbox.prune, _EVERY_S),
    ]
