"""Tables of the installation, projects, credentials, idempotency, audit and rate leases."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKeyConstraint, Index, LargeBinary, Table, Text

from earmark.storage.tables.columns import Int, Key, metadata, own_id, tenant, to

installation = Table(
    "installation",
    metadata,
    Column("name", Key, primary_key=True),  # cursor_secret, …
    Column("value", Text, nullable=False),
)

projects = Table(
    "projects",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_us", Int, nullable=False),
)

tenants = Table(
    "tenants",  # live and test data of a project are two tenants
    metadata,
    Column("id", Int, primary_key=True, autoincrement=False),
    Column("project_id", Key, sa.ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("mode", Key, nullable=False),  # live | test
    sa.UniqueConstraint("project_id", "mode"),
)

api_keys = Table(
    "api_keys",
    metadata,
    tenant(),
    own_id(),
    Column("secret_hash", LargeBinary, nullable=False),  # SHA-256; the secret has 256 random bits
    Column("label", Text),  # the operator's note
    Column("hint", Text, nullable=False),  # last four characters, to tell keys apart
    Column("end_user_id", Key),
    Column("end_user_no", Int),
    Column("scopes_json", Text),  # null: all
    Column("kind", Key, nullable=False, server_default="key"),  # key | token (`eut_`) | access | session | code …
    Column("created_us", Int, nullable=False),
    Column("expires_us", Int),
    Column("revoked_us", Int),
    Column("last_used_us", Int),  # written every minute, never during a request
    to("end_users", "end_user_id"),
    Index(None, "tenant_id", "end_user_id"),
    # For authentication, the only look-up without a tenant.
    Index("uq_api_keys_secret_hash", "secret_hash", unique=True),
)

idempotency_records = Table(
    "idempotency_records",  # one per Idempotency-Key of the last 24 h; without user content
    metadata,
    tenant(),
    Column("caller_end_user", Key, primary_key=True),  # "" for a project-wide caller
    Column("method", Key, primary_key=True),
    Column("path", Key, primary_key=True),
    Column("key", Key, primary_key=True),
    Column("request_sha256", LargeBinary, nullable=False),
    Column("made", Key, nullable=False),  # random part of the ids that the request creates; a retry reuses it
    Column("session_id", Key),  # a retry of a create that failed after its turn started continues in this session
    Column("status", Int),  # of the stored response; null while the request runs or after it failed
    Column("holder", Key),  # the request that runs it, until its lease expires
    Column("lease_us", Int),
    Column("created_us", Int, nullable=False),
    Index(None, "tenant_id", "created_us"),
)

idempotency_answers = Table(
    "idempotency_answers",  # stored responses; deleted with the objects they contain, unlike their records
    metadata,
    tenant(),
    Column("caller_end_user", Key, primary_key=True),
    Column("method", Key, primary_key=True),
    Column("path", Key, primary_key=True),
    Column("key", Key, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("about_end_user_id", Key),
    Column("about_session_id", Key),
    Column("about_recording_id", Key),
    ForeignKeyConstraint(
        ["tenant_id", "caller_end_user", "method", "path", "key"],
        [f"idempotency_records.{name}" for name in ("tenant_id", "caller_end_user", "method", "path", "key")],
        name="fk_idempotency_answers_record",
        ondelete="CASCADE",
    ),
    to("end_users", "about_end_user_id"),
    to("ask_sessions", "about_session_id"),
    to("recordings", "about_recording_id"),
    Index(None, "tenant_id", "about_end_user_id"),
    Index(None, "tenant_id", "about_session_id"),
    Index(None, "tenant_id", "about_recording_id"),
)

idempotency_sources = Table(
    "idempotency_sources",  # the recordings whose words a stored response repeats
    metadata,
    tenant(),
    Column("caller_end_user", Key, primary_key=True),
    Column("method", Key, primary_key=True),
    Column("path", Key, primary_key=True),
    Column("key", Key, primary_key=True),
    Column("recording_id", Key, primary_key=True),
    ForeignKeyConstraint(
        ["tenant_id", "caller_end_user", "method", "path", "key"],
        [f"idempotency_answers.{name}" for name in ("tenant_id", "caller_end_user", "method", "path", "key")],
        name="fk_idempotency_sources_answer",
        ondelete="CASCADE",
    ),
    Index(None, "tenant_id", "recording_id"),
)

audit_events = Table(
    "audit_events",  # append-only: triggers refuse updates, deletes and replacing; see identity/audit_chain.py
    metadata,
    tenant(),
    own_id(),
    Column("at_us", Int, nullable=False),
    Column("actor", Key, nullable=False),  # a key's id, or `operator`
    Column("action", Key, nullable=False),  # key.created, end_user.erased, …
    Column("object_id", Key),
    Column("seq", Int, nullable=False, server_default="0"),  # from 1, without gaps
    Column("hash", Key, nullable=False, server_default=""),  # of the event and the hash before it, hexadecimal
    Index("uq_audit_events_seq", "tenant_id", "seq", unique=True),
)

audit_heads = Table(
    "audit_heads",  # one row per tenant: the newest event's number and hash; locked by who adds the next
    metadata,
    tenant(),
    Column("seq", Int, nullable=False),
    Column("hash", Key, nullable=False),
)

rate_leases = Table(
    "rate_leases",  # shares of a limit leased by hosts, per minute; used only with PostgreSQL
    metadata,
    tenant(),
    Column("name", Key, primary_key=True),
    Column("minute", Int, primary_key=True, autoincrement=False),  # since 1970
    Column("leased", Int, nullable=False),
)
