"""The number of vectors of each chunk."""

import sqlalchemy as sa
from alembic import op

revision = '0006_vector_counts'
down_revision = '0005_answered'


def upgrade() -> None:
    op.add_column('recording_indexes', sa.Column('vector_counts', sa.LargeBinary(), nullable=True))
    op.add_column('staged_vectors', sa.Column('vector_counts', sa.LargeBinary(), nullable=True))
