"""Admits requests: authentication, rate limits, authorisation, in this order, before the body is read."""

from __future__ import annotations

from collections.abc import Sequence

from earmark.api.pipeline.call import Call
from earmark.identity.access import require_project_wide, require_scope
from earmark.limits.rates import RateLimitError


async def admit(call: Call, scope: str, limits: Sequence[str], also: Sequence[str], *, is_project_wide: bool) -> None:
    """Authenticate the caller, count the request, check its scopes.

    Raises: UnauthorizedError, RateLimitError, ScopeMissingError, NotForEndUsersError.
    """
    await recognise(call)
    try:
        call.allowance = await call.runtime.admission.count(call.caller, call.tenant, limits)
    except RateLimitError as error:
        call.allowance = error.allowance
        raise
    require_scope(call.caller, scope)
    if is_project_wide:
        require_project_wide(call.caller)
    for other in also:
        require_scope(call.caller, other)


async def recognise(call: Call) -> None:
    """Authenticate the request and set its caller, tenant and end user.

    Raises: UnauthorizedError.
    """
    call.caller, call.tenant = await call.runtime.admission.recognise(call.authorization)
    call.acting_for = call.caller.end_user_id
