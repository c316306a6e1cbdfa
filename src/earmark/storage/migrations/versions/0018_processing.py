"""What projects and end users set: automatic processing and retention."""

import sqlalchemy as sa
from alembic import op

from earmark.storage import row_security

revision = '0018_processing'
down_revision = '0016_summaries'

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table('project_configs',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('section', KEY, nullable=False),
    sa.Column('value_json', sa.Text(), nullable=False),
    sa.Column('earlier_json', sa.Text(), nullable=True),
    sa.Column('updated_us', INT, nullable=False),
    sa.PrimaryKeyConstraint('tenant_id', 'section', name=op.f('pk_project_configs'))
    )
    op.create_table('end_user_configs',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('section', KEY, nullable=False),
    sa.Column('value_json', sa.Text(), nullable=False),
    sa.Column('earlier_json', sa.Text(), nullable=True),
    sa.Column('updated_us', INT, nullable=False),
    sa.ForeignKeyConstraint(
        ['tenant_id', 'end_user_id'], ['end_users.tenant_id', 'end_users.id'],
        name=op.f('fk_end_user_configs_tenant_id_end_user_id'), ondelete='CASCADE',
    ),
    sa.PrimaryKeyConstraint('tenant_id', 'end_user_id', 'section', name=op.f('pk_end_user_configs'))
    )
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        row_security.protect_shared(connection, ["project_configs", "end_user_configs"])
