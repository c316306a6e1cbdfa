"""Keys: made, recognised, revoked. A secret is shown once and kept as a hash."""

from __future__ import annotations

import hashlib
import hmac
import re

import orjson

from earmark.clock import now_us
from earmark.errors import UnauthorizedError
from earmark.identity import queries
from earmark.identity.errors import KeyNotFoundError
from earmark.identity.types import Caller, KeyInfo, NewKey
from earmark.ids import new_id, random_text
from earmark.storage.credentials import find_credential
from earmark.storage.database import Database
from earmark.storage.tenant import Tenant, TenantKey

_FORM = re.compile(r"(?:sk_test_|sk_live_|rk_test_|rk_live_|eut_)[A-Za-z0-9]{33,128}\Z")
_SECRET_LENGTH = 43  # 256 bits
_NO_HASH = bytes(32)


async def create_key(
    tenant: Tenant,
    *,
    end_user: tuple[str, int] | None = None,
    scopes: frozenset[str] | None = None,
    expires_us: int | None = None,
    label: str | None = None,
) -> NewKey:
    """Make a secret key (`sk_`), or with `scopes` a restricted one (`rk_`), perhaps bound to one end user.

    `end_user` is the end user's id and number.
    """
    end_user_id, end_user_no = end_user or (None, None)
    prefix = f"{'sk' if scopes is None else 'rk'}_{tenant.key.mode}_"
    key = NewKey(new_id("key"), prefix + random_text(_SECRET_LENGTH))
    row = {
        "id": key.id,
        "secret_hash": _hash(key.secret),
        "label": label,
        "hint": key.secret[-4:],
        "end_user_id": end_user_id,
        "end_user_no": end_user_no,
        "scopes_json": None if scopes is None else orjson.dumps(sorted(scopes)).decode(),
        "created_us": now_us(),
        "expires_us": expires_us,
        "revoked_us": None,
    }
    async with tenant.writing() as work:
        await work.execute(queries.insert_key, row)
    return key


async def list_keys(tenant: Tenant) -> list[KeyInfo]:
    """Return the tenant's keys, oldest first."""
    rows = await tenant.fetch_all(queries.select_keys)
    return [KeyInfo(*fields) for fields in ((*row, tenant.key.mode) for row in rows)]


async def revoke_key(tenant: Tenant, key_id: str) -> None:
    """Revoke a key, at once in every process.

    Raises: KeyNotFoundError.
    """
    async with tenant.writing() as work:
        if not await work.execute(queries.update_key_revoked, {"key_id": key_id, "now_us": now_us()}):
            raise KeyNotFoundError(key_id)


async def authenticate(database: Database, authorization: str | None) -> Caller:
    """Return who sends this `Authorization` header.

    Missing, malformed, unknown, revoked and expired credentials take the same look-up and fail alike.

    Raises: UnauthorizedError.
    """
    secret = _bearer(authorization)
    wanted = _NO_HASH if secret is None else _hash(secret)
    row = await find_credential(database, wanted)
    if row is None or not hmac.compare_digest(bytes(row[0]), wanted):
        raise UnauthorizedError
    _, key_id, tenant_id, project_id, mode, end_user_id, end_user_no, scopes_json, expires_us, revoked_us = row
    if revoked_us is not None or (expires_us is not None and expires_us <= now_us()):
        raise UnauthorizedError
    scopes = None if scopes_json is None else frozenset(orjson.loads(scopes_json))
    return Caller(key_id, TenantKey(tenant_id, project_id, mode, end_user_id, end_user_no), scopes)


def _bearer(authorization: str | None) -> str | None:
    if authorization is None or authorization[:7].lower() != "bearer ":
        return None
    secret = authorization[7:].strip(" ")
    return secret if _FORM.match(secret) else None


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
