"""The periodic job of limits: leases of minutes that are over."""

from __future__ import annotations

from earmark.jobs.kinds import JobKind, sweeping
from earmark.limits.rates import RateLimits

_EVERY_S = 600.0


def kinds(rates: RateLimits) -> list[JobKind]:
    """Return this room's kinds of job."""
    return [sweeping("rate_limits.prune", rates.sweep, _EVERY_S)]
