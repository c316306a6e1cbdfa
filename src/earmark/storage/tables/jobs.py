"""Jobs, events and the readers of events. No row holds anybody's words: ids, numbers and codes only."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Table, Text, text

from earmark.storage.tables.columns import Int, Key, metadata, own_id, tenant

_IS_OPEN = text("state IN ('pending', 'running')")
_IS_PENDING = text("state = 'pending'")
_IS_RUNNING = text("state = 'running'")
_IS_UNPLACED = text("position IS NULL")

jobs = Table(
    "jobs",
    metadata,
    tenant(),  # 0: the installation's own
    own_id(),
    Column("end_user_id", Key),
    Column("kind", Key, nullable=False),
    Column("subject_id", Key),  # the recording, session or end user that it is about
    Column("payload_json", Text, nullable=False),
    Column("state", Key, nullable=False),  # pending running succeeded failed cancelled
    Column("priority", Int, nullable=False),  # lower runs first
    Column("run_us", Int, nullable=False),  # not before
    Column("unique_key", Key),  # at most one open job of a tenant has it
    Column("attempts", Int, nullable=False),
    Column("losses", Int, nullable=False),  # leases that ended without an outcome
    Column("fence", Int, nullable=False),  # rises with each claim; an effect names the fence of its claim
    Column("lease_owner", Key),  # the process
    Column("lease_host", Key),
    Column("lease_us", Int),  # the lease ends then
    Column("cancel_us", Int),  # since when whoever runs it should stop
    Column("progress", Float, nullable=False),  # 0 to 1
    Column("error_code", Text),
    Column("created_us", Int, nullable=False),
    Column("started_us", Int),  # the latest claim
    Column("ended_us", Int),
    Index(
        "uq_jobs_unique_key", "tenant_id", "unique_key", unique=True, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN
    ),
    # What is due; whose turn it is; what was added before the clock stepped back.
    Index(
        "ix_jobs_pending", "tenant_id", "kind", "priority", "run_us",
        sqlite_where=_IS_PENDING, postgresql_where=_IS_PENDING,
    ),
    Index(
        "ix_jobs_turns", "tenant_id", "kind", "priority", "end_user_id", "run_us",
        sqlite_where=_IS_PENDING, postgresql_where=_IS_PENDING,
    ),
    Index("ix_jobs_created_us", "created_us", sqlite_where=_IS_PENDING, postgresql_where=_IS_PENDING),
    Index("ix_jobs_running", "tenant_id", "lease_us", sqlite_where=_IS_RUNNING, postgresql_where=_IS_RUNNING),
    Index("ix_jobs_subject_id", "tenant_id", "subject_id"),
    Index("ix_jobs_ended_us", "tenant_id", "ended_us"),
)  # fmt: skip

events = Table(
    "events",
    metadata,
    tenant(),
    own_id(),
    Column("end_user_id", Key),
    Column("type", Key, nullable=False),
    Column("subject_id", Key),  # the recording or session that goes with its events when it is erased
    Column("data_json", Text, nullable=False),
    Column("created_us", Int, nullable=False),
    Column("position", Int),  # given after the commit, in the order in which events are read
    Column("seq", Int, nullable=False, server_default="0"),  # rises within a tenant
    Index("ix_events_position", "position", unique=True),
    Index("ix_events_unplaced", "seq", sqlite_where=_IS_UNPLACED, postgresql_where=_IS_UNPLACED),
    Index("ix_events_seq", "tenant_id", "seq"),
    Index("ix_events_subject_id", "tenant_id", "subject_id"),
    Index("ix_events_end_user_id", "tenant_id", "end_user_id"),
    Index("ix_events_created_us", "tenant_id", "created_us"),
)

event_readers = Table(
    "event_readers",  # how far each reader has read; the row "" holds the last position that was given
    metadata,
    Column("name", Key, primary_key=True),
    Column("position", Int, nullable=False),
)
