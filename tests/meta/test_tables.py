"""The rules of `storage/tables/`, and that migrations create exactly those tables."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from earmark.storage import migrate
from earmark.storage.migrate import known_revisions, migrate_sqlite
from earmark.storage.tables import CUSTOMER_TABLES, OWNER_COLUMN, metadata

CUSTOMERS = [table for table in metadata.sorted_tables if table.name in CUSTOMER_TABLES]
LOOKED_UP_WITHOUT_A_TENANT = {
    "uq_api_keys_secret_hash", "ix_events_position", "ix_events_unplaced", "ix_jobs_created_us",
}  # fmt: skip
"""A key by its hash; events by their position, which is one order for all tenants; jobs of a future that the clock left."""


def test_the_tenant_leads_every_key_index_and_uniqueness_rule() -> None:
    for table in CUSTOMERS:
        assert list(table.primary_key.columns)[0].name == "tenant_id", table.name
        rules = [one for one in table.constraints if isinstance(one, sa.UniqueConstraint | sa.ForeignKeyConstraint)]
        for one in [*rules, *table.indexes]:
            if one.name not in LOOKED_UP_WITHOUT_A_TENANT:
                assert list(one.columns)[0].name == "tenant_id", (table.name, one.name)


def test_every_customers_table_has_its_owner_column() -> None:
    for table in CUSTOMERS:
        owner = OWNER_COLUMN.get(table.name, "end_user_id")
        assert owner is None or owner in table.c, table.name


def test_columns_hold_only_what_no_driver_converts() -> None:
    allowed = (sa.BigInteger, sa.Text, sa.LargeBinary, sa.Float)
    for table in metadata.sorted_tables:
        for column in table.columns:
            assert isinstance(column.type, allowed), (table.name, column.name)


def test_rows_are_deleted_with_their_parents() -> None:
    for table in CUSTOMERS:
        for one in table.foreign_key_constraints:
            assert one.ondelete == "CASCADE", (table.name, one.name)


DELETED_BY_ROOMS = {
    "jobs": "library/deletion.py deletes those of an end user, a recording or a session",
    "events": "library/deletion.py deletes those of an end user, a recording or a session",
    "ask_title_grams": "ask/deletion.py takes the titles out of the index",
    "ask_title_counters": "numbers of the whole tenant",
    "idempotency_records": "name nobody; their answers go by cascade",
    "rate_leases": "numbers of the whole tenant",
    "project_configs": "switches and numbers of the whole tenant",
    "audit_events": "stay: who did what, by ids",
    "audit_heads": "numbers of the whole tenant",
    "webhook_endpoints": "the project's, not a person's",
    "webhook_bodies": "webhooks/erasure.py deletes those about an end user, a recording or a session",
    "webhook_deliveries": "go by cascade with their bodies",
    "webhook_attempts": "go by cascade with their deliveries",
    "summary_templates": "stay: the operator's, about nobody",
}
"""Customers' tables that no cascade from an end user reaches, and what happens to their rows instead."""


def test_a_customers_table_goes_with_its_end_user_or_says_who_deletes_from_it() -> None:
    gone = {"end_users"}
    while True:
        more = {
            table.name
            for table in CUSTOMERS
            for one in table.foreign_key_constraints
            if one.referred_table.name in gone and one.ondelete == "CASCADE"
        }
        if more <= gone:
            break
        gone |= more
    assert {table.name for table in CUSTOMERS} - gone == set(DELETED_BY_ROOMS)


def test_migrations_lead_to_the_tables(tmp_path: Path) -> None:
    path = tmp_path / "earmark.db"
    migrate_sqlite(path)
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()
    with closing(sqlite3.connect(path)) as plain:
        made = dict(plain.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall())
        assert plain.execute("SELECT version_num FROM alembic_version").fetchone() == (known_revisions()[-1],)
    for table in metadata.sorted_tables:
        wants_no_rowid = table.dialect_options["sqlite"].get("with_rowid") is False
        assert ("WITHOUT ROWID" in made[table.name]) is wants_no_rowid, table.name


def test_migrations_create_the_same_columns_and_references(tmp_path: Path) -> None:
    path = tmp_path / "earmark.db"
    migrate_sqlite(path)
    with closing(sqlite3.connect(path)) as made:
        for table in metadata.sorted_tables:
            rows = made.execute(f"PRAGMA table_info({table.name})").fetchall()
            key = [column.name for column in table.primary_key.columns]
            assert {row[1] for row in rows} == set(table.c.keys()), table.name  # a migration adds columns at the end
            assert [row[1] for row in sorted(rows, key=lambda row: row[5]) if row[5]] == key, table.name
            assert _references_made(made, table.name) == _references_wanted(table), table.name


def _references_made(made: sqlite3.Connection, table: str) -> set[tuple[Any, ...]]:
    found: dict[int, list[Any]] = {}
    for number, _, parent, column, target, _, on_delete, _ in made.execute(f"PRAGMA foreign_key_list({table})"):
        found.setdefault(number, [parent, on_delete]).append((column, target))
    return {tuple(one) for one in found.values()}


def _references_wanted(table: sa.Table) -> set[tuple[Any, ...]]:
    return {
        (one.referred_table.name, one.ondelete, *((pair.parent.name, pair.column.name) for pair in one.elements))
        for one in table.foreign_key_constraints
    }


def test_the_newest_migration_is_the_only_head(tmp_path: Path) -> None:
    scripts = ScriptDirectory(str(migrate._SCRIPTS))
    assert scripts.get_heads() == [known_revisions()[-1]]
    assert [one.revision for one in scripts.walk_revisions()][::-1] == known_revisions()
