"""Webhooks: endpoints, frozen bodies of events, deliveries and their attempts."""

import sqlalchemy as sa
from alembic import op

from earmark.storage import row_security

revision = '0015_webhooks'
down_revision = '0014_speech'

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ["webhook_endpoints", "webhook_bodies", "webhook_deliveries", "webhook_attempts"]


def upgrade() -> None:
    op.create_table('webhook_endpoints',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('id', KEY, nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('events_json', sa.Text(), nullable=False),
    sa.Column('has_text', INT, nullable=False),
    sa.Column('description', sa.Text(), nullable=True),
    sa.Column('metadata_json', sa.Text(), nullable=True),
    sa.Column('status', KEY, nullable=False),
    sa.Column('disabled_reason', KEY, nullable=True),
    sa.Column('secret_sealed', sa.Text(), nullable=False),
    sa.Column('secret_hint', sa.Text(), nullable=False),
    sa.Column('previous_sealed', sa.Text(), nullable=True),
    sa.Column('previous_expires_us', INT, nullable=True),
    sa.Column('last_success_us', INT, nullable=True),
    sa.Column('last_failure_us', INT, nullable=True),
    sa.Column('failing_since_us', INT, nullable=True),
    sa.Column('created_us', INT, nullable=False),
    sa.Column('updated_us', INT, nullable=False),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name=op.f('pk_webhook_endpoints'))
    )
    _index('webhook_endpoints', 'created_us', 'id')
    op.create_table('webhook_bodies',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('event_id', KEY, nullable=False),
    sa.Column('has_text', INT, autoincrement=False, nullable=False),
    sa.Column('end_user_id', KEY, nullable=True),
    sa.Column('subject_id', KEY, nullable=True),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('created_us', INT, nullable=False),
    sa.PrimaryKeyConstraint('tenant_id', 'event_id', 'has_text', name=op.f('pk_webhook_bodies'))
    )
    for column in ('subject_id', 'end_user_id', 'created_us'):
        _index('webhook_bodies', column)
    op.create_table('webhook_deliveries',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('id', KEY, nullable=False),
    sa.Column('endpoint_id', KEY, nullable=False),
    sa.Column('event_id', KEY, nullable=False),
    sa.Column('has_text', INT, nullable=False),
    sa.Column('type', KEY, nullable=False),
    sa.Column('status', KEY, nullable=False),
    sa.Column('attempts', INT, nullable=False),
    sa.Column('step', INT, nullable=False),
    sa.Column('last_status_code', INT, nullable=True),
    sa.Column('next_us', INT, nullable=True),
    sa.Column('lane', INT, nullable=True),
    sa.Column('created_us', INT, nullable=False),
    sa.Column('ended_us', INT, nullable=True),
    sa.ForeignKeyConstraint(
        ['tenant_id', 'endpoint_id'], ['webhook_endpoints.tenant_id', 'webhook_endpoints.id'],
        name=op.f('fk_webhook_deliveries_tenant_id_endpoint_id'), ondelete='CASCADE',
    ),
    sa.ForeignKeyConstraint(
        ['tenant_id', 'event_id', 'has_text'],
        ['webhook_bodies.tenant_id', 'webhook_bodies.event_id', 'webhook_bodies.has_text'],
        name=op.f('fk_webhook_deliveries_tenant_id_event_id_has_text'), ondelete='CASCADE',
    ),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name=op.f('pk_webhook_deliveries'))
    )
    op.create_index(
        'uq_webhook_deliveries_event', 'webhook_deliveries', ['tenant_id', 'endpoint_id', 'event_id'], unique=True
    )
    is_pending = sa.text("status = 'pending'")
    op.create_index(
        'ix_webhook_deliveries_pending', 'webhook_deliveries', ['tenant_id', 'endpoint_id', 'next_us'],
        sqlite_where=is_pending, postgresql_where=is_pending,
    )
    _index('webhook_deliveries', 'endpoint_id', 'created_us', 'id')
    _index('webhook_deliveries', 'event_id', 'has_text')
    op.create_table('webhook_attempts',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('delivery_id', KEY, nullable=False),
    sa.Column('number', INT, autoincrement=False, nullable=False),
    sa.Column('at_us', INT, nullable=False),
    sa.Column('duration_ms', INT, nullable=False),
    sa.Column('status_code', INT, nullable=True),
    sa.Column('error_code', sa.Text(), nullable=True),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(
        ['tenant_id', 'delivery_id'], ['webhook_deliveries.tenant_id', 'webhook_deliveries.id'],
        name=op.f('fk_webhook_attempts_tenant_id_delivery_id'), ondelete='CASCADE',
    ),
    sa.PrimaryKeyConstraint('tenant_id', 'delivery_id', 'number', name=op.f('pk_webhook_attempts')),
    sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        row_security.protect(connection, TABLES)


def _index(table: str, *columns: str) -> None:
    names = ['tenant_id', *columns]
    op.create_index(op.f(f'ix_{table}_{"_".join(names)}'), table, names)
