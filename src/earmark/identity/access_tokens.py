"""Access tokens: restricted keys that a person makes for an assistant or an app, named and expiring."""

from __future__ import annotations

from typing import Final

import orjson

from earmark.clock import now_us
from earmark.identity import audit, queries
from earmark.identity.errors import AccessTokenLifeError, AccessTokenNotFoundError, TooManyAccessTokensError
from earmark.identity.keys import insert_credential
from earmark.identity.types import KeyInfo, NewKey
from earmark.storage.errors import MissingParentError
from earmark.storage.keyset import position_params
from earmark.storage.tenant import Tenant

MOST: Final = 20
_DAY_US: Final = 86_400_000_000
_USUAL_DAYS: Final = 90
_MOST_DAYS: Final = 366
USUAL_SCOPES: Final = frozenset(
    {"ask:write", "folders:read", "recordings:read", "transcriptions:read", "summaries:read"}
)
"""What an assistant needs that answers questions and changes nothing but its chats."""


async def create_access_token(
    tenant: Tenant, name: str, *, scopes: frozenset[str], expires_us: int | None, actor: str
) -> NewKey:
    """Create a token of the end user that the handle is narrowed to; without `expires_us` it lives 90 days.

    Raises: AccessTokenLifeError, UnknownScopeError, TooManyAccessTokensError; MissingParentError if the end user
        was erased meanwhile.
    """
    now = now_us()
    expires_us = now + _USUAL_DAYS * _DAY_US if expires_us is None else expires_us
    if expires_us > now + _MOST_DAYS * _DAY_US:
        raise AccessTokenLifeError(_MOST_DAYS)
    key = tenant.key
    assert key.end_user_id is not None
    assert key.end_user_no is not None
    async with tenant.writing() as work:
        if not await work.fetch_all(queries.select_end_user_to_lock, {"whose_id": key.end_user_id}):
            raise MissingParentError
        row = await work.fetch_one(queries.select_access_tokens_in_use, {"now_us": now})
        if row is not None and row[0] >= MOST:
            raise TooManyAccessTokensError(MOST)
        token = await insert_credential(
            work,
            kind="access",
            end_user=(key.end_user_id, key.end_user_no),
            scopes=scopes,
            expires_us=expires_us,
            label=name,
        )
        await audit.record(work, "access_token.created", token.id, actor=actor)
    return token


async def list_access_tokens(tenant: Tenant, *, limit: int, after: tuple[int, str] | None) -> list[KeyInfo]:
    """Return the person's tokens that are not revoked, newest first, behind a position (creation, id)."""
    params = {"limit": limit, **position_params(after)}
    rows = await tenant.fetch_all(queries.select_access_tokens, params, is_continued=after is not None)
    return [_to_info(dict(zip(queries.KEY_FIELDS, row, strict=True)), tenant) for row in rows]


def _to_info(fields: dict[str, object], tenant: Tenant) -> KeyInfo:
    scopes = tuple(orjson.loads(str(fields.pop("scopes_json"))))
    return KeyInfo(**fields, scopes=scopes, mode=tenant.key.mode)  # type: ignore[arg-type]


async def revoke_access_token(tenant: Tenant, token_id: str, *, actor: str) -> None:
    """Revoke a token at once in every process.

    Raises: AccessTokenNotFoundError, also if it is revoked already.
    """
    async with tenant.writing() as work:
        if await work.fetch_one(queries.select_access_token, {"key_id": token_id}) is None:
            raise AccessTokenNotFoundError
        await work.execute(queries.update_key_revoked, {"key_id": token_id, "now_us": now_us()})
        await audit.record(work, "access_token.revoked", token_id, actor=actor)
