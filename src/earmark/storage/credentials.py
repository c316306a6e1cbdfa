"""Finds credentials by their hashes: the only look-up without a tenant.

SQLite reads the table. On PostgreSQL, where row-level security hides all rows without a tenant, a SECURITY
DEFINER function, created by a migration, takes a hash and returns at most one row.
"""

from __future__ import annotations

from collections.abc import Sequence

from earmark.storage.database import Database
from earmark.storage.query import Compiled, Row

_AT_ONCE = 100
_FOUND = (
    "SELECT k.secret_hash, k.id, k.tenant_id, t.project_id, t.mode, k.end_user_id, k.end_user_no, k.scopes_json,"
    " k.expires_us, k.revoked_us"
    " FROM api_keys k JOIN tenants t ON t.id = k.tenant_id"
)
_SQLITE = Compiled(f"{_FOUND} WHERE k.secret_hash = ?", ("secret_hash",), {}, is_long=False)
_SQLITE_MANY = Compiled(
    f"{_FOUND} WHERE k.secret_hash IN ({', '.join('?' * _AT_ONCE)})", ("secret_hash",) * _AT_ONCE, {}, is_long=False
)
_POSTGRESQL = Compiled("SELECT * FROM earmark_find_credential($1)", ("secret_hash",), {}, is_long=False)
_POSTGRESQL_MANY = Compiled(
    "SELECT found.* FROM unnest($1::bytea[]) AS wanted(secret_hash),"
    " LATERAL earmark_find_credential(wanted.secret_hash) AS found",
    ("secret_hashes",),
    {},
    is_long=False,
)


async def find_credential(database: Database, secret_hash: bytes) -> Row | None:
    """Return the credential with this hash, if any.

    Columns: hash, key id, tenant id, project id, mode, end user id, its number, scopes, expiry, revocation.
    """
    compiled = _SQLITE if database.compiler.dialect_name == "sqlite" else _POSTGRESQL
    rows = await database.fetch_all(compiled, (secret_hash,), None)
    return rows[0] if rows else None


async def find_credentials(database: Database, secret_hashes: Sequence[bytes]) -> list[Row]:
    """Return the credentials with these hashes, in no order; columns as in `find_credential`."""
    if database.compiler.dialect_name != "sqlite":
        return await database.fetch_all(_POSTGRESQL_MANY, (list(secret_hashes),), None)
    found: list[Row] = []
    for start in range(0, len(secret_hashes), _AT_ONCE):
        some = secret_hashes[start : start + _AT_ONCE]
        found += await database.fetch_all(_SQLITE_MANY, (*some, *[b""] * (_AT_ONCE - len(some))), None)
    return found
