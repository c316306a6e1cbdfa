"""Shared links."""

import sqlalchemy as sa
from alembic import op

from earmark.storage import row_security

revision = '0022_shares'
down_revision = '0021_oauth'

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PARENTS = {
    'api_keys': 'key_id', 'end_users': 'end_user_id', 'ask_sessions': 'session_id', 'recordings': 'recording_id',
}
INDEXES = (
    ['session_id'], ['recording_id'], ['end_user_id', 'created_us', 'id'], ['created_us', 'id'],
)


def upgrade() -> None:
    op.create_table('shares',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('id', KEY, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('key_id', KEY, nullable=False),
    sa.Column('kind', KEY, nullable=False),
    sa.Column('session_id', KEY, nullable=True),
    sa.Column('recording_id', KEY, nullable=True),
    sa.Column('start_ms', INT, nullable=True),
    sa.Column('end_ms', INT, nullable=True),
    sa.Column('with_words', INT, nullable=False),
    sa.Column('with_audio', INT, nullable=False),
    sa.Column('last_ordinal', INT, nullable=True),
    sa.Column('made_by', KEY, nullable=False),
    sa.Column('ends_with_key', KEY, nullable=True),
    sa.Column('created_us', INT, nullable=False),
    sa.Column('expires_us', INT, nullable=False),
    sa.Column('opened_count', INT, nullable=False),
    sa.Column('last_opened_us', INT, nullable=True),
    *(sa.ForeignKeyConstraint(
        ['tenant_id', column], [f'{parent}.tenant_id', f'{parent}.id'],
        name=op.f(f'fk_shares_tenant_id_{column}'), ondelete='CASCADE',
    ) for parent, column in PARENTS.items()),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name=op.f('pk_shares'))
    )
    op.create_index(op.f('ix_shares_tenant_id_key_id'), 'shares', ['tenant_id', 'key_id'], unique=True)
    for columns in INDEXES:
        op.create_index(op.f(f'ix_shares_tenant_id_{"_".join(columns)}'), 'shares', ['tenant_id', *columns])
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        row_security.protect(connection, ['shares'])
