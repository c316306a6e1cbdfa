"""The periodic job of OAuth: what nobody uses any more."""

from __future__ import annotations

from earmark.jobs.kinds import JobKind, sweeping
from earmark.oauth import clients, grants
from earmark.storage.tenant import Operator

_EVERY_S = 3_600.0


def kinds() -> list[JobKind]:
    """Return this room's kinds of job."""
    return [sweeping("oauth.prune", sweep, _EVERY_S)]


async def sweep(operator: Operator) -> None:
    """Delete clients, credentials and grants that ended or were never used."""
    await clients.sweep(operator)
    await grants.sweep(operator)
