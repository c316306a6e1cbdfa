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
    ask_word_blocks,
    ask_words,
    message_sources,
    usage_days,
)
from earmark.storage.tables.columns import Int, metadata
from earmark.storage.tables.corrections import original_segments, transcript_changes, transcript_revisions
from earmark.storage.tables.identity import (
    api_keys,
    audit_events,
    audit_heads,
    idempotency_answers,
    idempotency_records,
    idempotency_sources,
    installation,
    projects,
    rate_leases,
    tenants,
)
from earmark.storage.tables.imports import import_files, imports
from earmark.storage.tables.jobs import event_readers, events, jobs
from earmark.storage.tables.library import (
    end_users,
    folder_recordings,
    folders,
    media,
    recordings,
    segments,
    transcript_speakers,
    transcriptions,
)
from earmark.storage.tables.oauth import oauth_clients, oauth_credentials, oauth_grants
from earmark.storage.tables.processing import end_user_configs, project_configs
from earmark.storage.tables.retrieval import (
    HalfVector,
    chunk_vectors,
    chunks,
    postings,
    recording_indexes,
    staged_vectors,
    vector_blocks,
)
from earmark.storage.tables.sharing import shares
from earmark.storage.tables.speech import heard_segments, hearings
from earmark.storage.tables.summaries import summaries, summary_items, summary_templates
from earmark.storage.tables.webhooks import webhook_attempts, webhook_bodies, webhook_deliveries, webhook_endpoints

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
    "ask_word_blocks",
    "ask_words",
    "audit_events",
    "audit_heads",
    "chunk_vectors",
    "chunks",
    "end_user_configs",
    "end_users",
    "event_readers",
    "events",
    "folder_recordings",
    "folders",
    "heard_segments",
    "hearings",
    "idempotency_answers",
    "idempotency_records",
    "idempotency_sources",
    "import_files",
    "imports",
    "installation",
    "jobs",
    "media",
    "message_sources",
    "metadata",
    "oauth_clients",
    "oauth_credentials",
    "oauth_grants",
    "original_segments",
    "postings",
    "project_configs",
    "projects",
    "rate_leases",
    "recording_indexes",
    "recordings",
    "segments",
    "shares",
    "staged_vectors",
    "summaries",
    "summary_items",
    "summary_templates",
    "tenants",
    "transcript_changes",
    "transcript_revisions",
    "transcript_speakers",
    "transcriptions",
    "usage_days",
    "vector_blocks",
    "webhook_attempts",
    "webhook_bodies",
    "webhook_deliveries",
    "webhook_endpoints",
]

SYSTEM_TABLES = frozenset({"event_readers", "installation", "oauth_clients", "projects", "tenants"})
"""The operator's tables: without customers' data and without a tenant."""

OPERATOR_TABLES = frozenset({"jobs", "events", "project_configs", "end_user_configs"})
"""Customers' tables that operator queries may read across tenants: ids, numbers and switches, nobody's words."""

CUSTOMER_TABLES = (frozenset(metadata.tables) | {chunk_vectors.name}) - SYSTEM_TABLES

OWNER_COLUMN: dict[str, str | None] = {
    **dict.fromkeys(("postings", "recording_indexes"), "end_user_no"),
    **dict.fromkeys(("ask_words", "ask_word_blocks"), "end_user_no"),
    **dict.fromkeys(("staged_vectors", "vector_blocks", "chunk_vectors"), "end_user_no"),
    **dict.fromkeys(("ask_title_counters", "ask_title_grams", "audit_events", "audit_heads", "rate_leases")),
    **dict.fromkeys(("webhook_endpoints", "webhook_deliveries", "webhook_attempts")),
    "summary_templates": None,
    "project_configs": None,
    **dict.fromkeys(("idempotency_records", "idempotency_answers", "idempotency_sources"), "caller_end_user"),
    "end_users": "id",
}
"""The column with a row's end user, if it isn't `end_user_id`; None: the row belongs to the whole project."""
