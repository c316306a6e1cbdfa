"""Transcripts hold what was repaired when they were imported; recordings, the offset of the place where they were made."""

import sqlalchemy as sa
from alembic import op

revision = '0011_imports'
down_revision = '0010_audit'

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column('transcriptions', sa.Column('warnings_json', sa.Text(), nullable=True))
    op.add_column('transcriptions', sa.Column('warnings_total', INT, server_default='0', nullable=False))
    op.add_column('recordings', sa.Column('recorded_offset_min', INT, nullable=True))
    op.add_column('recordings', sa.Column('recorded_precision', sa.Text(), nullable=True))
