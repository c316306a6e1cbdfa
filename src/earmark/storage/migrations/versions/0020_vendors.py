"""What a speech vendor has of a transcription while it works on it."""

import sqlalchemy as sa
from alembic import op

revision = '0020_vendors'
down_revision = '0019_corrections'


def upgrade() -> None:
    op.add_column('hearings', sa.Column('sent', sa.Text(), nullable=True))
