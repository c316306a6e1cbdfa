"""Exchanges codes and refresh tokens. What is used twice was stolen: its grant is revoked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import orjson

from earmark.clock import now_us
from earmark.identity import audit
from earmark.identity.keys import find_by_secret, insert_credential
from earmark.oauth import queries
from earmark.oauth.errors import InvalidGrantError, OAuthError
from earmark.oauth.grants import end_grant
from earmark.oauth.types import ACCESS_LIFE_S, REFRESH_LIFE_US, Tokens
from earmark.storage.database import Database
from earmark.storage.tenant import Tenant, TenantKey

Kind = Literal["oauth_code", "oauth_refresh", "oauth_access"]
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}\Z")


@dataclass(frozen=True, slots=True)
class _Held:
    """A credential with its grant. Its fields are the columns of `select_credential_to_use`."""

    key_id: str
    kind: str
    scopes_json: str
    expires_us: int
    revoked_us: int | None
    redirect_uri: str | None
    code_challenge: str | None
    grant_id: str
    client_id: str
    grant_expires_us: int
    grant_revoked_us: int | None

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(orjson.loads(self.scopes_json))


async def exchange_code(
    database: Database, code: str, *, client_id: str, redirect_uri: str | None, verifier: str
) -> Tokens:
    """Exchange a code for tokens, once; a second time revokes the grant.

    Raises: InvalidGrantError.
    """

    def fits(held: _Held) -> bool:
        return held.redirect_uri == redirect_uri and _proves(verifier, held.code_challenge or "")

    return await _exchange(database, code, "oauth_code", client_id, fits=fits)


async def refresh(database: Database, token: str, *, client_id: str, scope: str | None = None) -> Tokens:
    """Exchange a refresh token for new tokens, once; a second time revokes the grant.

    Args:
        scope: narrows the new access token.

    Raises: InvalidGrantError; OAuthError for a scope that was not granted.
    """
    wanted = None if scope is None else frozenset(scope.split())
    return await _exchange(database, token, "oauth_refresh", client_id, wanted=wanted)


async def _exchange(
    database: Database,
    secret: str,
    kind: Kind,
    client_id: str,
    *,
    fits: Callable[[_Held], bool] | None = None,
    wanted: frozenset[str] | None = None,
) -> Tokens:
    tenant, key_id = await _find(database, secret)
    async with tenant.writing() as work:
        held = await _hold(work, key_id, kind)
        if held.revoked_us is not None:
            await end_grant(work, held.grant_id, actor=audit.EARMARK)  # committed: the refusal is raised outside
        else:
            is_theirs = held.client_id == client_id and (fits is None or fits(held))
            if not is_theirs or held.expires_us <= now_us():
                raise InvalidGrantError
            if wanted is not None and not wanted <= held.scopes:
                raise OAuthError("invalid_scope", "The scope was not granted.")
            await work.execute(queries.update_key_revoked, {"key_id": held.key_id, "now_us": now_us()})
            return await _issue(work, held, wanted or held.scopes)
    raise InvalidGrantError


async def _find(database: Database, secret: str) -> tuple[Tenant, str]:
    """Return the handle of the end user whose credential this is, and the credential's id.

    Raises: InvalidGrantError.
    """
    row = await find_by_secret(database, secret)
    if row is None:
        raise InvalidGrantError
    _, key_id, tenant_id, project_id, mode, end_user_id, end_user_no, *_ = row
    return Tenant(database, TenantKey(tenant_id, project_id, mode, end_user_id, end_user_no)), key_id


async def _hold(work: Tenant, key_id: str, kind: Kind) -> _Held:
    """Lock a credential and its grant.

    Raises: InvalidGrantError for another kind's, and if the grant was revoked.
    """
    held = await _lock(work, key_id)
    if held is None or held.kind != kind or held.grant_revoked_us is not None:
        raise InvalidGrantError
    return held


async def _lock(work: Tenant, key_id: str) -> _Held | None:
    """Lock the grant of a credential, then the credential: in the order of `end_grant`, so that both can't wait."""
    grant = await work.fetch_one(queries.select_grant_of, {"key_id": key_id})
    if grant is None:
        return None
    await work.fetch_one(queries.select_grant_to_change, {"grant_id": grant[0]})
    row = await work.fetch_one(queries.select_credential_to_use, {"key_id": key_id})
    return None if row is None else _Held(*row)


async def _issue(work: Tenant, held: _Held, scopes: frozenset[str]) -> Tokens:
    now, key = now_us(), work.key
    assert key.end_user_id is not None
    whose = (key.end_user_id, key.end_user_no or 0)
    lives = {
        "oauth_access": now + ACCESS_LIFE_S * 1_000_000,
        "oauth_refresh": now + REFRESH_LIFE_US,
    }
    made: dict[str, str] = {}
    for kind, until_us in lives.items():
        new = await insert_credential(
            work,
            kind=kind,  # type: ignore[arg-type]
            end_user=whose,
            scopes=scopes if kind == "oauth_access" else held.scopes,
            expires_us=min(until_us, held.grant_expires_us),
        )
        row = {"key_id": new.id, "grant_id": held.grant_id, "redirect_uri": None, "code_challenge": None}
        await work.execute(queries.insert_credential, row)
        made[kind] = new.secret
    await work.execute(queries.update_grant_used, {"grant_id": held.grant_id, "now_us": now})
    return Tokens(made["oauth_access"], made["oauth_refresh"], scopes)


def _proves(verifier: str, challenge: str) -> bool:
    """Whether a verifier is the one of a challenge. Source: RFC 7636, section 4.6."""
    if not _VERIFIER.match(verifier):
        return False
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(digest, challenge)


async def revoke_token(database: Database, token: str, *, client_id: str) -> None:
    """Revoke a refresh token with its grant, or one access token; nothing happens for what is neither.

    Source: RFC 7009, section 2.
    """
    try:
        tenant, key_id = await _find(database, token)
        async with tenant.writing() as work:
            held = await _lock(work, key_id)
            if held is None or held.client_id != client_id or held.grant_revoked_us is not None:
                return
            if held.kind == "oauth_access":
                await work.execute(queries.update_key_revoked, {"key_id": key_id, "now_us": now_us()})
            elif held.kind == "oauth_refresh":
                await end_grant(work, held.grant_id, actor=audit.EARMARK)
    except InvalidGrantError:
        return
