"""The periodic job of sharing: links that have expired."""

from __future__ import annotations

from earmark.jobs.kinds import JobKind, sweeping
from earmark.sharing.links import sweep

_EVERY_S = 3_600.0


def kinds() -> list[JobKind]:
    """Return this room's kinds of job."""
    return [sweeping("sharing.prune", sweep, _EVERY_S)]
