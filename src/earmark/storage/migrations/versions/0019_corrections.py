"""Corrections of transcripts: revisions, what was there before, who changed what, and who speaks how much."""

import sqlalchemy as sa
from alembic import op

from earmark.storage import row_security

revision = '0019_corrections'
down_revision = '0018_processing'

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ["transcript_speakers", "original_segments", "transcript_revisions", "transcript_changes"]

COUNT_SPEAKERS = """
INSERT INTO transcript_speakers (tenant_id, transcription_id, name, end_user_id, segment_count, spoken_ms)
SELECT tenant_id, transcription_id, speaker, end_user_id, COUNT(*), SUM(end_ms - start_ms)
FROM segments WHERE speaker IS NOT NULL
GROUP BY tenant_id, transcription_id, speaker, end_user_id
"""


def upgrade() -> None:
    op.add_column('transcriptions', sa.Column('revision', INT, server_default='1', nullable=False))
    op.add_column('recording_indexes', sa.Column('revision', INT, server_default='1', nullable=False))
    op.create_table('transcript_speakers',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('transcription_id', KEY, nullable=False),
    sa.Column('name', KEY, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('segment_count', INT, nullable=False),
    sa.Column('spoken_ms', INT, nullable=False),
    sa.ForeignKeyConstraint(
        ['tenant_id', 'transcription_id'], ['transcriptions.tenant_id', 'transcriptions.id'],
        name=op.f('fk_transcript_speakers_tenant_id_transcription_id'), ondelete='CASCADE',
    ),
    sa.PrimaryKeyConstraint('tenant_id', 'transcription_id', 'name', name=op.f('pk_transcript_speakers')),
    sqlite_with_rowid=False,
    )
    op.create_index(
        op.f('ix_transcript_speakers_name'), 'transcript_speakers', ['tenant_id', 'end_user_id', 'name'], unique=False
    )
    op.create_table('original_segments',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('transcription_id', KEY, nullable=False),
    sa.Column('ordinal', INT, autoincrement=False, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('speaker', sa.Text(), nullable=True),
    sa.Column('text', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(
        ['tenant_id', 'transcription_id'], ['transcriptions.tenant_id', 'transcriptions.id'],
        name=op.f('fk_original_segments_tenant_id_transcription_id'), ondelete='CASCADE',
    ),
    sa.PrimaryKeyConstraint('tenant_id', 'transcription_id', 'ordinal', name=op.f('pk_original_segments')),
    sqlite_with_rowid=False,
    )
    op.create_table('transcript_revisions',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('transcription_id', KEY, nullable=False),
    sa.Column('revision', INT, autoincrement=False, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('actor', KEY, nullable=False),
    sa.Column('made', KEY, nullable=True),
    sa.Column('change_count', INT, nullable=False),
    sa.Column('created_us', INT, nullable=False),
    sa.ForeignKeyConstraint(
        ['tenant_id', 'transcription_id'], ['transcriptions.tenant_id', 'transcriptions.id'],
        name=op.f('fk_transcript_revisions_tenant_id_transcription_id'), ondelete='CASCADE',
    ),
    sa.PrimaryKeyConstraint('tenant_id', 'transcription_id', 'revision', name=op.f('pk_transcript_revisions')),
    sqlite_with_rowid=False,
    )
    op.create_table('transcript_changes',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('transcription_id', KEY, nullable=False),
    sa.Column('revision', INT, autoincrement=False, nullable=False),
    sa.Column('ordinal', INT, autoincrement=False, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('kind', KEY, nullable=False),
    sa.Column('segment', INT, nullable=True),
    sa.Column('segment_count', INT, nullable=False),
    sa.Column('old_value', sa.Text(), nullable=True),
    sa.Column('new_value', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(
        ['tenant_id', 'transcription_id', 'revision'],
        ['transcript_revisions.tenant_id', 'transcript_revisions.transcription_id', 'transcript_revisions.revision'],
        name=op.f('fk_transcript_changes_tenant_id_transcription_id'), ondelete='CASCADE',
    ),
    sa.PrimaryKeyConstraint(
        'tenant_id', 'transcription_id', 'revision', 'ordinal', name=op.f('pk_transcript_changes')
    ),
    sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    is_postgresql = connection.dialect.name == "postgresql"
    if is_postgresql:  # no tenant is set here, and this is about all of them
        op.execute("ALTER TABLE segments NO FORCE ROW LEVEL SECURITY")
    op.execute(COUNT_SPEAKERS)
    if is_postgresql:
        op.execute("ALTER TABLE segments FORCE ROW LEVEL SECURITY")
        row_security.protect(connection, TABLES)
