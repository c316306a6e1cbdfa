"""Vectors of an unfinished reindexing with another embedder."""

import sqlalchemy as sa
from alembic import op

from earmark.storage import row_security

revision = '0003_staged_vectors'
down_revision = '0002_trust_and_turns'

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table('staged_vectors',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('end_user_no', INT, autoincrement=False, nullable=False),
    sa.Column('recording_no', INT, autoincrement=False, nullable=False),
    sa.Column('embedder', KEY, nullable=False),
    sa.Column('vectors', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['tenant_id', 'end_user_no', 'recording_no'], ['recording_indexes.tenant_id', 'recording_indexes.end_user_no', 'recording_indexes.recording_no'], name=op.f('fk_staged_vectors_tenant_id_end_user_no_recording_no'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('tenant_id', 'end_user_no', 'recording_no', name=op.f('pk_staged_vectors'))
    )
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        row_security.protect(connection, ["staged_vectors"])
