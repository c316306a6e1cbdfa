"""Grants: given by a person or for one, listed, revoked."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import orjson

from earmark.clock import now_us
from earmark.identity import audit
from earmark.identity.keys import insert_credential
from earmark.identity.projects import list_tenants
from earmark.ids import new_id
from earmark.oauth import queries
from earmark.oauth.errors import GrantNotFoundError
from earmark.oauth.types import CODE_LIFE_US, DAY_US, GRANT_LIFE_US, REFRESH_LIFE_US, Checked, Grant, GrantFilters
from earmark.storage.errors import MissingParentError
from earmark.storage.keyset import position_params
from earmark.storage.tenant import Operator, Tenant

_ALL: Final = GrantFilters()
_IDLE_US: Final = 3_600_000_000
"""After which a grant whose code was never exchanged is deleted."""


async def give_grant(tenant: Tenant, checked: Checked, *, actor: str) -> str:
    """Store a grant of the end user that the handle is narrowed to; return the code that the client exchanges.

    Raises: MissingParentError if the end user was erased meanwhile.
    """
    key, now = tenant.key, now_us()
    assert key.end_user_id is not None
    assert key.end_user_no is not None
    grant = Grant(
        new_id("grt"), key.end_user_id, checked.client.id, checked.client.name,
        orjson.dumps(sorted(checked.scopes)).decode(), now, now + GRANT_LIFE_US, None, None,
    )  # fmt: skip
    async with tenant.writing() as work:
        if not await work.fetch_all(queries.select_end_user_to_lock, {"whose_id": key.end_user_id}):
            raise MissingParentError
        await work.execute(queries.insert_grant, asdict(grant))
        code = await insert_credential(
            work, kind="oauth_code", end_user=(key.end_user_id, key.end_user_no), scopes=checked.scopes,
            expires_us=now + CODE_LIFE_US,
        )  # fmt: skip
        row = {
            "key_id": code.id, "grant_id": grant.id, "redirect_uri": checked.asked.redirect_uri,
            "code_challenge": checked.code_challenge,
        }  # fmt: skip
        await work.execute(queries.insert_credential, row)
        await audit.record(work, "oauth_grant.created", grant.id, actor=actor)
    return code.secret


async def list_grants(
    tenant: Tenant, *, limit: int, after: tuple[int, str] | None = None, filters: GrantFilters = _ALL
) -> list[Grant]:
    """Return the grants in use, newest first."""
    now, given = now_us(), filters.given()
    params = {
        **given, "now_us": now, "unused_before_us": now - REFRESH_LIFE_US, "limit": limit, **position_params(after),
    }  # fmt: skip
    shape = {"filters": frozenset(given), "is_continued": after is not None}
    rows = await tenant.fetch_all(queries.select_grants, params, **shape)
    return [Grant(*row) for row in rows]


async def revoke_grant(tenant: Tenant, grant_id: str, *, actor: str = audit.OPERATOR) -> None:
    """Revoke a grant and its tokens, at once in every process.

    Raises: GrantNotFoundError, also for one that is revoked.
    """
    async with tenant.writing() as work:
        row = await work.fetch_one(queries.select_grant_to_change, {"grant_id": grant_id})
        if row is None or Grant(*row).revoked_us is not None:
            raise GrantNotFoundError
        await end_grant(work, grant_id, actor=actor)


async def end_grant(work: Tenant, grant_id: str, *, actor: str) -> None:
    """Revoke a grant, which the unit of work has locked, with its tokens."""
    params = {"grant_id": grant_id, "now_us": now_us()}
    await work.execute(queries.update_grant_revoked, params)
    await work.execute(queries.update_keys_revoked, params)
    await audit.record(work, "oauth_grant.revoked", grant_id, actor=actor)


async def sweep(operator: Operator) -> None:
    """Delete credentials that expired a day ago, grants without any, and those whose code was never exchanged."""
    now = now_us()
    params = {
        "before_us": now - DAY_US, "unused_before_us": now - REFRESH_LIFE_US - DAY_US, "idle_before_us": now - _IDLE_US,
    }  # fmt: skip
    for tenant in await list_tenants(operator):
        async with tenant.writing() as work:
            await work.execute(queries.delete_expired_keys, {"before_us": now - DAY_US})
            await work.execute(queries.delete_ended_grants, params)
