"""Every table, in one place, in the order in which data flows.

House rules, checked by `tests/meta/test_tables.py`:
- a table that holds customers' data has `tenant_id` first in its primary key and in every index;
- it has `end_user_id` (or `end_user_no`) unless its rows belong to the whole project;
- only integers, floats, text and bytes, so that no driver converts anything: times are
  microseconds (`*_us`), offsets in audio milliseconds (`*_ms`), JSON is text (`*_json`), flags are 0 or 1.

Ids are compared byte by byte on both databases (`COLLATE "C"` on PostgreSQL).
`end_user_no` and `recording_no` are random 62-bit numbers that stand for the ids in the index
tables, where an id of 28 bytes in each of a million rows would cost more than the posting itself.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Key = Text().with_variant(Text(collation="C"), "postgresql")
"""Ids, terms and whatever else is ordered or looked up by its bytes."""

Int = BigInteger().with_variant(sa.Integer(), "sqlite")


def _tenant() -> Column[int]:
    return Column("tenant_id", Int, primary_key=True, autoincrement=False)


def _id(name: str = "id") -> Column[str]:
    return Column(name, Key, primary_key=True)


def _to(parent: str, *columns: str, parent_columns: tuple[str, ...] | None = None) -> ForeignKeyConstraint:
    """A reference that takes its rows along when the parent goes: deletion really deletes."""
    targets = parent_columns or ("id",)
    return ForeignKeyConstraint(
        ["tenant_id", *columns],
        [f"{parent}.tenant_id", *(f"{parent}.{name}" for name in targets)],
        ondelete="CASCADE",
    )


# ---- the installation ------------------------------------------------------------------------------
installation = Table(
    "installation",
    metadata,
    Column("name", Key, primary_key=True),  # cursor_secret, …
    Column("value", Text, nullable=False),
)

# ---- identity --------------------------------------------------------------------------------------
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

end_users = Table(
    "end_users",
    metadata,
    _tenant(),
    _id(),
    Column("number", Int, nullable=False),
    Column("external_id", Key),
    Column("email", Text),
    Column("name", Text),
    Column("metadata_json", Text),
    Column("created_us", Int, nullable=False),
    Column("updated_us", Int, nullable=False),
    sa.UniqueConstraint("tenant_id", "external_id"),
    sa.UniqueConstraint("tenant_id", "number"),
    Index(None, "tenant_id", "created_us", "id"),
)

api_keys = Table(
    "api_keys",
    metadata,
    _tenant(),
    _id(),
    Column("secret_hash", LargeBinary, nullable=False),  # SHA-256; the key itself carries 256 bits or more
    Column("label", Text),  # what it is for, in the operator's words
    Column("hint", Text, nullable=False),  # last four characters, to tell keys apart
    Column("end_user_id", Key),
    Column("end_user_no", Int),
    Column("scopes_json", Text),  # null: all
    Column("created_us", Int, nullable=False),
    Column("expires_us", Int),
    Column("revoked_us", Int),
    _to("end_users", "end_user_id"),
    Index(None, "tenant_id", "end_user_id"),
    # The one look-up that starts without a tenant: who is calling?
    Index("uq_api_keys_secret_hash", "secret_hash", unique=True),
)

# ---- library ---------------------------------------------------------------------------------------
recordings = Table(
    "recordings",
    metadata,
    _tenant(),
    _id(),
    Column("number", Int, nullable=False),
    Column("end_user_id", Key, nullable=False),
    Column("device_id", Text),
    Column("source", Key, nullable=False),
    Column("name", Text),
    Column("name_folded", Text),
    Column("status", Key, nullable=False),
    Column("duration_ms", Int),
    Column("recorded_us", Int),
    Column("ended_us", Int),
    Column("metadata_json", Text),
    Column("transcription_id", Key),  # the completed one that readers see
    Column("import_sha256", Key),  # of the imported file's bytes: the same file is not imported twice
    Column("created_us", Int, nullable=False),
    Column("updated_us", Int, nullable=False),
    _to("end_users", "end_user_id"),
    sa.UniqueConstraint("tenant_id", "number"),
    sa.UniqueConstraint("tenant_id", "end_user_id", "import_sha256"),
    Index(None, "tenant_id", "created_us", "id"),
    Index(None, "tenant_id", "end_user_id", "created_us", "id"),
)

transcriptions = Table(
    "transcriptions",
    metadata,
    _tenant(),
    _id(),
    Column("recording_id", Key, nullable=False),
    Column("end_user_id", Key, nullable=False),
    Column("status", Key, nullable=False),
    Column("language", Key),
    Column("provider", Key),
    Column("engine", Key, nullable=False),
    Column("word_count", Int),
    Column("confidence", Float),
    Column("duration_ms", Int),
    Column("error_message", Text),
    Column("started_us", Int),
    Column("completed_us", Int),
    Column("created_us", Int, nullable=False),
    Column("updated_us", Int, nullable=False),
    _to("recordings", "recording_id"),
    Index(None, "tenant_id", "created_us", "id"),
    Index(None, "tenant_id", "end_user_id", "created_us", "id"),
    Index(None, "tenant_id", "recording_id", "created_us", "id"),
)

segments = Table(
    "segments",
    metadata,
    _tenant(),
    Column("transcription_id", Key, primary_key=True),
    Column("ordinal", Int, primary_key=True, autoincrement=False),
    Column("end_user_id", Key, nullable=False),
    Column("start_ms", Int, nullable=False),
    Column("end_ms", Int, nullable=False),
    Column("speaker", Text),
    Column("text", Text, nullable=False),
    Column("confidence", Float),
    _to("transcriptions", "transcription_id"),
    sqlite_with_rowid=False,
)

# ---- retrieval -------------------------------------------------------------------------------------
recording_indexes = Table(
    "recording_indexes",  # one row for each indexed recording: what ranking needs of all of them
    metadata,
    _tenant(),
    Column("end_user_no", Int, primary_key=True, autoincrement=False),
    Column("recording_no", Int, primary_key=True, autoincrement=False),
    Column("recording_id", Key, nullable=False),
    Column("transcription_id", Key, nullable=False),
    Column("embedder", Key, nullable=False),
    Column("language", Key),
    Column("chunk_count", Int, nullable=False),
    Column("chunk_lengths", LargeBinary, nullable=False),  # terms in each chunk, little-endian uint32
    _to("recordings", "recording_id"),
    Index(None, "tenant_id", "recording_id"),
    sqlite_with_rowid=False,
)

vector_blocks = Table(
    "vector_blocks",  # apart from the row above, so that reading statistics does not read vectors
    metadata,
    _tenant(),
    Column("end_user_no", Int, primary_key=True, autoincrement=False),
    Column("recording_no", Int, primary_key=True, autoincrement=False),
    Column("vectors", LargeBinary, nullable=False),  # int8, chunk_count x dimensions
    ForeignKeyConstraint(
        ["tenant_id", "end_user_no", "recording_no"],
        ["recording_indexes.tenant_id", "recording_indexes.end_user_no", "recording_indexes.recording_no"],
        ondelete="CASCADE",
    ),
)

chunks = Table(
    "chunks",
    metadata,
    _tenant(),
    Column("recording_id", Key, primary_key=True),
    Column("ordinal", Int, primary_key=True, autoincrement=False),
    Column("end_user_id", Key, nullable=False),
    Column("id", Key, nullable=False),
    Column("first_segment", Int, nullable=False),
    Column("last_segment", Int, nullable=False),
    Column("start_ms", Int, nullable=False),
    Column("end_ms", Int, nullable=False),
    Column("speaker", Text),
    _to("recordings", "recording_id"),
    sqlite_with_rowid=False,
)

postings = Table(
    "postings",
    metadata,
    _tenant(),
    Column("end_user_no", Int, primary_key=True, autoincrement=False),
    Column("term", Key, primary_key=True),
    Column("recording_no", Int, primary_key=True, autoincrement=False),
    Column("occurrences", LargeBinary, nullable=False),  # (chunk ordinal, term frequency) pairs, packed
    ForeignKeyConstraint(
        ["tenant_id", "end_user_no", "recording_no"],
        ["recording_indexes.tenant_id", "recording_indexes.end_user_no", "recording_indexes.recording_no"],
        ondelete="CASCADE",
    ),
    Index(None, "tenant_id", "end_user_no", "recording_no"),
    sqlite_with_rowid=False,
)

# ---- ask -------------------------------------------------------------------------------------------
ask_sessions = Table(
    "ask_sessions",
    metadata,
    _tenant(),
    _id(),
    Column("end_user_id", Key, nullable=False),
    Column("scope_type", Key, nullable=False),
    Column("scope_json", Text, nullable=False),  # {"recording_ids": […], "recording_title": …}
    Column("title", Text, nullable=False),
    Column("title_folded", Text, nullable=False),  # NFC(casefold(NFC(title))), what `q` is compared with
    Column("title_seq", Int, nullable=False),  # numbers the tenant's titles; a new title takes a new one
    Column("is_title_default", Int, nullable=False),  # 1: the first question may replace it
    Column("message_count", Int, nullable=False),
    Column("last_message_us", Int, nullable=False),
    Column("last_model", Text),
    Column("last_provider", Key),
    Column("created_us", Int, nullable=False),
    Column("updated_us", Int, nullable=False),
    Column("import_sha256", Key),  # of the export this session was imported from
    # The turn that runs now, if any: its holder must renew the lease or lose it.
    Column("turn_holder", Key),
    Column("turn_message_id", Key),
    Column("turn_expires_us", Int),
    _to("end_users", "end_user_id"),
    sa.UniqueConstraint("tenant_id", "end_user_id", "import_sha256"),
    Index(None, "tenant_id", "title_seq", unique=True),
    Index(None, "tenant_id", "last_message_us", "id"),
    Index(None, "tenant_id", "end_user_id", "last_message_us", "id"),
    Index(None, "tenant_id", "scope_type", "last_message_us", "id"),
    Index(None, "tenant_id", "end_user_id", "scope_type", "last_message_us", "id"),
)

ask_session_recordings = Table(
    "ask_session_recordings",  # which sessions name a recording, newest activity first; outlives the recording
    metadata,
    _tenant(),
    Column("session_id", Key, primary_key=True),
    Column("recording_id", Key, primary_key=True),
    Column("end_user_id", Key, nullable=False),
    Column("scope_type", Key, nullable=False),
    Column("last_message_us", Int, nullable=False),
    _to("ask_sessions", "session_id"),
    Index("ix_session_recordings_activity", "tenant_id", "recording_id", "last_message_us", "session_id"),
    Index(
        "ix_session_recordings_scope",
        "tenant_id",
        "recording_id",
        "scope_type",
        "last_message_us",
        "session_id",
    ),
    sqlite_with_rowid=False,
)

ask_title_counters = Table(
    "ask_title_counters",  # one row a tenant: the next `title_seq`, and up to which titles are indexed
    metadata,
    _tenant(),
    Column("next_seq", Int, nullable=False),
    Column("indexed_seq", Int, nullable=False),
)

ask_title_grams = Table(
    "ask_title_grams",  # trigrams of full blocks of titles; see ask/title_index.py
    metadata,
    _tenant(),
    Column("gram", Key, primary_key=True),
    Column("block", Int, primary_key=True, autoincrement=False),  # titles block * 4096 and on
    Column("offsets", LargeBinary, nullable=False),  # little-endian uint16, ascending
    sqlite_with_rowid=False,
)

ask_turn_waiters = Table(
    "ask_turn_waiters",  # sends that wait for the running turn, in order of arrival
    metadata,
    _tenant(),
    Column("session_id", Key, primary_key=True),
    Column("ticket", Int, primary_key=True, autoincrement=False),
    Column("end_user_id", Key, nullable=False),
    Column("holder", Key, nullable=False),
    Column("expires_us", Int, nullable=False),
    _to("ask_sessions", "session_id"),
    sqlite_with_rowid=False,
)

ask_messages = Table(
    "ask_messages",
    metadata,
    _tenant(),
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
    Column("created_us", Int, nullable=False),
    _to("ask_sessions", "session_id"),
    sa.UniqueConstraint("tenant_id", "session_id", "id"),
    sqlite_with_rowid=False,
)

message_sources = Table(
    "message_sources",  # the evidence an answer was given, as it was; goes with its recording
    metadata,
    _tenant(),
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
    _to("recordings", "recording_id"),
    Index(None, "tenant_id", "recording_id"),
    sqlite_with_rowid=False,
)

SYSTEM_TABLES = frozenset({"installation", "projects", "tenants"})
"""Tables of the operator: no customer's data, no tenant."""

CUSTOMER_TABLES = (frozenset(metadata.tables) | {"chunk_vectors"}) - SYSTEM_TABLES

OWNER_COLUMN: dict[str, str | None] = {
    **dict.fromkeys(("postings", "recording_indexes", "vector_blocks", "chunk_vectors"), "end_user_no"),
    **dict.fromkeys(("ask_title_counters", "ask_title_grams")),
    "end_users": "id",
}
"""The column that says whose a row is, where it isn't `end_user_id`; None: the whole project's."""
