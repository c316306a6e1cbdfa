"""Imports of a whole project are listed newest first."""

from alembic import op

revision = '0024_imports_list'
down_revision = '0023_finding'


def upgrade() -> None:
    op.create_index(
        op.f('ix_imports_tenant_id_created_us_id'), 'imports', ['tenant_id', 'created_us', 'id'], unique=False
    )
