"""Audit events are numbered and chained by hash, those there already in the order of their times."""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

from earmark.storage import row_security

revision = '0010_audit'
down_revision = '0009_order'

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAMES = ("id", "at_us", "actor", "action", "object_id")


def upgrade() -> None:
    op.add_column('audit_events', sa.Column('seq', INT, server_default='0', nullable=False))
    op.add_column('audit_events', sa.Column('hash', KEY, server_default='', nullable=False))
    op.create_table('audit_heads',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('seq', INT, nullable=False),
    sa.Column('hash', KEY, nullable=False),
    sa.PrimaryKeyConstraint('tenant_id', name=op.f('pk_audit_heads'))
    )
    connection = op.get_bind()
    is_postgresql = connection.dialect.name == "postgresql"
    if is_postgresql:
        op.execute("GRANT UPDATE ON audit_events TO CURRENT_USER")  # revoked again after the migration
        op.execute("ALTER TABLE audit_events NO FORCE ROW LEVEL SECURITY")  # no tenant is set, and this is about all
    else:
        op.execute("DROP TRIGGER audit_events_no_update")
    _chain(connection)
    if is_postgresql:
        op.execute("ALTER TABLE audit_events FORCE ROW LEVEL SECURITY")
        row_security.protect(connection, ["audit_heads"])
    else:
        _refuse_changes()
    op.drop_index('ix_audit_events_tenant_id_at_us_id', table_name='audit_events')
    op.create_index('uq_audit_events_seq', 'audit_events', ['tenant_id', 'seq'], unique=True)


def _chain(connection: sa.Connection) -> None:
    found = connection.execute(sa.text(
        f"SELECT tenant_id, {', '.join(NAMES)} FROM audit_events ORDER BY tenant_id, at_us, id"
    )).all()
    heads: dict[int, tuple[int, str]] = {}
    for tenant_id, event_id, *rest in found:
        seq, previous = heads.get(tenant_id, (0, "0" * 64))
        hashed = ["earmark.audit/1", tenant_id, seq + 1, previous, event_id, *rest]
        words = json.dumps(hashed, separators=(",", ":"), ensure_ascii=False)
        heads[tenant_id] = (seq + 1, hashlib.sha256(words.encode()).hexdigest())
        connection.execute(
            sa.text("UPDATE audit_events SET seq = :seq, hash = :hash WHERE tenant_id = :tenant_id AND id = :id"),
            {"tenant_id": tenant_id, "id": event_id, "seq": heads[tenant_id][0], "hash": heads[tenant_id][1]},
        )
    for tenant_id, (seq, digest) in heads.items():
        connection.execute(
            sa.text("INSERT INTO audit_heads (tenant_id, seq, hash) VALUES (:tenant_id, :seq, :hash)"),
            {"tenant_id": tenant_id, "seq": seq, "hash": digest},
        )


def _refuse_changes() -> None:
    """SQLite: REPLACE deletes what it replaces without the triggers on deletes, unless a pragma is set."""
    op.execute(
        "CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events"
        " BEGIN SELECT RAISE(ABORT, 'audit_events is append-only'); END"
    )
    op.execute(
        "CREATE TRIGGER audit_events_no_replace BEFORE INSERT ON audit_events WHEN EXISTS (SELECT 1 FROM audit_events"
        " WHERE (tenant_id = NEW.tenant_id AND id = NEW.id) OR (tenant_id = NEW.tenant_id AND seq = NEW.seq)"
        " OR rowid = NEW.rowid)"
        " BEGIN SELECT RAISE(ABORT, 'audit_events is append-only'); END"
    )
