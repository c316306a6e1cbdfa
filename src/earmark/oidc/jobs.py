"""The periodic job of sign-in: sessions that have ended."""

from __future__ import annotations

from earmark.identity.console_sessions import sweep
from earmark.jobs.kinds import JobKind, sweeping

_EVERY_S = 3_600.0


def kinds() -> list[JobKind]:
    """Return this room's kinds of job."""
    return [sweeping("console_sessions.prune", sweep, _EVERY_S)]
