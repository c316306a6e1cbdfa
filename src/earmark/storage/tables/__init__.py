"""All tables, one file per room.

Rules, checked by `tests/meta/test_tables.py`:
- a table with customers' data has `tenant_id` first in its primary key and in every index;
- it has `end_user_id` (or `end_user_no`) unless its rows belong to the whole project;
- only integers, floats, text and bytes, so that no driver converts anything: times are
  microseconds (`*_us`), offsets in audio milliseconds (`*_ms`), JSON is text (`*_json`), flags are 0 or 1.

Ids are compared byte by byte on both databases (`COLLATE "C"` on PostgreSQL).
`end_user_no` and `recording_no` are random 62-bit numbers that replace the ids in the index
tables, where an id of 28 bytes in each of a million rows would be larger than the posting itself.
"""

from __future__ import annotations

from earmark.storage.tables.ask import (
    ask_messages,
    ask_session_recordings,
    ask_sessions,
    ask_title_counters,
    ask_title_grams,
    ask_turn_events,
    ask_turn_waiters,
    message_sources,
    usage_days,
)
from earmark.storage.tables.columns import Int, metadata
from earmark.storage.tables.identity import (
    api_keys,
    audit_events,
    audit_heads,
    idempotency_answers,
    idempotency_records,
    installation,
    projects,
    rate_leases,
    tenants,
)
from earmark.storage.tables.jobs import event_readers, events, jobs
from earmark.storage.tables.library import (
    end_users,
    folder_recordings,
    folders,
    media,
    recordings,
    segments,
    transcriptions,
)
from earmark.storage.tables.retrieval import (
    HalfVector,
    chunk_vectors,
    chunks,
    postings,
    recording_indexes,
    staged_vectors,
    vector_blocks,
)

__all__ = [
    "CUSTOMER_TABLES",
    "OPERATOR_TABLES",
    "OWNER_COLUMN",
    "SYSTEM_TABLES",
    "HalfVector",
    "Int",
    "api_keys",
    "ask_messages",
    "ask_session_recordings",
    "ask_sessions",
    "ask_title_counters",
    "ask_title_grams",
    "ask_turn_events",
    "ask_turn_waiters",
    "audit_events",
    "audit_heads",
    "chunk_vectors",
    "chunks",
    "end_users",
    "event_readers",
    "events",
    "folder_recordings",
    "folders",
    "idempotency_answers",
    "idempotency_records",
    "installation",
    "jobs",
    "media",
    "message_sources",
    "metadata",
    "postings",
    "projects",
    "rate_leases",
    "recording_indexes",
    "recordings",
    "segments",
    "staged_vectors",
    "tenants",
    "transcriptions",
    "usage_days",
    "vector_blocks",
]

SYSTEM_TABLES = frozenset({"event_readers", "installation", "projects", "tenants"})
"""The operator's tables: without customers' data and without a tenant."""

OPERATOR_TABLES = frozenset({"jobs", "events"})
"""Customers' tables that operator queries may read across tenants: they hold ids and numbers, nobody's words."""

CUSTOMER_TABLES = (frozenset(metadata.tables) | {chunk_vectors.name}) - SYSTEM_TABLES

OWNER_COLUMN: dict[str, str | None] = {
    **dict.fromkeys(("postings", "recording_indexes"), "end_user_no"),
    **dict.fromkeys(("staged_vectors", "vector_blocks", "chunk_vectors"), "end_user_no"),
    **dict.fromkeys(("ask_title_counters", "ask_title_grams", "audit_events", "audit_heads", "rate_leases")),
    **dict.fromkeys(("idempotency_records", "idempotency_answers"), "caller_end_user"),
    "end_users": "id",
}
"""The column with a row's end user, if it isn't `end_user_id`; None: the row belongs to the whole project."""
