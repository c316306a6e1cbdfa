"""Recordings with a transcript are completed, those with audio too"""

from alembic import op

revision = '0007_completed'
down_revision = '0006_vector_counts'


def upgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if is_postgresql:  # no tenant is set here, and this is about all of them
        op.execute("ALTER TABLE recordings NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE recordings SET status = 'completed' WHERE transcription_id IS NOT NULL AND status <> 'completed'")
    if is_postgresql:
        op.execute("ALTER TABLE recordings FORCE ROW LEVEL SECURITY")
