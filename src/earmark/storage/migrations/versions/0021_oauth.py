"""OAuth clients, grants and their credentials."""

import sqlalchemy as sa
from alembic import op

from earmark.storage import row_security

revision = '0021_oauth'
down_revision = '0020_vendors'

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INDEXES = {
    'oauth_clients': (['made_by', 'created_us'],),
    'oauth_grants': (['tenant_id', 'end_user_id', 'created_us', 'id'], ['tenant_id', 'created_us', 'id']),
    'oauth_credentials': (['tenant_id', 'grant_id'],),
}


def _to(table: str, parent: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ['tenant_id', column], [f'{parent}.tenant_id', f'{parent}.id'],
        name=op.f(f'fk_{table}_tenant_id_{column}'), ondelete='CASCADE',
    )


def upgrade() -> None:
    op.create_table('oauth_clients',
    sa.Column('id', KEY, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('redirect_uris_json', sa.Text(), nullable=False),
    sa.Column('made_by', KEY, nullable=True),
    sa.Column('used_us', INT, nullable=True),
    sa.Column('created_us', INT, nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_oauth_clients'))
    )
    op.create_table('oauth_grants',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('id', KEY, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('client_id', KEY, nullable=False),
    sa.Column('client_name', sa.Text(), nullable=False),
    sa.Column('scopes_json', sa.Text(), nullable=False),
    sa.Column('created_us', INT, nullable=False),
    sa.Column('expires_us', INT, nullable=False),
    sa.Column('last_used_us', INT, nullable=True),
    sa.Column('revoked_us', INT, nullable=True),
    _to('oauth_grants', 'end_users', 'end_user_id'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name=op.f('pk_oauth_grants'))
    )
    op.create_table('oauth_credentials',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('key_id', KEY, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('grant_id', KEY, nullable=False),
    sa.Column('redirect_uri', sa.Text(), nullable=True),
    sa.Column('code_challenge', sa.Text(), nullable=True),
    _to('oauth_credentials', 'api_keys', 'key_id'),
    _to('oauth_credentials', 'oauth_grants', 'grant_id'),
    sa.PrimaryKeyConstraint('tenant_id', 'key_id', name=op.f('pk_oauth_credentials'))
    )
    for table, indexes in INDEXES.items():
        for columns in indexes:
            op.create_index(op.f(f'ix_{table}_{"_".join(columns)}'), table, columns)
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        row_security.protect(connection, ['oauth_grants', 'oauth_credentials'])
