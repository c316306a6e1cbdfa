"""Folders, media, retried requests, audit, turn events, usage."""

import sqlalchemy as sa
from alembic import op

from earmark.storage import row_security

revision = '0002_trust_and_turns'
down_revision = '0001_initial'

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

TENANT_TABLES = [
    "ask_turn_events",
    "audit_events",
    "folder_recordings",
    "folders",
    "idempotency_answers",
    "idempotency_records",
    "media",
    "usage_days",
]


def upgrade() -> None:
    op.create_table('audit_events',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('id', KEY, nullable=False),
    sa.Column('at_us', INT, nullable=False),
    sa.Column('actor', KEY, nullable=False),
    sa.Column('action', KEY, nullable=False),
    sa.Column('object_id', KEY, nullable=True),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name=op.f('pk_audit_events'))
    )
    op.create_index(op.f('ix_audit_events_tenant_id_at_us_id'), 'audit_events', ['tenant_id', 'at_us', 'id'], unique=False)
    op.create_table('idempotency_records',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('caller_end_user', KEY, nullable=False),
    sa.Column('method', KEY, nullable=False),
    sa.Column('path', KEY, nullable=False),
    sa.Column('key', KEY, nullable=False),
    sa.Column('request_sha256', sa.LargeBinary(), nullable=False),
    sa.Column('made', KEY, nullable=False),
    sa.Column('session_id', KEY, nullable=True),
    sa.Column('status', INT, nullable=True),
    sa.Column('holder', KEY, nullable=True),
    sa.Column('lease_us', INT, nullable=True),
    sa.Column('created_us', INT, nullable=False),
    sa.PrimaryKeyConstraint('tenant_id', 'caller_end_user', 'method', 'path', 'key', name=op.f('pk_idempotency_records'))
    )
    op.create_index(op.f('ix_idempotency_records_tenant_id_created_us'), 'idempotency_records', ['tenant_id', 'created_us'], unique=False)
    op.create_table('folders',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('id', KEY, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('created_us', INT, nullable=False),
    sa.Column('updated_us', INT, nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'end_user_id'], ['end_users.tenant_id', 'end_users.id'], name=op.f('fk_folders_tenant_id_end_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name=op.f('pk_folders'))
    )
    op.create_index(op.f('ix_folders_tenant_id_created_us_id'), 'folders', ['tenant_id', 'created_us', 'id'], unique=False)
    op.create_index(op.f('ix_folders_tenant_id_end_user_id_created_us_id'), 'folders', ['tenant_id', 'end_user_id', 'created_us', 'id'], unique=False)
    op.create_table('usage_days',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('day', KEY, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('provider', KEY, nullable=False),
    sa.Column('model', KEY, nullable=False),
    sa.Column('answers', INT, nullable=False),
    sa.Column('input_tokens', INT, nullable=False),
    sa.Column('output_tokens', INT, nullable=False),
    sa.Column('cached_tokens', INT, nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'end_user_id'], ['end_users.tenant_id', 'end_users.id'], name=op.f('fk_usage_days_tenant_id_end_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'day', 'end_user_id', 'provider', 'model', name=op.f('pk_usage_days')),
    sqlite_with_rowid=False
    )
    op.create_index(op.f('ix_usage_days_tenant_id_end_user_id_day'), 'usage_days', ['tenant_id', 'end_user_id', 'day'], unique=False)
    op.create_table('folder_recordings',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('folder_id', KEY, nullable=False),
    sa.Column('recording_id', KEY, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('added_us', INT, nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'folder_id'], ['folders.tenant_id', 'folders.id'], name=op.f('fk_folder_recordings_tenant_id_folder_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id', 'recording_id'], ['recordings.tenant_id', 'recordings.id'], name=op.f('fk_folder_recordings_tenant_id_recording_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'folder_id', 'recording_id', name=op.f('pk_folder_recordings')),
    sqlite_with_rowid=False
    )
    op.create_index(op.f('ix_folder_recordings_tenant_id_recording_id'), 'folder_recordings', ['tenant_id', 'recording_id'], unique=False)
    op.create_table('idempotency_answers',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('caller_end_user', KEY, nullable=False),
    sa.Column('method', KEY, nullable=False),
    sa.Column('path', KEY, nullable=False),
    sa.Column('key', KEY, nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('about_end_user_id', KEY, nullable=True),
    sa.Column('about_session_id', KEY, nullable=True),
    sa.Column('about_recording_id', KEY, nullable=True),
    sa.ForeignKeyConstraint(['tenant_id', 'about_end_user_id'], ['end_users.tenant_id', 'end_users.id'], name=op.f('fk_idempotency_answers_tenant_id_about_end_user_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id', 'about_recording_id'], ['recordings.tenant_id', 'recordings.id'], name=op.f('fk_idempotency_answers_tenant_id_about_recording_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id', 'about_session_id'], ['ask_sessions.tenant_id', 'ask_sessions.id'], name=op.f('fk_idempotency_answers_tenant_id_about_session_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tenant_id', 'caller_end_user', 'method', 'path', 'key'], ['idempotency_records.tenant_id', 'idempotency_records.caller_end_user', 'idempotency_records.method', 'idempotency_records.path', 'idempotency_records.key'], name='fk_idempotency_answers_record', ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'caller_end_user', 'method', 'path', 'key', name=op.f('pk_idempotency_answers'))
    )
    op.create_index(op.f('ix_idempotency_answers_tenant_id_about_end_user_id'), 'idempotency_answers', ['tenant_id', 'about_end_user_id'], unique=False)
    op.create_index(op.f('ix_idempotency_answers_tenant_id_about_recording_id'), 'idempotency_answers', ['tenant_id', 'about_recording_id'], unique=False)
    op.create_index(op.f('ix_idempotency_answers_tenant_id_about_session_id'), 'idempotency_answers', ['tenant_id', 'about_session_id'], unique=False)
    op.create_table('media',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('id', KEY, nullable=False),
    sa.Column('recording_id', KEY, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('status', KEY, nullable=False),
    sa.Column('content_type', KEY, nullable=False),
    sa.Column('size_bytes', INT, nullable=True),
    sa.Column('sha256', KEY, nullable=True),
    sa.Column('expires_us', INT, nullable=False),
    sa.Column('created_us', INT, nullable=False),
    sa.Column('updated_us', INT, nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'recording_id'], ['recordings.tenant_id', 'recordings.id'], name=op.f('fk_media_tenant_id_recording_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name=op.f('pk_media'))
    )
    op.create_index(op.f('ix_media_tenant_id_recording_id_created_us_id'), 'media', ['tenant_id', 'recording_id', 'created_us', 'id'], unique=False)
    op.create_index(op.f('ix_media_tenant_id_status_expires_us'), 'media', ['tenant_id', 'status', 'expires_us'], unique=False)
    op.create_table('ask_turn_events',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('session_id', KEY, nullable=False),
    sa.Column('message_id', KEY, nullable=False),
    sa.Column('first_seq', INT, autoincrement=False, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('events_json', sa.Text(), nullable=False),
    sa.Column('created_us', INT, nullable=False),
    sa.Column('ended_us', INT, nullable=True),
    sa.ForeignKeyConstraint(['tenant_id', 'session_id', 'message_id'], ['ask_messages.tenant_id', 'ask_messages.session_id', 'ask_messages.id'], name=op.f('fk_ask_turn_events_tenant_id_session_id_message_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'session_id', 'message_id', 'first_seq', name=op.f('pk_ask_turn_events')),
    sqlite_with_rowid=False
    )
    op.create_index(op.f('ix_ask_turn_events_tenant_id_created_us'), 'ask_turn_events', ['tenant_id', 'created_us'], unique=False)
    op.add_column('api_keys', sa.Column('kind', KEY, server_default='key', nullable=False))
    op.add_column('api_keys', sa.Column('last_used_us', INT, nullable=True))
    op.add_column('ask_sessions', sa.Column('turn_cancel', INT, nullable=True))
    op.add_column('recordings', sa.Column('content_sha256', KEY, nullable=True))
    op.add_column('recordings', sa.Column('content_sha256_verified_us', INT, nullable=True))
    op.add_column('recordings', sa.Column('file_size_bytes', INT, nullable=True))

    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        row_security.protect(connection, TENANT_TABLES)
    else:
        _make_append_only("audit_events")


def _make_append_only(table: str) -> None:
    """Rows are added and never touched again; on PostgreSQL the server's role lacks those rights."""
    for change in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{change} BEFORE {change.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
