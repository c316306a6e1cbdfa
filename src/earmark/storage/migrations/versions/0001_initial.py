"""The first schema: identity, library, retrieval, ask."""

import sqlalchemy as sa
from alembic import op

from earmark.storage import row_security

revision = "0001_initial"
down_revision = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


TENANT_TABLES = [
    "api_keys",
    "ask_messages",
    "ask_session_recordings",
    "ask_sessions",
    "ask_title_counters",
    "ask_title_grams",
    "ask_turn_waiters",
    "chunks",
    "end_users",
    "message_sources",
    "postings",
    "recording_indexes",
    "recordings",
    "segments",
    "transcriptions",
    "vector_blocks",
]


def upgrade() -> None:
    op.create_table(
        "ask_title_counters",
        sa.Column("tenant_id", INT, autoincrement=False, nullable=False),
        sa.Column("next_seq", INT, nullable=False),
        sa.Column("indexed_seq", INT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_ask_title_counters")),
    )
    op.create_table(
        "ask_title_grams",
        sa.Column("tenant_id", INT, autoincrement=False, nullable=False),
        sa.Column("gram", KEY, nullable=False),
        sa.Column("block", INT, autoincrement=False, nullable=False),
        sa.Column("offsets", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "gram", "block", name=op.f("pk_ask_title_grams")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "end_users",
        sa.Column("tenant_id", INT, autoincrement=False, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("number", INT, nullable=False),
        sa.Column("external_id", KEY, nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("metadata_json", sa.Text(), nullable=True),
        sa.Column("created_us", INT, nullable=False),
        sa.Column("updated_us", INT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_end_users")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_end_users_tenant_id_external_id")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_end_users_tenant_id_number")),
    )
    op.create_index(
        op.f("ix_end_users_tenant_id_created_us_id"),
        "end_users",
        ["tenant_id", "created_us", "id"],
        unique=False,
    )
    op.create_table(
        "installation",
        sa.Column("name", KEY, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_installation")),
    )
    op.create_table(
        "projects",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_us", INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
    )
    op.create_table(
        "api_keys",
        sa.Column("tenant_id", INT, autoincrement=False, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("end_user_id", KEY, nullable=True),
        sa.Column("end_user_no", INT, nullable=True),
        sa.Column("scopes_json", sa.Text(), nullable=True),
        sa.Column("created_us", INT, nullable=False),
        sa.Column("expires_us", INT, nullable=True),
        sa.Column("revoked_us", INT, nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "end_user_id"],
            ["end_users.tenant_id", "end_users.id"],
            name=op.f("fk_api_keys_tenant_id_end_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_api_keys")),
    )
    op.create_index(
        op.f("ix_api_keys_tenant_id_end_user_id"), "api_keys", ["tenant_id", "end_user_id"], unique=False
    )
    op.create_index("uq_api_keys_secret_hash", "api_keys", ["secret_hash"], unique=True)
    op.create_table(
        "ask_sessions",
        sa.Column("tenant_id", INT, autoincrement=False, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("end_user_id", KEY, nullable=False),
        sa.Column("scope_type", KEY, nullable=False),
        sa.Column("scope_json", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_folded", sa.Text(), nullable=False),
        sa.Column("title_seq", INT, nullable=False),
        sa.Column("is_title_default", INT, nullable=False),
        sa.Column("message_count", INT, nullable=False),
        sa.Column("last_message_us", INT, nullable=False),
        sa.Column("last_model", sa.Text(), nullable=True),
        sa.Column("last_provider", KEY, nullable=True),
        sa.Column("created_us", INT, nullable=False),
        sa.Column("updated_us", INT, nullable=False),
        sa.Column("import_sha256", KEY, nullable=True),
        sa.Column("turn_holder", KEY, nullable=True),
        sa.Column("turn_message_id", KEY, nullable=True),
        sa.Column("turn_expires_us", INT, nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "end_user_id"],
            ["end_users.tenant_id", "end_users.id"],
            name=op.f("fk_ask_sessions_tenant_id_end_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_ask_sessions")),
        sa.UniqueConstraint(
            "tenant_id",
            "end_user_id",
            "import_sha256",
            name=op.f("uq_ask_sessions_tenant_id_end_user_id_import_sha256"),
        ),
    )
    op.create_index(
        op.f("ix_ask_sessions_tenant_id_end_user_id_last_message_us_id"),
        "ask_sessions",
        ["tenant_id", "end_user_id", "last_message_us", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_ask_sessions_tenant_id_end_user_id_scope_type_last_message_us_id"),
        "ask_sessions",
        ["tenant_id", "end_user_id", "scope_type", "last_message_us", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_ask_sessions_tenant_id_last_message_us_id"),
        "ask_sessions",
        ["tenant_id", "last_message_us", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_ask_sessions_tenant_id_scope_type_last_message_us_id"),
        "ask_sessions",
        ["tenant_id", "scope_type", "last_message_us", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_ask_sessions_tenant_id_title_seq"), "ask_sessions", ["tenant_id", "title_seq"], unique=True
    )
    op.create_table(
        "recordings",
        sa.Column("tenant_id", INT, autoincrement=False, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("number", INT, nullable=False),
        sa.Column("end_user_id", KEY, nullable=False),
        sa.Column("device_id", sa.Text(), nullable=True),
        sa.Column("source", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("name_folded", sa.Text(), nullable=True),
        sa.Column("status", KEY, nullable=False),
        sa.Column("duration_ms", INT, nullable=True),
        sa.Column("recorded_us", INT, nullable=True),
        sa.Column("ended_us", INT, nullable=True),
        sa.Column("metadata_json", sa.Text(), nullable=True),
        sa.Column("transcription_id", KEY, nullable=True),
        sa.Column("import_sha256", KEY, nullable=True),
        sa.Column("created_us", INT, nullable=False),
        sa.Column("updated_us", INT, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "end_user_id"],
            ["end_users.tenant_id", "end_users.id"],
            name=op.f("fk_recordings_tenant_id_end_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_recordings")),
        sa.UniqueConstraint(
            "tenant_id",
            "end_user_id",
            "import_sha256",
            name=op.f("uq_recordings_tenant_id_end_user_id_import_sha256"),
        ),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_recordings_tenant_id_number")),
    )
    op.create_index(
        op.f("ix_recordings_tenant_id_created_us_id"),
        "recordings",
        ["tenant_id", "created_us", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_recordings_tenant_id_end_user_id_created_us_id"),
        "recordings",
        ["tenant_id", "end_user_id", "created_us", "id"],
        unique=False,
    )
    op.create_table(
        "tenants",
        sa.Column("id", INT, autoincrement=False, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("mode", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_tenants_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
        sa.UniqueConstraint("project_id", "mode", name=op.f("uq_tenants_project_id_mode")),
    )
    op.create_table(
        "ask_messages",
        sa.Column("tenant_id", INT, autoincrement=False, nullable=False),
        sa.Column("session_id", KEY, nullable=False),
        sa.Column("ordinal", INT, autoincrement=False, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("end_user_id", KEY, nullable=False),
        sa.Column("role", KEY, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("parts_json", sa.Text(), nullable=False),
        sa.Column("input_tokens", INT, nullable=True),
        sa.Column("output_tokens", INT, nullable=True),
        sa.Column("cached_tokens", INT, nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("provider", KEY, nullable=True),
        sa.Column("finish_reason", KEY, nullable=True),
        sa.Column("created_us", INT, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "session_id"],
            ["ask_sessions.tenant_id", "ask_sessions.id"],
            name=op.f("fk_ask_messages_tenant_id_session_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "session_id", "ordinal", name=op.f("pk_ask_messages")),
        sa.UniqueConstraint(
            "tenant_id", "session_id", "id", name=op.f("uq_ask_messages_tenant_id_session_id_id")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ask_session_recordings",
        sa.Column("tenant_id", INT, autoincrement=False, nullable=False),
        sa.Column("session_id", KEY, nullable=False),
        sa.Column("recording_id", KEY, nullable=False),
        sa.Column("end_user_id", KEY, nullable=False),
        sa.Column("scope_type", KEY, nullable=False),
        sa.Column("last_message_us", INT, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "session_id"],
            ["ask_sessions.tenant_id", "ask_sessions.id"],
            name=op.f("fk_ask_session_recordings_tenant_id_session_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "session_id", "recording_id", name=op.f("pk_ask_session_recordings")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_session_recordings_activity",
        "ask_session_recordings",
        ["tenant_id", "recording_id", "end_user_id", "last_message_us", "session_id"],
        unique=False,
    )
    op.create_index(
        "ix_session_recordings_scope",
        "ask_session_recordings",
        ["tenant_id", "recording_id", "end_user_id", "scope_type", "last_message_us", "session_id"],
        unique=False,
    )
    op.create_table(
        "ask_turn_waiters",
        sa.Column("tenant_id", INT, autoincrement=False, nullable=False),
        sa.Column("session_id", KEY, nullable=False),
        sa.Column("ticket", INT, autoincrement=False, nullable=False),
        sa.Column("end_user_id", KEY, nullable=False),
        sa.Column("holder", KEY, nullable=False),
        sa.Column("expires_us", INT, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "session_id"],
            ["ask_sessions.tenant_id", "ask_sessions.id"],
            name=op.f("fk_ask_turn_waiters_tenant_id_session_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "session_id", "ticket", name=op.f("pk_ask_turn_waiters")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "chunks",
        sa.Column("tenant_id", INT, autoincrement=False, nullable=False),
        sa.Column("recording_id", KEY, nullable=False),
        sa.Column("ordinal", INT, autoincrement=False, nullable=False),
        sa.Column("end_user_id", KEY, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("first_segment", INT, nullable=False),
        sa.Column("last_segment", INT, nullable=False),
        sa.Column("start_ms", INT, nullable=False),
        sa.Column("end_ms", INT, nullable=False),
        sa.Column("speaker", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "recording_id"],
            ["recordings.tenant_id", "recordings.id"],
            name=op.f("fk_chunks_tenant_id_recording_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "recording_id", "ordinal", name=op.f("pk_chunks")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "recording_indexes",
        sa.Column("tenant_id", INT, autoincrement=False, nullable=False),
        sa.Column("end_user_no", INT, autoincrement=False, nullable=False),
        sa.Column("recording_no", INT, autoincrement=False, nullable=False),
        sa.Column("recording_id", KEY, nullable=False),
        sa.Column("transcription_id", KEY, nullable=False),
        sa.Column("embedder", KEY, nullable=False),
        sa.Column("language", KEY, nullable=True),
        sa.Column("chunk_count", INT, nullable=False),
        sa.Column("chunk_lengths", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "recording_id"],
            ["recordings.tenant_id", "recordings.id"],
            name=op.f("fk_recording_indexes_tenant_id_recording_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "end_user_no", "recording_no", name=op.f("pk_recording_indexes")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_recording_indexes_tenant_id_recording_id"),
        "recording_indexes",
        ["tenant_id", "recording_id"],
        unique=False,
    )
    op.create_table(
        "transcriptions",
        sa.Column("tenant_id", INT, autoincrement=False, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("recording_id", KEY, nullable=False),
        sa.Column("end_user_id", KEY, nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("language", KEY, nullable=True),
        sa.Column("provider", KEY, nullable=True),
        sa.Column("engine", KEY, nullable=False),
        sa.Column("word_count", INT, nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("duration_ms", INT, nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("started_us", INT, nullable=True),
        sa.Column("completed_us", INT, nullable=True),
        sa.Column("created_us", INT, nullable=False),
        sa.Column("updated_us", INT, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "recording_id"],
            ["recordings.tenant_id", "recordings.id"],
            name=op.f("fk_transcriptions_tenant_id_recording_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_transcriptions")),
    )
    op.create_index(
        op.f("ix_transcriptions_tenant_id_created_us_id"),
        "transcriptions",
        ["tenant_id", "created_us", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_transcriptions_tenant_id_end_user_id_created_us_id"),
        "transcriptions",
        ["tenant_id", "end_user_id", "created_us", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_transcriptions_tenant_id_recording_id_created_us_id"),
        "transcriptions",
        ["tenant_id", "recording_id", "created_us", "id"],
        unique=False,
    )
    op.create_table(
        "message_sources",
        sa.Column("tenant_id", INT, autoincrement=False, nullable=False),
        sa.Column("session_id", KEY, nullable=False),
        sa.Column("message_id", KEY, nullable=False),
        sa.Column("rank", INT, autoincrement=False, nullable=False),
        sa.Column("end_user_id", KEY, nullable=False),
        sa.Column("recording_id", KEY, nullable=False),
        sa.Column("chunk_json", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "recording_id"],
            ["recordings.tenant_id", "recordings.id"],
            name=op.f("fk_message_sources_tenant_id_recording_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "session_id", "message_id"],
            ["ask_messages.tenant_id", "ask_messages.session_id", "ask_messages.id"],
            name=op.f("fk_message_sources_tenant_id_session_id_message_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "session_id", "message_id", "rank", name=op.f("pk_message_sources")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_message_sources_tenant_id_recording_id"),
        "message_sources",
        ["tenant_id", "recording_id"],
        unique=False,
    )
    op.create_table(
        "postings",
        sa.Column("tenant_id", INT, autoincrement=False, nullable=False),
        sa.Column("end_user_no", INT, autoincrement=False, nullable=False),
        sa.Column("term", KEY, nullable=False),
        sa.Column("recording_no", INT, autoincrement=False, nullable=False),
        sa.Column("occurrences", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "end_user_no", "recording_no"],
            [
                "recording_indexes.tenant_id",
                "recording_indexes.end_user_no",
                "recording_indexes.recording_no",
            ],
            name=op.f("fk_postings_tenant_id_end_user_no_recording_no"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "end_user_no", "term", "recording_no", name=op.f("pk_postings")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_postings_tenant_id_end_user_no_recording_no"),
        "postings",
        ["tenant_id", "end_user_no", "recording_no"],
        unique=False,
    )
    op.create_table(
        "segments",
        sa.Column("tenant_id", INT, autoincrement=False, nullable=False),
        sa.Column("transcription_id", KEY, nullable=False),
        sa.Column("ordinal", INT, autoincrement=False, nullable=False),
        sa.Column("end_user_id", KEY, nullable=False),
        sa.Column("start_ms", INT, nullable=False),
        sa.Column("end_ms", INT, nullable=False),
        sa.Column("speaker", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "transcription_id"],
            ["transcriptions.tenant_id", "transcriptions.id"],
            name=op.f("fk_segments_tenant_id_transcription_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "transcription_id", "ordinal", name=op.f("pk_segments")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "vector_blocks",
        sa.Column("tenant_id", INT, autoincrement=False, nullable=False),
        sa.Column("end_user_no", INT, autoincrement=False, nullable=False),
        sa.Column("recording_no", INT, autoincrement=False, nullable=False),
        sa.Column("vectors", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "end_user_no", "recording_no"],
            [
                "recording_indexes.tenant_id",
                "recording_indexes.end_user_no",
                "recording_indexes.recording_no",
            ],
            name=op.f("fk_vector_blocks_tenant_id_end_user_no_recording_no"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "end_user_no", "recording_no", name=op.f("pk_vector_blocks")),
    )

    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        row_security.protect(connection, TENANT_TABLES)
        row_security.create_credential_lookup(connection)
        row_security.create_chunk_vectors(connection)
