"""The periodic job of idempotency: stored answers that are older than a day."""

from __future__ import annotations

from earmark.idempotency import requests
from earmark.jobs.kinds import JobKind, sweeping

_EVERY_S = 600.0


def kinds() -> list[JobKind]:
    """Return this room's kinds of job."""
    return [sweeping("requests.prune", requests.sweep, _EVERY_S)]
