"""Summaries, their items across recordings, and templates of the operator."""

import sqlalchemy as sa
from alembic import op

from earmark.storage import row_security

revision = '0016_summaries'
down_revision = '0015_webhooks'

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INDEXES = {
    'summaries': (
        ['tenant_id', 'end_user_id', 'created_us', 'id'],
        ['tenant_id', 'created_us', 'id'],
        ['tenant_id', 'transcription_id', 'created_us', 'id'],
        ['tenant_id', 'recording_id', 'created_us', 'id'],
    ),
    'summary_items': (
        ['tenant_id', 'end_user_id', 'kind', 'id'],
        ['tenant_id', 'recording_id'],
        ['tenant_id', 'summary_id'],
    ),
    'summary_templates': (['tenant_id', 'created_us', 'id'],),
}


def _to(table: str, parent: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ['tenant_id', column], [f'{parent}.tenant_id', f'{parent}.id'],
        name=op.f(f'fk_{table}_tenant_id_{column}'), ondelete='CASCADE',
    )


def upgrade() -> None:
    op.create_table('summaries',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('id', KEY, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('recording_id', KEY, nullable=False),
    sa.Column('transcription_id', KEY, nullable=False),
    sa.Column('transcription_revision', INT, nullable=False),
    sa.Column('status', KEY, nullable=False),
    sa.Column('template_id', KEY, nullable=True),
    sa.Column('custom_prompt', sa.Text(), nullable=True),
    sa.Column('asked_provider', sa.Text(), nullable=True),
    sa.Column('provider', sa.Text(), nullable=True),
    sa.Column('model', sa.Text(), nullable=True),
    sa.Column('output_json', sa.Text(), nullable=True),
    sa.Column('citations_json', sa.Text(), nullable=True),
    sa.Column('dropped_items', INT, nullable=True),
    sa.Column('error_code', KEY, nullable=True),
    sa.Column('error_message', sa.Text(), nullable=True),
    sa.Column('job_id', KEY, nullable=True),
    sa.Column('started_us', INT, nullable=True),
    sa.Column('completed_us', INT, nullable=True),
    sa.Column('created_us', INT, nullable=False),
    sa.Column('updated_us', INT, nullable=False),
    _to('summaries', 'recordings', 'recording_id'),
    _to('summaries', 'transcriptions', 'transcription_id'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name=op.f('pk_summaries'))
    )
    op.create_table('summary_items',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('id', KEY, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('summary_id', KEY, nullable=False),
    sa.Column('recording_id', KEY, nullable=False),
    sa.Column('kind', KEY, nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('speaker', sa.Text(), nullable=True),
    sa.Column('start_ms', INT, nullable=True),
    sa.Column('end_ms', INT, nullable=True),
    sa.Column('quote', sa.Text(), nullable=True),
    _to('summary_items', 'summaries', 'summary_id'),
    _to('summary_items', 'recordings', 'recording_id'),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name=op.f('pk_summary_items'))
    )
    op.create_table('summary_templates',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('id', KEY, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('instructions', sa.Text(), nullable=False),
    sa.Column('schema_json', sa.Text(), nullable=False),
    sa.Column('created_us', INT, nullable=False),
    sa.Column('updated_us', INT, nullable=False),
    sa.PrimaryKeyConstraint('tenant_id', 'id', name=op.f('pk_summary_templates'))
    )
    for table, indexes in INDEXES.items():
        for columns in indexes:
            op.create_index(op.f(f'ix_{table}_{"_".join(columns)}'), table, columns)
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        row_security.protect(connection, list(INDEXES))
