"""Tables of webhooks: endpoints, the frozen bodies of events, deliveries and their attempts."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table, Text, text

from earmark.storage.tables.columns import Int, Key, metadata, own_id, tenant, to

_IS_PENDING = text("status = 'pending'")

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    tenant(),
    own_id(),
    Column("url", Text, nullable=False),
    Column("events_json", Text, nullable=False),  # ["*"] or names of types
    Column("has_text", Int, nullable=False),  # 1: its events carry words
    Column("description", Text),
    Column("metadata_json", Text),
    Column("status", Key, nullable=False),  # enabled | disabled
    Column("disabled_reason", Key),  # requested | gone | failing
    Column("secret_sealed", Text, nullable=False),  # encrypted, see `earmark/sealing.py`
    Column("secret_hint", Text, nullable=False),  # the secret's last characters
    Column("previous_sealed", Text),  # the secret before, during a rotation's grace
    Column("previous_expires_us", Int),
    Column("last_success_us", Int),
    Column("last_failure_us", Int),
    Column("failing_since_us", Int),  # the first failure since the last success
    Column("created_us", Int, nullable=False),
    Column("updated_us", Int, nullable=False),
    Index(None, "tenant_id", "created_us", "id"),
)

webhook_bodies = Table(
    "webhook_bodies",  # what is sent of an event, byte for byte the same at each attempt and to each endpoint
    metadata,
    tenant(),
    Column("event_id", Key, primary_key=True),
    Column("has_text", Int, primary_key=True, autoincrement=False),
    Column("end_user_id", Key),
    Column("subject_id", Key),  # the recording or session with which it is erased
    Column("body", LargeBinary, nullable=False),
    Column("created_us", Int, nullable=False),
    Index(None, "tenant_id", "subject_id"),
    Index(None, "tenant_id", "end_user_id"),
    Index(None, "tenant_id", "created_us"),
)

webhook_deliveries = Table(
    "webhook_deliveries",  # one for each endpoint and event
    metadata,
    tenant(),
    own_id(),
    Column("endpoint_id", Key, nullable=False),
    Column("event_id", Key, nullable=False),
    Column("has_text", Int, nullable=False),
    Column("type", Key, nullable=False),
    Column("status", Key, nullable=False),  # pending | succeeded | failed
    Column("attempts", Int, nullable=False),
    Column("step", Int, nullable=False),  # attempts since it was last queued: its place in the schedule
    Column("last_status_code", Int),
    Column("next_us", Int),  # the next attempt, while it is pending
    Column("lane", Int),  # which of the endpoint's lanes is sending it
    Column("created_us", Int, nullable=False),
    Column("ended_us", Int),
    to("webhook_endpoints", "endpoint_id"),
    to("webhook_bodies", "event_id", "has_text", parent_columns=("event_id", "has_text")),
    Index("uq_webhook_deliveries_event", "tenant_id", "endpoint_id", "event_id", unique=True),
    Index(
        "ix_webhook_deliveries_pending", "tenant_id", "endpoint_id", "next_us",
        sqlite_where=_IS_PENDING, postgresql_where=_IS_PENDING,
    ),
    Index(None, "tenant_id", "endpoint_id", "created_us", "id"),
    Index(None, "tenant_id", "event_id", "has_text"),
)  # fmt: skip

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    tenant(),
    Column("delivery_id", Key, primary_key=True),
    Column("number", Int, primary_key=True, autoincrement=False),  # from 1
    Column("at_us", Int, nullable=False),
    Column("duration_ms", Int, nullable=False),
    Column("status_code", Int),
    Column("error_code", Text),  # why there was no answer
    Column("answer", Text),  # its first KiB
    to("webhook_deliveries", "delivery_id"),
    sqlite_with_rowid=False,
)
