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
    start("job leases", runtime.worker.keep_leases)
    start("signals", runtime.database.listen)
    start("suggestions", lambda: runtime.suggester.follow(runtime.operator))
    start("last used", runtime.admission.last_used.keep_writing)
    start("rate limits", runtime.rates.keep_together)
    if runtime.metrics is not None:
        start("metrics", runtime.metrics.keep_writing)


async def stop_background(runtime: Runtime) -> None:
    """Stop them: jobs first, so that those under way may end."""
    await runtime.worker.stop(_GRACE_S)
    await runtime.supervisor.stop()
    with suppress(UnavailableError):  # the database may have gone first
        await runtime.admission.last_used.write()
