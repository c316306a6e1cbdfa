"""Transcriptions of audio: why one failed, whether a job makes it, how far it is and what was heard so far."""

import sqlalchemy as sa
from alembic import op

from earmark.storage import row_security

revision = '0014_speech'
down_revision = '0013_import_jobs'

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column('transcriptions', sa.Column('error_code', sa.Text(), nullable=True))
    op.add_column('transcriptions', sa.Column('is_heard', INT, server_default='0', nullable=False))
    op.create_table('hearings',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('transcription_id', KEY, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('media_id', KEY, nullable=False),
    sa.Column('job_id', KEY, nullable=False),
    sa.Column('diarization', INT, nullable=False),
    sa.Column('vocabulary_json', sa.Text(), nullable=True),
    sa.Column('language', KEY, nullable=True),
    sa.Column('heard_until_ms', INT, nullable=False),
    sa.Column('progress', sa.Float(), nullable=False),
    sa.Column('decoded_ms', INT, nullable=True),
    sa.Column('is_partial', INT, nullable=False),
    sa.Column('updated_us', INT, nullable=False),
    sa.ForeignKeyConstraint(
        ['tenant_id', 'transcription_id'], ['transcriptions.tenant_id', 'transcriptions.id'],
        name=op.f('fk_hearings_tenant_id_transcription_id'), ondelete='CASCADE',
    ),
    sa.PrimaryKeyConstraint('tenant_id', 'transcription_id', name=op.f('pk_hearings')),
    sqlite_with_rowid=False,
    )
    op.create_table('heard_segments',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('transcription_id', KEY, nullable=False),
    sa.Column('ordinal', INT, autoincrement=False, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('start_ms', INT, nullable=False),
    sa.Column('end_ms', INT, nullable=False),
    sa.Column('speaker', sa.Text(), nullable=True),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('confidence', sa.Float(), nullable=True),
    sa.ForeignKeyConstraint(
        ['tenant_id', 'transcription_id'], ['hearings.tenant_id', 'hearings.transcription_id'],
        name=op.f('fk_heard_segments_tenant_id_transcription_id'), ondelete='CASCADE',
    ),
    sa.PrimaryKeyConstraint('tenant_id', 'transcription_id', 'ordinal', name=op.f('pk_heard_segments')),
    sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        row_security.protect(connection, ["hearings", "heard_segments"])
