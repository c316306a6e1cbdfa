"""Creates, authenticates, rotates and revokes keys; secrets are stored only as hashes."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Iterable
from typing import Literal

import orjson

from earmark.clock import now_us
from earmark.errors import UnauthorizedError
from earmark.identity import audit, queries
from earmark.identity.errors import KeyNotFoundError, KeyNotRotatableError, ReservedLabelError
from earmark.identity.projects import list_tenants
from earmark.identity.scopes import check_scopes
from earmark.identity.types import CONSOLE_LABEL, Caller, KeyInfo, NewKey
from earmark.ids import new_id, random_text
from earmark.storage.credentials import find_credential, find_credentials
from earmark.storage.database import Database
from earmark.storage.keyset import position_params
from earmark.storage.query import Row
from earmark.storage.tenant import Operator, Tenant, TenantKey

_FORM = re.compile(r"(?:sk_test_|sk_live_|rk_test_|rk_live_|eut_|oat_)[A-Za-z0-9]{33,128}\Z")
SESSION_PREFIX = "csn_"
_SESSION_FORM = re.compile(r"csn_[A-Za-z0-9]{43}\Z")
_IN_COOKIE = "\0"
"""Begins a session's secret where others have an `Authorization` header; no header holds this character."""
CredentialKind = Literal[
    "key", "token", "code", "access", "oauth_code", "oauth_refresh", "oauth_access", "share", "session"
]  # fmt: skip
_PREFIXES = {
    "token": "eut_", "session": SESSION_PREFIX,
    "oauth_access": "oat_", "oauth_refresh": "ort_", "oauth_code": "oac_",
}  # fmt: skip
_SECRET_LENGTH = 43  # 256 bits
_NO_HASH = bytes(32)


async def create_key(
    tenant: Tenant,
    *,
    end_user: tuple[str, int] | None = None,
    scopes: frozenset[str] | None = None,
    expires_us: int | None = None,
    label: str | None = None,
    actor: str = audit.OPERATOR,
) -> NewKey:
    """Create a secret key (`sk_`), or with `scopes` a restricted one (`rk_`).

    `end_user`, the id and number of one end user, limits the key to that end user.

    Raises: UnknownScopeError, ReservedLabelError.
    """
    if label == CONSOLE_LABEL:
        raise ReservedLabelError
    async with tenant.writing() as work:
        key = await insert_credential(work, end_user=end_user, scopes=scopes, expires_us=expires_us, label=label)
        await audit.record(work, "key.created", key.id, actor=actor)
    return key


async def insert_credential(
    work: Tenant,
    *,
    kind: CredentialKind = "key",
    end_user: tuple[str, int] | None = None,
    scopes: frozenset[str] | None = None,
    expires_us: int | None = None,
    label: str | None = None,
) -> NewKey:
    """Create a credential of any kind inside a unit of work."""
    end_user_id, end_user_no = end_user or (None, None)
    secret = _prefix(kind, scopes, work.key.mode) + random_text(_SECRET_LENGTH)
    key = NewKey(new_id("key"), secret, now_us(), expires_us)
    row = {
        "id": key.id,
        "secret_hash": hash_secret(secret),
        "label": label,
        "hint": secret[-4:],
        "end_user_id": end_user_id,
        "end_user_no": end_user_no,
        "scopes_json": None if scopes is None else orjson.dumps(sorted(check_scopes(scopes))).decode(),
        "kind": kind,
        "created_us": key.created_us,
        "expires_us": expires_us,
        "revoked_us": None,
    }
    await work.execute(queries.insert_key, row)
    return key


def _prefix(kind: str, scopes: frozenset[str] | None, mode: str) -> str:
    """Return the secret's prefix; codes and refresh tokens have none of a key's: they are never valid as one."""
    if kind in ("key", "access"):
        return f"{'sk' if scopes is None else 'rk'}_{mode}_"
    return _PREFIXES.get(kind, "")


async def list_keys(tenant: Tenant) -> list[KeyInfo]:
    """Return the tenant's keys and tokens, oldest first."""
    return [to_key_info(row, tenant) for row in await tenant.fetch_all(queries.select_keys)]


def to_key_info(row: Row, tenant: Tenant) -> KeyInfo:
    """Return a row of `queries.KEY` as a credential without its secret."""
    fields = dict(zip(queries.KEY_FIELDS, row, strict=True))
    scopes_json = fields.pop("scopes_json")
    scopes = None if scopes_json is None else tuple(orjson.loads(scopes_json))
    return KeyInfo(**fields, scopes=scopes, mode=tenant.key.mode)


async def list_newest_keys(tenant: Tenant, *, limit: int, after: tuple[int, str] | None) -> list[KeyInfo]:
    """Return the tenant's keys and tokens, newest first, behind a position (creation, id)."""
    params = {"limit": limit, **position_params(after)}
    rows = await tenant.fetch_all(queries.select_newest_keys, params, is_continued=after is not None)
    return [to_key_info(row, tenant) for row in rows]


async def find_key_owner(tenants: Iterable[Tenant], key_id: str) -> Tenant:
    """Return the tenant that has a key or token of this id; ids are unique among all tenants.

    Raises: KeyNotFoundError if none of them has.
    """
    for tenant in tenants:
        if await tenant.fetch_one(queries.select_key_id, {"key_id": key_id}) is not None:
            return tenant
    raise KeyNotFoundError


async def has_working_key(operator: Operator) -> bool:
    """Whether any project has a valid key or token."""
    now = now_us()
    for tenant in await list_tenants(operator):
        for key in await list_keys(tenant):
            if key.revoked_us is None and (key.expires_us is None or key.expires_us > now):
                return True
    return False


async def revoke_key(tenant: Tenant, key_id: str, *, actor: str = audit.OPERATOR) -> None:
    """Revoke a key or a token at once in every process; repeating it changes nothing.

    Raises: KeyNotFoundError.
    """
    async with tenant.writing() as work:
        row = await work.fetch_one(queries.select_key_to_change, {"key_id": key_id})
        if row is None:
            raise KeyNotFoundError
        if to_key_info(row, work).revoked_us is None:
            await work.execute(queries.update_key_revoked, {"key_id": key_id, "now_us": now_us()})
            await audit.record(work, "key.revoked", key_id, actor=actor)


async def rotate_key(tenant: Tenant, key_id: str, *, grace_us: int = 0) -> NewKey:
    """Replace a key by one with the same scopes and expiry; it ends after `grace_us`.

    Raises: KeyNotFoundError; KeyNotRotatableError for tokens, and keys that are revoked or have expired.
    """
    async with tenant.writing() as work:
        old = await _get_key_to_rotate(work, key_id)
        key = await insert_credential(
            work,
            end_user=None if old.end_user_id is None else (old.end_user_id, old.end_user_no or 0),
            scopes=None if old.scopes is None else frozenset(old.scopes),
            expires_us=old.expires_us,
            label=old.label,
        )
        ends_us = now_us() + grace_us
        if not grace_us:
            await work.execute(queries.update_key_revoked, {"key_id": key_id, "now_us": ends_us})
        elif old.expires_us is None or old.expires_us > ends_us:
            await work.execute(queries.update_key_expiry, {"key_id": key_id, "new_expires_us": ends_us})
        await audit.record(work, "key.rotated", key_id)
        await audit.record(work, "key.created", key.id)
    return key


async def _get_key_to_rotate(work: Tenant, key_id: str) -> KeyInfo:
    row = await work.fetch_one(queries.select_key_to_change, {"key_id": key_id})
    if row is None:
        raise KeyNotFoundError
    key = to_key_info(row, work)
    if key.kind == "token":
        raise KeyNotRotatableError(key_id, "is an end user's token (issuing another replaces it)")
    if key.kind == "access":
        raise KeyNotRotatableError(key_id, "is an access token (its person makes another)")
    if key.revoked_us is not None:
        raise KeyNotRotatableError(key_id, "is revoked")
    if key.expires_us is not None and key.expires_us <= now_us():
        raise KeyNotRotatableError(key_id, "has expired")
    return key


async def authenticate(database: Database, authorization: str | None, *, takes_oauth: bool = False) -> Caller:
    """Return the caller of an `Authorization` header.

    Args:
        takes_oauth: whether an OAuth access token (`oat_`) is valid here.

    Missing, malformed, unknown, revoked and expired credentials all take the same look-up and fail the same way.

    Raises: UnauthorizedError.
    """
    secret = _bearer(authorization)
    if secret is not None and secret.startswith("oat_") and not takes_oauth:
        secret = None
    row = await find_by_secret(database, secret)
    if row is None:
        raise UnauthorizedError
    _, key_id, tenant_id, project_id, mode, end_user_id, end_user_no, scopes_json, expires_us, revoked_us = row
    if not _is_valid(expires_us, revoked_us):
        raise UnauthorizedError
    scopes = None if scopes_json is None else frozenset(orjson.loads(scopes_json))
    return Caller(key_id, TenantKey(tenant_id, project_id, mode, end_user_id, end_user_no), scopes)


async def find_by_secret(database: Database, secret: str | None) -> Row | None:
    """Return the credential with this secret, valid or not (columns: `find_credential`).

    None takes the same look-up as a secret that no credential has.
    """
    wanted = _NO_HASH if secret is None else hash_secret(secret)
    row = await find_credential(database, wanted)
    return row if row is not None and hmac.compare_digest(bytes(row[0]), wanted) else None


def _is_valid(expires_us: int | None, revoked_us: int | None) -> bool:
    return revoked_us is None and (expires_us is None or expires_us > now_us())


async def find_refused(database: Database, authorizations: Collection[str | None]) -> set[str | None]:
    """Return those of the `Authorization` headers of callers, authenticated before, that are no longer valid."""
    wanted = {one: hash_secret(_bearer(one) or "") for one in authorizations}
    rows = await find_credentials(database, list(set(wanted.values())))
    valid = {bytes(row[0]) for row in rows if _is_valid(row[-2], row[-1])}
    return {one for one, secret_hash in wanted.items() if secret_hash not in valid}


def as_authorization(session: str) -> str:
    """Return what stands for an `Authorization` header of a browser that sent a session's cookie instead."""
    return _IN_COOKIE + session


def _bearer(authorization: str | None) -> str | None:
    if authorization is not None and authorization.startswith(_IN_COOKIE):
        secret = authorization.removeprefix(_IN_COOKIE)
        return secret if _SESSION_FORM.match(secret) else None
    if authorization is None or authorization[:7].lower() != "bearer ":
        return None
    secret = authorization[7:].strip(" ")
    return secret if _FORM.match(secret) else None


def hash_secret(secret: str) -> bytes:
    """Return a secret's stored hash; with 256 random bits, one round of SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).digest()
