"""Admits requests: authentication, rate limits, authorisation, in this order, before the body is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from earmark.api.pipeline.call import Call
from earmark.errors import UnauthorizedError
from earmark.identity.access import require_persons_key, require_project_wide, require_scope, require_unrestricted
from earmark.imports import receiving as imports
from earmark.jobs.queue import count_open
from earmark.limits.rates import RateLimitError
from earmark.limits.shares import TooManyJobsError
from earmark.retrieval.index.ingest import INDEX
from earmark.speech.transcribing import KINDS
from earmark.summaries import summaries

MCP_PATH = "/mcp"
JOBS: Final = "jobs"
"""The limit of what starts a job: how many are open, not how many are started a minute."""
_STARTED: Final = (*KINDS.values(), summaries.RUN, imports.RUN, INDEX)


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

    Raises: UnauthorizedError, RateLimitError, TooManyJobsError, ScopeMissingError, NotForEndUsersError,
        NotPersonsKeyError, NotUnrestrictedError.
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
    if JOBS in limits:
        await check_open_jobs(call)


async def count_further(call: Call, limits: Sequence[str]) -> None:
    """Count an admitted request against further limits; its headers show the one with the fewest requests left.

    Raises: RateLimitError, TooManyJobsError.
    """
    try:
        allowance = await call.runtime.admission.count(call.caller, call.tenant, limits)
    except RateLimitError as error:
        call.allowance = error.allowance
        raise
    if call.allowance is None or (allowance is not None and allowance.remaining < call.allowance.remaining):
        call.allowance = allowance
    if JOBS in limits:
        await check_open_jobs(call)


async def check_open_jobs(call: Call) -> None:
    """Raise TooManyJobsError if as many jobs that requests start are open as one project's data may have.

    Requests at the same moment may each find the last place: the bound is not exact, and needs no lock.
    """
    most = call.runtime.settings.open_jobs
    if most and await count_open(call.tenant, _STARTED, most=most) >= most:
        raise TooManyJobsError(most)


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
