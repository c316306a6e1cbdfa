"""Imports over HTTP: the upload, and what became of each of its files."""

import sqlalchemy as sa
from alembic import op

from earmark.storage import row_security

revision = '0013_import_jobs'
down_revision = '0012_idempotency_sources'

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table('imports',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('id', KEY, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('status', KEY, nullable=False),
    sa.Column('file_name', sa.Text(), nullable=False),
    sa.Column('folder_id', KEY, nullable=True),
    sa.Column('makes_folders', INT, nullable=False),
    sa.Column('size_bytes', INT, nullable=True),
    sa.Column('sha256', KEY, nullable=True),
    sa.Column('error_message', sa.Text(), nullable=True),
    sa.Column('progress', sa.Float(), nullable=False),
    sa.Column('groups_done', INT, nullable=False),
    sa.Column('expires_us', INT, nullable=False),
    sa.Column('created_us', INT, nullable=False),
    sa.Column('updated_us', INT, nullable=False),
    sa.Column('completed_us', INT, nullable=True),
    sa.ForeignKeyConstraint(
        ['tenant_id', 'end_user_id'], ['end_users.tenant_id', 'end_users.id'],
        name=op.f('fk_imports_tenant_id_end_user_id'), ondelete='CASCADE',
    ),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name=op.f('pk_imports'))
    )
    for columns in (['tenant_id', 'end_user_id', 'created_us', 'id'], ['tenant_id', 'status', 'updated_us']):
        op.create_index(op.f(f'ix_imports_{"_".join(columns)}'), 'imports', columns)
    op.create_table('import_files',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('import_id', KEY, nullable=False),
    sa.Column('group_no', INT, autoincrement=False, nullable=False),
    sa.Column('number', INT, autoincrement=False, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('path', sa.Text(), nullable=False),
    sa.Column('status', KEY, nullable=False),
    sa.Column('recording_id', KEY, nullable=True),
    sa.Column('warnings_total', INT, nullable=False),
    sa.Column('error_message', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(
        ['tenant_id', 'import_id'], ['imports.tenant_id', 'imports.id'],
        name=op.f('fk_import_files_tenant_id_import_id'), ondelete='CASCADE',
    ),
    sa.ForeignKeyConstraint(
        ['tenant_id', 'recording_id'], ['recordings.tenant_id', 'recordings.id'],
        name=op.f('fk_import_files_tenant_id_recording_id'), ondelete='CASCADE',
    ),
    sa.PrimaryKeyConstraint('tenant_id', 'import_id', 'group_no', 'number', name=op.f('pk_import_files')),
    sqlite_with_rowid=False,
    )
    op.create_index(
        op.f('ix_import_files_tenant_id_recording_id'), 'import_files', ['tenant_id', 'recording_id']
    )
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        row_security.protect(connection, ["imports", "import_files"])
