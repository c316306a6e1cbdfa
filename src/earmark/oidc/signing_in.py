"""Signs in whom a provider's claims stand for: a session of a project, or of one end user."""

from __future__ import annotations

from earmark.identity.console_sessions import create_console_session
from earmark.identity.errors import ProjectNotFoundError
from earmark.identity.projects import get_tenant
from earmark.identity.types import NewKey
from earmark.library.end_users import create_end_user, find_end_user, lock_end_user
from earmark.library.errors import ExternalIdTakenError
from earmark.library.types import EndUser
from earmark.oidc.errors import SignInFailedError
from earmark.oidc.mapping import match_rules
from earmark.oidc.providers import Provider
from earmark.oidc.types import Claims, Match
from earmark.storage.tenant import Operator, Tenant

_LONGEST_WHO = 120


async def sign_in_by(operator: Operator, provider: Provider, claims: Claims, device: str) -> NewKey:
    """Create a session for whom the provider's rules name.

    Raises: SignInFailedError if they name nobody, or somebody that isn't there and may not be created.
    """
    match = match_rules(provider.settings.rules, claims)
    if match is None:
        raise SignInFailedError("not_allowed", "no rule matches")
    try:
        tenant = await get_tenant(operator, match.project_id, match.mode)
    except ProjectNotFoundError as error:
        raise SignInFailedError("not_allowed", "the rule names a project that does not exist") from error
    who = (match.email or match.name or match.external_id or "")[:_LONGEST_WHO]
    label = " · ".join(part for part in (device, who, provider.label) if part)
    by = f"oidc:{provider.name}"
    if match.external_id is None:
        return await create_console_session(tenant, label=label, actor=by)
    user = await _find_person(tenant, match, match.external_id)
    async with tenant.writing() as work:
        number = await lock_end_user(work, user.id)
        if number is None:
            raise SignInFailedError("not_allowed", "the end user was erased meanwhile")
        return await create_console_session(work, end_user=(user.id, number), label=label, actor=by)


async def _find_person(tenant: Tenant, match: Match, external_id: str) -> EndUser:
    user = await find_end_user(tenant, external_id)
    if user is None and match.may_create:
        try:
            return await create_end_user(tenant, external_id=external_id, email=match.email, name=match.name)
        except ExternalIdTakenError:  # signed in twice at once
            user = await find_end_user(tenant, external_id)
    if user is None:
        raise SignInFailedError("not_allowed", "the rule names an end user that does not exist")
    return user
