"""A shared chat keeps its title and its last answer as they were."""

import sqlalchemy as sa
from alembic import op

revision = '0025_shares_as_they_were'
down_revision = '0024_imports_list'

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column('shares', sa.Column('last_message_id', KEY, nullable=True))
    op.add_column('shares', sa.Column('title', sa.Text(), nullable=True))
