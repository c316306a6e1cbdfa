"""Finds a credential by its hash: the only look-up without a tenant.

SQLite reads the table. On PostgreSQL, where row-level security hides all rows without a tenant, a SECURITY
DEFINER function, created by a migration, takes a hash and returns at most one row.
"""

from __future__ import annotations

from earmark.storage.database import Database
from earmark.storage.query import Compiled, Row

_SQLITE = Compiled(
    "SELECT k.secret_hash, k.id, k.tenant_id, t.project_id, t.mode, k.end_user_id, k.end_user_no, k.scopes_json,"
    " k.expires_us, k.revoked_us"
    " FROM api_keys k JOIN tenants t ON t.id = k.tenant_id"
    " WHERE k.secret_hash = ?",
    ("secret_hash",),
    {},
    is_long=False,
)
_POSTGRESQL = Compiled("SELECT * FROM earmark_find_credential($1)", ("secret_hash",), {}, is_long=False)


async def find_credential(database: Database, secret_hash: bytes) -> Row | None:
    """Return the credential with this hash, if any.

    Columns: hash, key id, tenant id, project id, mode, end user id, its number, scopes, expiry, revocation.
    """
    compiled = _SQLITE if database.compiler.dialect_name == "sqlite" else _POSTGRESQL
    rows = await database.fetch_all(compiled, (secret_hash,), None)
    return rows[0] if rows else None
