"""PostgreSQL's part of migrations: row-level security, the credential look-up, pgvector's table.

Migrations call `protect`, which is idempotent, with their connection; a migration that adds a table with
customers' data calls it with that table's name.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.engine import Connection

_TENANT = "NULLIF(current_setting('earmark.tenant_id', true), '')::bigint"


def protect(connection: Connection, tables: Iterable[str]) -> None:
    """Force row-level security: only the transaction's tenant's rows, and none without a tenant."""
    for table in tables:
        _run(connection, f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        _run(connection, f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        _run(connection, f"DROP POLICY IF EXISTS tenant_isolation ON {table}")
        is_own = f"(tenant_id = {_TENANT})"
        _run(connection, f"CREATE POLICY tenant_isolation ON {table} USING {is_own} WITH CHECK {is_own}")


def protect_shared(connection: Connection, tables: Iterable[str]) -> None:
    """Force row-level security that shows all rows where no tenant is set: for the operator's queues."""
    for table in tables:
        protect(connection, [table])
        is_visible = f"(tenant_id = {_TENANT} OR {_TENANT} IS NULL)"
        _run(connection, f"ALTER POLICY tenant_isolation ON {table} USING {is_visible} WITH CHECK {is_visible}")


def create_credential_lookup(connection: Connection) -> None:
    """Create the function that finds a key by its hash, without a tenant.

    It returns at most one row. It runs as the owner, to whom FORCE applies as well; the second policy lets
    that role read keys. Only this function and migrations run as that role.
    """
    schema = connection.execute(text("SELECT quote_ident(current_schema())")).scalar_one()
    _run(connection, "DROP POLICY IF EXISTS credential_lookup ON api_keys")
    _run(connection, "CREATE POLICY credential_lookup ON api_keys FOR SELECT TO CURRENT_USER USING (true)")
    _run(
        connection,
        "CREATE OR REPLACE FUNCTION earmark_find_credential(wanted bytea) RETURNS TABLE (secret_hash bytea, id text,"
        " tenant_id bigint, project_id text, mode text, end_user_id text, end_user_no bigint, scopes_json text,"
        " expires_us bigint, revoked_us bigint) LANGUAGE sql STABLE SECURITY DEFINER"
        f" SET search_path = {schema}, pg_temp AS $$"
        " SELECT k.secret_hash, k.id, k.tenant_id, t.project_id, t.mode, k.end_user_id, k.end_user_no, k.scopes_json,"
        " k.expires_us, k.revoked_us FROM api_keys k JOIN tenants t ON t.id = k.tenant_id"
        " WHERE k.secret_hash = wanted LIMIT 1 $$",
    )
    _run(connection, "REVOKE ALL ON FUNCTION earmark_find_credential(bytea) FROM PUBLIC")


def create_chunk_vectors(connection: Connection) -> None:
    """Create pgvector's table if the extension is available; else `vector_blocks` is used."""
    is_there = text("SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'")
    if not connection.execute(is_there).scalar_one():
        return
    _run(connection, "CREATE EXTENSION IF NOT EXISTS vector")
    _run(
        connection,
        "CREATE TABLE IF NOT EXISTS chunk_vectors (tenant_id bigint NOT NULL, end_user_no bigint NOT NULL,"
        " recording_no bigint NOT NULL, ordinal bigint NOT NULL, embedding halfvec NOT NULL,"
        " PRIMARY KEY (tenant_id, end_user_no, recording_no, ordinal),"
        " FOREIGN KEY (tenant_id, end_user_no, recording_no)"
        " REFERENCES recording_indexes (tenant_id, end_user_no, recording_no) ON DELETE CASCADE)",
    )
    protect(connection, ["chunk_vectors"])


def _run(connection: Connection, words: str) -> None:
    connection.exec_driver_sql(words)
