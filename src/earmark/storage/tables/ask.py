"""Tables of sessions, messages, turns, the title index and usage."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKeyConstraint, Index, LargeBinary, Table, Text

from earmark.storage.tables.columns import Int, Key, metadata, own_id, tenant, to

ask_sessions = Table(
    "ask_sessions",
    metadata,
    tenant(),
    own_id(),
    Column("end_user_id", Key, nullable=False),
    Column("scope_type", Key, nullable=False),
    Column("scope_json", Text, nullable=False),  # forms of JSON: ask/sessions/stored.py
    Column("title", Text, nullable=False),
    Column("title_folded", Text, nullable=False),  # NFC(casefold(NFC(title))), compared with `q`
    Column("title_seq", Int, nullable=False),  # the title's number within the tenant; a new title gets a new one
    Column("is_title_default", Int, nullable=False),  # 1: the first question may replace it
    Column("message_count", Int, nullable=False),
    Column("last_message_us", Int, nullable=False),
    Column("last_model", Text),
    Column("last_provider", Key),
    Column("created_us", Int, nullable=False),
    Column("updated_us", Int, nullable=False),
    Column("import_sha256", Key),  # of the export this session was imported from
    # The running turn, if any; its holder must renew the lease.
    Column("turn_holder", Key),
    Column("turn_message_id", Key),
    Column("turn_expires_us", Int),
    Column("turn_cancel", Int),  # 1: the turn's holder should stop and store the partial answer
    to("end_users", "end_user_id"),
    sa.UniqueConstraint("tenant_id", "end_user_id", "import_sha256"),
    Index(None, "tenant_id", "title_seq", unique=True),
    Index(None, "tenant_id", "last_message_us", "id"),
    Index(None, "tenant_id", "end_user_id", "last_message_us", "id"),
    Index(None, "tenant_id", "scope_type", "last_message_us", "id"),
    Index(None, "tenant_id", "end_user_id", "scope_type", "last_message_us", "id"),
)

ask_session_recordings = Table(
    "ask_session_recordings",  # sessions whose scope has a recording, by activity; outlives the recording
    metadata,
    tenant(),
    Column("session_id", Key, primary_key=True),
    Column("recording_id", Key, primary_key=True),
    Column("end_user_id", Key, nullable=False),
    Column("scope_type", Key, nullable=False),
    Column("last_message_us", Int, nullable=False),
    to("ask_sessions", "session_id"),
    Index(
        "ix_session_recordings_activity", "tenant_id", "recording_id", "end_user_id", "last_message_us", "session_id"
    ),
    # The end user is in the index, so that another end user's recording takes as long as a missing one.
    Index(
        "ix_session_recordings_scope",
        "tenant_id",
        "recording_id",
        "end_user_id",
        "scope_type",
        "last_message_us",
        "session_id",
    ),
    sqlite_with_rowid=False,
)

ask_title_counters = Table(
    "ask_title_counters",  # one row per tenant: the next `title_seq`, and the end of the indexed titles
    metadata,
    tenant(),
    Column("next_seq", Int, nullable=False),
    Column("indexed_seq", Int, nullable=False),
)

ask_title_grams = Table(
    "ask_title_grams",  # trigrams of full blocks of titles; see ask/sessions/title_index.py
    metadata,
    tenant(),
    Column("gram", Key, primary_key=True),
    Column("block", Int, primary_key=True, autoincrement=False),  # starts at title block * 4096
    Column("offsets", LargeBinary, nullable=False),  # little-endian uint16, ascending
    sqlite_with_rowid=False,
)

ask_turn_waiters = Table(
    "ask_turn_waiters",  # queue of sends that wait for the running turn
    metadata,
    tenant(),
    Column("session_id", Key, primary_key=True),
    Column("ticket", Int, primary_key=True, autoincrement=False),
    Column("end_user_id", Key, nullable=False),
    Column("holder", Key, nullable=False),
    Column("expires_us", Int, nullable=False),
    to("ask_sessions", "session_id"),
    sqlite_with_rowid=False,
)

ask_messages = Table(
    "ask_messages",
    metadata,
    tenant(),
    Column("session_id", Key, primary_key=True),
    Column("ordinal", Int, primary_key=True, autoincrement=False),
    Column("id", Key, nullable=False),
    Column("end_user_id", Key, nullable=False),
    Column("role", Key, nullable=False),
    Column("content", Text, nullable=False),
    Column("parts_json", Text, nullable=False),
    Column("input_tokens", Int),
    Column("output_tokens", Int),
    Column("cached_tokens", Int),
    Column("model", Text),
    Column("provider", Key),
    Column("finish_reason", Key),
    Column("answered", Key),  # answers only: yes, partly or no
    Column("dropped_citations", Int),  # external models only: citations that their passages don't support
    Column("created_us", Int, nullable=False),
    Column("word_seq", Int),  # its number in the end user's word index; None: not in it yet
    to("ask_sessions", "session_id"),
    sa.UniqueConstraint("tenant_id", "session_id", "id"),
    Index("ix_ask_messages_time", "tenant_id", "end_user_id", "created_us", "id"),
    Index("ix_ask_messages_word_seq", "tenant_id", "end_user_id", "word_seq", "created_us"),
    sqlite_with_rowid=False,
)

ask_word_blocks = Table(
    "ask_word_blocks",  # one row per end user: how many blocks of messages its word index has
    metadata,
    tenant(),
    Column("end_user_no", Int, primary_key=True, autoincrement=False),
    Column("end_user_id", Key, nullable=False),
    Column("block_count", Int, nullable=False),
    to("end_users", "end_user_id"),
    Index(None, "tenant_id", "end_user_id"),
)

ask_words = Table(
    "ask_words",  # words of messages in blocks; see ask/sessions/word_index.py
    metadata,
    tenant(),
    Column("end_user_no", Int, primary_key=True, autoincrement=False),
    Column("term", Key, primary_key=True),
    Column("block", Int, primary_key=True, autoincrement=False),
    Column("offsets", LargeBinary, nullable=False),  # of `word_seq` in the block, little-endian uint16, ascending
    ForeignKeyConstraint(
        ["tenant_id", "end_user_no"],
        ["ask_word_blocks.tenant_id", "ask_word_blocks.end_user_no"],
        ondelete="CASCADE",
    ),
    sqlite_with_rowid=False,
)

message_sources = Table(
    "message_sources",  # copies of an answer's evidence; deleted with the recording
    metadata,
    tenant(),
    Column("session_id", Key, primary_key=True),
    Column("message_id", Key, primary_key=True),
    Column("rank", Int, primary_key=True, autoincrement=False),
    Column("end_user_id", Key, nullable=False),
    Column("recording_id", Key, nullable=False),
    Column("chunk_json", Text, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "session_id", "message_id"],
        ["ask_messages.tenant_id", "ask_messages.session_id", "ask_messages.id"],
        ondelete="CASCADE",
    ),
    to("recordings", "recording_id"),
    Index(None, "tenant_id", "recording_id"),
    sqlite_with_rowid=False,
)

ask_turn_events = Table(
    "ask_turn_events",  # a turn's streamed events, in batches, until 5 minutes after its end
    metadata,
    tenant(),
    Column("session_id", Key, primary_key=True),
    Column("message_id", Key, primary_key=True),  # the user's
    Column("first_seq", Int, primary_key=True, autoincrement=False),
    Column("end_user_id", Key, nullable=False),
    Column("events_json", Text, nullable=False),  # numbered from first_seq; its form: ask/turns/stored_events.py
    Column("created_us", Int, nullable=False),
    Column("ended_us", Int),  # on the last batch
    ForeignKeyConstraint(
        ["tenant_id", "session_id", "message_id"],
        ["ask_messages.tenant_id", "ask_messages.session_id", "ask_messages.id"],
        ondelete="CASCADE",
    ),
    Index(None, "tenant_id", "created_us"),
    sqlite_with_rowid=False,
)

usage_days = Table(
    "usage_days",  # answers and tokens per day, end user and model; outlives sessions
    metadata,
    tenant(),
    Column("day", Key, primary_key=True),  # YYYY-MM-DD, UTC
    Column("end_user_id", Key, primary_key=True),
    Column("provider", Key, primary_key=True),
    Column("model", Key, primary_key=True),
    Column("answers", Int, nullable=False),
    Column("input_tokens", Int, nullable=False),
    Column("output_tokens", Int, nullable=False),
    Column("cached_tokens", Int, nullable=False),
    to("end_users", "end_user_id"),
    Index(None, "tenant_id", "end_user_id", "day"),
    sqlite_with_rowid=False,
)
