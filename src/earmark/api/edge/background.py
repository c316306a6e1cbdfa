"""Background tasks of a server process: what is started beside requests, and stopped before the database closes."""

from __future__ import annotations

from contextlib import suppress

from earmark.errors import UnavailableError
from earmark.runtime import Runtime

_GRACE_S = 5.0
"""For jobs under way at shutdown; the rest goes back to the queue."""


def start_background(runtime: Runtime) -> None:
    """Start the supervised tasks of this process."""
    start = runtime.supervisor.start
    start("jobs", runtime.worker.run)
    start("job leases", runtime.worker.renew_leases)
    start("signals", runtime.database.listen)
    for room in runtime.rooms:
        for name, task in room.tasks.items():
            start(name, task)
    if runtime.metrics is not None:
        start("metrics", runtime.metrics.write_periodically)


async def stop_background(runtime: Runtime) -> None:
    """Stop them: jobs first, so that those under way may end."""
    await runtime.worker.stop(_GRACE_S)
    await runtime.supervisor.stop()
    for room in runtime.rooms:
        if room.at_end is not None:
            with suppress(UnavailableError):  # the database may have gone first
                await room.at_end()
