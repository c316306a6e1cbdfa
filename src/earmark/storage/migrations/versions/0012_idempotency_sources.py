"""Which recordings a kept answer quotes, so that deleting one reads no other answers."""

import json

import sqlalchemy as sa
from alembic import op

from earmark.storage import row_security

revision = '0012_idempotency_sources'
down_revision = '0011_imports'

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAMES = ("tenant_id", "caller_end_user", "method", "path", "key")
KEYS = f"SELECT {', '.join(NAMES)} FROM idempotency_answers WHERE about_session_id IS NOT NULL"
BODY = f"SELECT body FROM idempotency_answers WHERE {' AND '.join(f'{name} = :{name}' for name in NAMES)}"
ADDED = f"INSERT INTO idempotency_sources ({', '.join(NAMES)}, recording_id) VALUES (:{', :'.join(NAMES)}, :recording_id)"


def upgrade() -> None:
    op.create_table('idempotency_sources',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('caller_end_user', KEY, nullable=False),
    sa.Column('method', KEY, nullable=False),
    sa.Column('path', KEY, nullable=False),
    sa.Column('key', KEY, nullable=False),
    sa.Column('recording_id', KEY, nullable=False),
    sa.ForeignKeyConstraint(
        list(NAMES), [f'idempotency_answers.{name}' for name in NAMES], name='fk_idempotency_sources_answer',
        ondelete='CASCADE',
    ),
    sa.PrimaryKeyConstraint(*NAMES, 'recording_id', name=op.f('pk_idempotency_sources'))
    )
    op.create_index(
        op.f('ix_idempotency_sources_tenant_id_recording_id'), 'idempotency_sources', ['tenant_id', 'recording_id']
    )
    connection = op.get_bind()
    is_postgresql = connection.dialect.name == "postgresql"
    if is_postgresql:  # no tenant is set here, and this is about all of them
        op.execute("ALTER TABLE idempotency_answers NO FORCE ROW LEVEL SECURITY")
    _fill(connection)
    if is_postgresql:
        op.execute("ALTER TABLE idempotency_answers FORCE ROW LEVEL SECURITY")
        row_security.protect(connection, ["idempotency_sources"])


def _fill(connection: sa.Connection) -> None:
    """Of the answers of the last day; one at a time, for each may be large."""
    for found in connection.execute(sa.text(KEYS)).all():
        where = dict(zip(NAMES, found, strict=True))
        body = bytes(connection.execute(sa.text(BODY), where).scalar_one())
        sources = json.loads(body or b"{}").get("sources") or ()
        for recording_id in sorted({str(one["recording_id"]) for one in sources}):
            connection.execute(sa.text(ADDED), {**where, "recording_id": recording_id})
