"""Rate-limit leases for hosts that share a database."""

import sqlalchemy as sa
from alembic import op

from earmark.storage import row_security

revision = '0004_rate_leases'
down_revision = '0003_staged_vectors'

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table('rate_leases',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('name', KEY, nullable=False),
    sa.Column('minute', INT, autoincrement=False, nullable=False),
    sa.Column('leased', INT, nullable=False),
    sa.PrimaryKeyConstraint('tenant_id', 'name', 'minute', name=op.f('pk_rate_leases'))
    )
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        row_security.protect(connection, ["rate_leases"])
