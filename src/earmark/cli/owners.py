"""Finds the end user that a command is about."""

from __future__ import annotations

from earmark.cli.defaults import refuse_gone_person
from earmark.cli.output import find_tenant
from earmark.library.end_users import find_end_user_named
from earmark.library.errors import EndUserNotFoundError
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant


async def named_owner(runtime: Runtime, project: str, mode: str, end_user: str) -> Tenant:
    """Return the handle of the end user that a command's options name.

    Raises: ProjectNotFoundError; EndUserNotFoundError; DefaultGoneError.
    """
    return await find_owner(await find_tenant(runtime, project, mode), end_user)


async def find_owner(tenant: Tenant, end_user: str) -> Tenant:
    """Return the handle of the end user with this id, else external id.

    Raises: EndUserNotFoundError; DefaultGoneError.
    """
    user = await find_end_user_named(tenant, end_user)
    if user is None:
        refuse_gone_person(end_user)
        raise EndUserNotFoundError
    return tenant.acting_for(user.id, user.number)
