"""Set recordings with a transcript to `completed`, including those with audio."""

from alembic import op

revision = '0007_completed'
down_revision = '0006_vector_counts'


def upgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if is_postgresql:  # else it would hide every row, because no tenant is set
        op.execute("ALTER TABLE recordings NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE recordings SET status = 'completed' WHERE transcription_id IS NOT NULL AND status <> 'completed'")
    if is_postgresql:
        op.execute("ALTER TABLE recordings FORCE ROW LEVEL SECURITY")
