"""What is newest by a sequence (a recording's transcriptions, its uploads, events), and its current audio by its id."""

import sqlalchemy as sa
from alembic import op

revision = '0009_order'
down_revision = '0008_jobs'

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("recordings", "transcriptions", "media")

# A transcription that was replaced while the clock stood back stayed: it goes now, with its words.
DELETE_REPLACED = """
    DELETE FROM transcriptions WHERE status = 'completed' AND EXISTS (
        SELECT 1 FROM recordings WHERE recordings.tenant_id = transcriptions.tenant_id
        AND recordings.id = transcriptions.recording_id AND recordings.transcription_id <> transcriptions.id)
"""
# Two that were made in one microsecond follow their ids, as lists showed them.
NUMBER = """
    UPDATE {table} SET seq = (
        SELECT count(*) FROM {table} AS one WHERE one.tenant_id = {table}.tenant_id
        AND one.recording_id = {table}.recording_id
        AND (one.created_us < {table}.created_us OR (one.created_us = {table}.created_us AND one.id <= {table}.id)))
"""
# The audio is what was verified last: the recording has its digest, and no other of the same was changed later.
NAME_AUDIO = """
    UPDATE recordings SET media_id = (
        SELECT one.id FROM media AS one WHERE one.tenant_id = recordings.tenant_id AND one.recording_id = recordings.id
        AND one.status = 'verified' AND one.sha256 = recordings.content_sha256
        ORDER BY one.updated_us DESC, one.id DESC LIMIT 1)
    WHERE content_sha256 IS NOT NULL
"""
COUNT = """
    UPDATE recordings SET last_seq =
        (SELECT count(*) FROM transcriptions AS one
         WHERE one.tenant_id = recordings.tenant_id AND one.recording_id = recordings.id)
        + (SELECT count(*) FROM media AS one
           WHERE one.tenant_id = recordings.tenant_id AND one.recording_id = recordings.id)
"""


def upgrade() -> None:
    op.add_column('recordings', sa.Column('media_id', KEY, nullable=True))
    op.add_column('recordings', sa.Column('last_seq', INT, server_default='0', nullable=False))
    op.add_column('transcriptions', sa.Column('seq', INT, server_default='0', nullable=False))
    op.add_column('media', sa.Column('seq', INT, server_default='0', nullable=False))
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for table in TABLES if is_postgresql else ():  # no tenant is set here, and this is about all of them
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(DELETE_REPLACED)
    for table in ("transcriptions", "media"):
        op.execute(NUMBER.format(table=table))
    op.execute(NAME_AUDIO)
    op.execute(COUNT)
    for table in TABLES if is_postgresql else ():
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for table in ("transcriptions", "media"):
        op.drop_index(f'ix_{table}_tenant_id_recording_id_created_us_id', table_name=table)
        columns = ['tenant_id', 'recording_id', 'end_user_id', 'seq']
        op.create_index(f'uq_{table}_seq', table, columns, unique=True)
    op.add_column('events', sa.Column('seq', INT, server_default='0', nullable=False))
    op.execute("UPDATE events SET seq = created_us")  # then above the tenant's last, and by the clock if it is
    op.drop_index('ix_events_unplaced', table_name='events')
    unplaced = sa.text("position IS NULL")
    op.create_index('ix_events_unplaced', 'events', ['seq'], sqlite_where=unplaced, postgresql_where=unplaced)
    op.create_index('ix_events_seq', 'events', ['tenant_id', 'seq'])
    # The end user leads to the rows, so that another's folder takes as long as a missing one.
    op.create_index('ix_folder_recordings_end_user', 'folder_recordings', ['tenant_id', 'folder_id', 'end_user_id'])
