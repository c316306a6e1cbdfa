"""Admits requests: authentication, rate limits, authorisation, in this order, before the body is read."""

from __future__ import annotations

from collections.abc import Sequence

from earmark.api.pipeline.call import Call
from earmark.errors import UnauthorizedError
from earmark.identity.access import require_persons_key, require_project_wide, require_scope, require_unrestricted
from earmark.limits.rates import RateLimitError

MCP_PATH = "/mcp"


async def admit(
    call: Call,
    scope: str,
    limits: Sequence[str],
    also: Sequence[str],
    *,
    is_project_wide: bool,
    is_persons: bool,
    is_unrestricted: bool,
) -> None:
    """Authenticate the caller, count the request, check its scopes; `scope` may be empty.

    Raises: UnauthorizedError, RateLimitError, ScopeMissingError, NotForEndUsersError, NotPersonsKeyError,
        NotUnrestrictedError.
    """
    await recognise(call)
    try:
        call.allowance = await call.runtime.admission.count(call.caller, call.tenant, limits)
    except RateLimitError as error:
        call.allowance = error.allowance
        raise
    if is_project_wide:
        require_project_wide(call.caller, scope)
    if scope:
        require_scope(call.caller, scope)
    if is_persons:
        require_persons_key(call.caller)
    if is_unrestricted:
        require_unrestricted(call.caller)
    for other in also:
        require_scope(call.caller, other)


async def count_further(call: Call, limits: Sequence[str]) -> None:
    """Count an admitted request against further limits; its headers show the one with the fewest requests left.

    Raises: RateLimitError.
    """
    try:
        allowance = await call.runtime.admission.count(call.caller, call.tenant, limits)
    except RateLimitError as error:
        call.allowance = error.allowance
        raise
    if call.allowance is None or (allowance is not None and allowance.remaining < call.allowance.remaining):
        call.allowance = allowance


async def recognise(call: Call) -> None:
    """Authenticate the request and set its caller, tenant and end user.

    At `/mcp` OAuth access tokens are valid too, and a refusal says where clients learn how to get one (RFC 9728).

    Raises: UnauthorizedError.
    """
    is_mcp = call.path == MCP_PATH
    try:
        call.caller, call.tenant = await call.runtime.admission.recognise(call.authorization, takes_oauth=is_mcp)
    except UnauthorizedError as error:
        if is_mcp:
            error.challenge = f'Bearer resource_metadata="{call.base_url}/.well-known/oauth-protected-resource/mcp"'
        raise
    call.acting_for = call.caller.end_user_id
