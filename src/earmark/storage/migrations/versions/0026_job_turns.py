"""Indexes by which the end users of a tenant take turns at its jobs, and jobs from a clock's future are found."""

import sqlalchemy as sa
from alembic import op

revision = '0026_job_turns'
down_revision = '0025_shares_as_they_were'

IS_PENDING = sa.text("state = 'pending'")


def upgrade() -> None:
    _of_pending('ix_jobs_turns', ['tenant_id', 'kind', 'priority', 'end_user_id', 'run_us'])
    _of_pending('ix_jobs_created_us', ['created_us'])


def _of_pending(name: str, columns: list[str]) -> None:
    op.create_index(name, 'jobs', columns, unique=False, sqlite_where=IS_PENDING, postgresql_where=IS_PENDING)
