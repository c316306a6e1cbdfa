"""Segments that a person marked as unclear."""

import sqlalchemy as sa
from alembic import op

revision = '0027_unclear'
down_revision = '0026_job_turns'

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column('segments', sa.Column('is_unclear', INT, nullable=True))
