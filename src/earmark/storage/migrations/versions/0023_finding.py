"""Finding: the word index of messages, with jobs that index those there are; recordings by date and name."""

import secrets
import string
import time

import sqlalchemy as sa
from alembic import op

from earmark.storage import row_security

revision = '0023_finding'
down_revision = '0022_shares'

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

ENQUEUE = """
INSERT INTO jobs (tenant_id, id, kind, payload_json, state, priority, run_us, unique_key, attempts, losses, fence,
    progress, created_us)
VALUES (:tenant_id, :id, 'messages.index', '{}', 'pending', 0, :now_us, 'messages.index', 0, 0, 0, 0.0, :now_us)
"""


def upgrade() -> None:
    op.add_column('ask_messages', sa.Column('word_seq', INT, nullable=True))
    op.create_index(
        'ix_ask_messages_time', 'ask_messages', ['tenant_id', 'end_user_id', 'created_us', 'id'], unique=False
    )
    op.create_index(
        'ix_ask_messages_word_seq', 'ask_messages', ['tenant_id', 'end_user_id', 'word_seq', 'created_us'],
        unique=False,
    )
    op.create_table('ask_word_blocks',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('end_user_no', INT, autoincrement=False, nullable=False),
    sa.Column('end_user_id', KEY, nullable=False),
    sa.Column('block_count', INT, nullable=False),
    sa.ForeignKeyConstraint(
        ['tenant_id', 'end_user_id'], ['end_users.tenant_id', 'end_users.id'],
        name=op.f('fk_ask_word_blocks_tenant_id_end_user_id'), ondelete='CASCADE',
    ),
    sa.PrimaryKeyConstraint('tenant_id', 'end_user_no', name=op.f('pk_ask_word_blocks')),
    )
    op.create_index(
        op.f('ix_ask_word_blocks_tenant_id_end_user_id'), 'ask_word_blocks', ['tenant_id', 'end_user_id'], unique=False
    )
    op.create_table('ask_words',
    sa.Column('tenant_id', INT, autoincrement=False, nullable=False),
    sa.Column('end_user_no', INT, autoincrement=False, nullable=False),
    sa.Column('term', KEY, nullable=False),
    sa.Column('block', INT, autoincrement=False, nullable=False),
    sa.Column('offsets', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(
        ['tenant_id', 'end_user_no'], ['ask_word_blocks.tenant_id', 'ask_word_blocks.end_user_no'],
        name=op.f('fk_ask_words_tenant_id_end_user_no'), ondelete='CASCADE',
    ),
    sa.PrimaryKeyConstraint('tenant_id', 'end_user_no', 'term', 'block', name=op.f('pk_ask_words')),
    sqlite_with_rowid=False,
    )
    op.create_index(
        'ix_recordings_recorded', 'recordings', ['tenant_id', 'end_user_id', 'recorded_us', 'id'], unique=False
    )
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.alter_column('recordings', 'name_folded', type_=sa.Text(collation="C"))
        row_security.protect(connection, ["ask_word_blocks", "ask_words"])
    _enqueue(connection)


def _enqueue(connection: sa.Connection) -> None:
    """Let a job of each tenant index its messages; one without any has nothing to do."""
    letters = string.ascii_letters + string.digits
    for (tenant_id,) in connection.execute(sa.text("SELECT id FROM tenants ORDER BY id")).fetchall():
        job_id = "job_" + "".join(secrets.choice(letters) for _ in range(24))
        row = {"tenant_id": tenant_id, "id": job_id, "now_us": time.time_ns() // 1_000}
        connection.execute(sa.text(ENQUEUE), row)
