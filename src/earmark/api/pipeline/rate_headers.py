"""The rate-limit headers of each authenticated answer: limit, remaining, reset."""

from __future__ import annotations

from functools import lru_cache

from earmark.api.pipeline.reply import Headers
from earmark.limits.rates import Allowance


def rate_headers(allowance: Allowance | None) -> Headers:
    """Return the headers of an authenticated answer; none where the limit is off or nobody was authenticated."""
    if allowance is None:
        return ()
    limit, remaining, reset_s, _ = allowance
    return (*_same_all_minute(limit, reset_s), (b"x-ratelimit-remaining", b"%d" % remaining))


@lru_cache(64)
def _same_all_minute(limit: int, reset_s: int) -> Headers:
    return (b"x-ratelimit-limit", b"%d" % limit), (b"x-ratelimit-reset", b"%d" % reset_s)
