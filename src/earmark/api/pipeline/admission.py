"""Admits requests: authentication, rate limits, authorisation, in this order, before the body is read."""

from __future__ import annotations

import time
from collections.abc import Sequence

from earmark.api.pipeline.call import Call
from earmark.errors import ForbiddenError
from earmark.identity.keys import authenticate
from earmark.limits.rates import Allowance, RateLimiter, RateLimitError
from earmark.storage.tenant import Tenant


class ScopeMissingError(ForbiddenError):
    """A restricted key lacks a scope."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"This key needs the scope {scope}.", details={"scope": scope})


class NotForEndUsersError(ForbiddenError):
    """The operation refuses end-user-scoped credentials, whatever their scopes."""

    def __init__(self) -> None:
        super().__init__("An end user's credential can't do this; use a project-wide key.")


async def admit(call: Call, scope: str, limits: Sequence[str], also: Sequence[str], *, is_project_wide: bool) -> None:
    """Authenticate the caller, count the request, check its scopes.

    Raises: UnauthorizedError, RateLimitError, ScopeMissingError, NotForEndUsersError.
    """
    await recognise(call)
    call.runtime.last_used.note(call.caller)
    for name in limits:
        used_up = _count(call, name)
        if used_up is not None:
            await _lease_or_refuse(call, name, used_up)
    require_scope(call, scope)
    if is_project_wide and call.acting_for is not None:
        raise NotForEndUsersError
    for other in also:
        require_scope(call, other)


async def recognise(call: Call) -> None:
    """Authenticate the request and set its caller, tenant and end user.

    Raises: UnauthorizedError.
    """
    call.caller = await authenticate(call.runtime.database, call.authorization)
    call.tenant = Tenant(call.runtime.database, call.caller.tenant)
    call.acting_for = call.caller.end_user_id


def require_scope(call: Call, scope: str) -> None:
    """Check that the caller has a scope.

    Raises: ScopeMissingError.
    """
    if not call.caller.may(scope):
        raise ScopeMissingError(scope)


def _count(call: Call, name: str) -> RateLimiter | None:
    """Count the request against a limit; return the limit if this host's share is used up.

    The response's rate headers describe the limit with the fewest requests left.
    """
    limiter = call.runtime.rates.by_name.get(name)
    if limiter is None:
        return None
    allowance = limiter.count(call.caller.tenant.tenant_id)
    if allowance.is_exceeded:
        return limiter
    if call.allowance is None or allowance.remaining <= call.allowance.remaining:
        call.allowance = allowance
    return None


async def _lease_or_refuse(call: Call, name: str, limiter: RateLimiter) -> None:
    """Lease more of the limit from the database and count again; hosts share it.

    Raises: RateLimitError if nothing is left to lease.
    """
    while await limiter.lease(call.tenant):
        if _count(call, name) is None:
            return
    call.allowance = limiter.count(call.caller.tenant.tenant_id)
    refuse_if_exceeded(call.allowance)


def refuse_if_exceeded(allowance: Allowance) -> None:
    """Raise RateLimitError if the allowance is exceeded."""
    if allowance.is_exceeded:
        raise RateLimitError(max(1, allowance.reset_s - int(time.time())))
