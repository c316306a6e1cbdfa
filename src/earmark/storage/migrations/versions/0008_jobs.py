"""Jobs, events and their readers; transcriptions that wait for their index become jobs."""

import json
import secrets
import time

import sqlalchemy as sa
from alembic import op

from earmark.storage import row_security

revision = '0008_jobs'
down_revision = '0007_completed'

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _partial(name: str, columns: list[str], where: str, *, unique: bool = False, table: str = "jobs") -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    op.create_table('jobs',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('id', KEY, nullable=False),
    sa.Column('end_user_id', KEY, nullable=True),
    sa.Column('kind', KEY, nullable=False),
    sa.Column('subject_id', KEY, nullable=True),
    sa.Column('payload_json', sa.Text(), nullable=False),
    sa.Column('state', KEY, nullable=False),
    sa.Column('priority', INT, nullable=False),
    sa.Column('run_us', INT, nullable=False),
    sa.Column('unique_key', KEY, nullable=True),
    sa.Column('attempts', INT, nullable=False),
    sa.Column('losses', INT, nullable=False),
    sa.Column('fence', INT, nullable=False),
    sa.Column('lease_owner', KEY, nullable=True),
    sa.Column('lease_host', KEY, nullable=True),
    sa.Column('lease_us', INT, nullable=True),
    sa.Column('cancel_us', INT, nullable=True),
    sa.Column('progress', sa.Float(), nullable=False),
    sa.Column('error_code', sa.Text(), nullable=True),
    sa.Column('created_us', INT, nullable=False),
    sa.Column('started_us', INT, nullable=True),
    sa.Column('ended_us', INT, nullable=True),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name=op.f('pk_jobs'))
    )
    _partial('uq_jobs_unique_key', ['tenant_id', 'unique_key'], "state IN ('pending', 'running')", unique=True)
    _partial('ix_jobs_pending', ['tenant_id', 'kind', 'priority', 'run_us'], "state = 'pending'")
    _partial('ix_jobs_running', ['tenant_id', 'lease_us'], "state = 'running'")
    op.create_index('ix_jobs_subject_id', 'jobs', ['tenant_id', 'subject_id'], unique=False)
    op.create_index('ix_jobs_ended_us', 'jobs', ['tenant_id', 'ended_us'], unique=False)
    op.create_table('events',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('id', KEY, nullable=False),
    sa.Column('end_user_id', KEY, nullable=True),
    sa.Column('type', KEY, nullable=False),
    sa.Column('subject_id', KEY, nullable=True),
    sa.Column('data_json', sa.Text(), nullable=False),
    sa.Column('created_us', INT, nullable=False),
    sa.Column('position', INT, nullable=True),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name=op.f('pk_events'))
    )
    op.create_index('ix_events_position', 'events', ['position'], unique=True)
    _partial('ix_events_unplaced', ['created_us'], "position IS NULL", table='events')
    op.create_index('ix_events_subject_id', 'events', ['tenant_id', 'subject_id'], unique=False)
    op.create_index('ix_events_end_user_id', 'events', ['tenant_id', 'end_user_id'], unique=False)
    op.create_index('ix_events_created_us', 'events', ['tenant_id', 'created_us'], unique=False)
    op.create_table('event_readers',
    sa.Column('name', KEY, nullable=False),
    sa.Column('position', INT, nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_event_readers'))
    )
    _enqueue_unindexed()
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        row_security.protect_shared(connection, ["jobs", "events"])


def _enqueue_unindexed() -> None:
    """Transcripts whose words are stored and not yet indexed: the server that began it had no job for it."""
    connection = op.get_bind()
    is_postgresql = connection.dialect.name == "postgresql"
    if is_postgresql:  # no tenant is set here, and this is about all of them
        op.execute("ALTER TABLE transcriptions NO FORCE ROW LEVEL SECURITY")
    found = connection.execute(sa.text(
        "SELECT tenant_id, end_user_id, recording_id, id FROM transcriptions WHERE status = 'processing'"
    )).all()
    if is_postgresql:
        op.execute("ALTER TABLE transcriptions FORCE ROW LEVEL SECURITY")
    now_us = time.time_ns() // 1_000
    for tenant_id, end_user_id, recording_id, transcription_id in found:
        connection.execute(
            sa.text(
                "INSERT INTO jobs (tenant_id, id, end_user_id, kind, subject_id, payload_json, state, priority, run_us,"
                " unique_key, attempts, losses, fence, progress, created_us) VALUES (:tenant_id, :id, :end_user_id,"
                " 'transcript.index', :subject_id, :payload_json, 'pending', 0, :now_us, :unique_key, 0, 0, 0, 0, :now_us)"
            ),
            {
                "tenant_id": tenant_id, "id": f"job_{secrets.token_hex(12)}", "end_user_id": end_user_id,
                "subject_id": recording_id, "payload_json": json.dumps({"transcription_id": transcription_id}),
                "unique_key": f"transcript.index:{transcription_id}", "now_us": now_us,
            },
        )
