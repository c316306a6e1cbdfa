"""End users: create, read, list, update and delete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from earmark.clock import now_us
from earmark.ids import is_id, new_id, new_number
from earmark.library import queries
from earmark.library.errors import EndUserNotFoundError, EndUserRequiredError, ExternalIdTakenError
from earmark.library.types import EndUser, Page
from earmark.storage.errors import UniqueViolationError
from earmark.storage.keyset import position_params
from earmark.storage.tenant import Tenant


async def create_end_user(
    tenant: Tenant,
    *,
    external_id: str | None = None,
    email: str | None = None,
    name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> EndUser:
    """Create an end user.

    Raises: ExternalIdTakenError.
    """
    now = now_us()
    user = EndUser(new_id("eu"), new_number(), external_id, email, name, dump_metadata(metadata), now, now)
    try:
        async with tenant.writing() as work:
            await work.execute(queries.insert_end_user, _row(user))
    except UniqueViolationError as error:
        raise ExternalIdTakenError from error
    return user


def _row(user: EndUser) -> dict[str, Any]:
    return {name: getattr(user, name) for name in EndUser.__dataclass_fields__}


def dump_metadata(metadata: Mapping[str, Any] | None) -> str | None:
    """Serialise metadata for storage."""
    return None if metadata is None else orjson.dumps(metadata).decode()


async def get_end_user(
    tenant: Tenant, end_user_id: str, *, param: str | None = None, for_update: bool = False
) -> EndUser:
    """Return an end user; `for_update` locks the row until the commit.

    Raises: EndUserNotFoundError.
    """
    shape = {"for_update": True} if for_update else {}
    row = await tenant.fetch_one(queries.select_end_user, {"end_user_id": end_user_id}, **shape)
    if row is None:
        raise EndUserNotFoundError(param=param)
    return EndUser(*row)


async def lock_end_user(work: Tenant, end_user_id: str) -> int | None:
    """Lock an end user against erasure until the commit; return its number, or None.

    Code that locks an end user's rows locks the end user first, in the same order as its erasure: another order
    could deadlock.
    """
    row = await work.fetch_one(queries.select_end_user_shared, {"end_user_id": end_user_id})
    return None if row is None else row[0]


async def find_end_user(tenant: Tenant, external_id: str) -> EndUser | None:
    """Return the end user with this external id, or None."""
    row = await tenant.fetch_one(queries.select_end_user_by_external_id, {"external_id": external_id})
    return None if row is None else EndUser(*row)


async def find_end_user_named(tenant: Tenant, name: str) -> EndUser | None:
    """Return the end user with this id, else with this external id, or None.

    Ids take precedence: an external id may equal another end user's id and must not redirect requests for it.
    """
    if is_id(name, "eu"):
        row = await tenant.fetch_one(queries.select_end_user, {"end_user_id": name})
        if row is not None:
            return EndUser(*row)
    return await find_end_user(tenant, name)


async def list_end_users(tenant: Tenant, page: Page) -> list[EndUser]:
    """Return end users, newest first."""
    rows = await tenant.fetch_all(queries.select_end_users, page_params(page), is_continued=page.after is not None)
    return [EndUser(*row) for row in rows]


def page_params(page: Page) -> dict[str, Any]:
    """Return the query parameters of a newest-first list."""
    return {"limit": page.limit, "offset": page.offset, **position_params(page.after)}


async def update_end_user(tenant: Tenant, end_user_id: str, changes: Mapping[str, Any]) -> EndUser:
    """Change `external_id`, `email`, `name` or `metadata`; other fields stay.

    Raises: EndUserNotFoundError, ExternalIdTakenError.
    """
    try:
        async with tenant.writing() as work:
            before = await get_end_user(work, end_user_id, for_update=True)
            values = {name: changes[name] for name in ("external_id", "email", "name") if name in changes}
            metadata = dump_metadata(changes["metadata"]) if "metadata" in changes else before.metadata_json
            after = replace(before, **values, metadata_json=metadata, updated_us=now_us())
            new = {f"new_{name}": value for name, value in _row(after).items()}
            await work.execute(queries.update_end_user, {"end_user_id": end_user_id, **new})
    except UniqueViolationError as error:
        raise ExternalIdTakenError from error
    return after


async def narrow_to_end_user(tenant: Tenant, end_user_id: str | None) -> Tenant:
    """Return the handle narrowed to one end user: the caller's own, else the one named.

    An end-user-scoped caller always acts for its own end user.

    Raises: EndUserRequiredError if neither names one; EndUserNotFoundError.
    """
    if tenant.end_user_id is not None:
        return tenant
    if end_user_id is None:
        raise EndUserRequiredError
    user = await get_end_user(tenant, end_user_id, param="end_user_id")
    return tenant.acting_for(user.id, user.number)
