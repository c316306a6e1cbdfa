"""The periodic jobs of identity: stored answers and rate limits that are over."""

from __future__ import annotations

from earmark.identity import idempotency
from earmark.identity.rates import RateLimits
from earmark.jobs.types import JobKind, sweeping

_EVERY_S = 600.0


def kinds(rates: RateLimits) -> list[JobKind]:
    """Return this room's kinds of job."""
    return [
        sweeping("requests.prune", idempotency.sweep, _EVERY_S),
        sweeping("rate_limits.prune", rates.sweep, _EVERY_S),
    ]
