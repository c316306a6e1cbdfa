"""Whatever the guard accepts neither sees nor touches rows of another tenant or end user, on a real database.

Each random statement runs on a database with everybody's rows and on one with the caller's alone. It must
return the same from both, leave the same rows of the caller's in both, and leave everybody else's as they were.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from earmark.storage.errors import UnguardedQueryError
from earmark.storage.query import Compiled, Compiler, Query
from earmark.storage.tables import OWNER_COLUMN
from tests.storage.statements import CUSTOMERS, TABLES, Statements

OWNERS = ((1, "eu_a", 11), (1, "eu_b", 12), (2, "eu_a", 11), (2, "eu_c", 13))
"""The end users: two tenants, and one name in both."""
ATTACK = {"tenant_id": 2, "caller_end_user_id": "eu_b", "caller_end_user_no": 12, "other": 2, "q": "x"}
"""What a request's parameters say; the first three are the handle's to say."""
Rows = Counter[tuple[Any, ...]]


def row_of(table: sa.Table, tenant_id: int, end_user: str, number: int, at: int) -> dict[str, Any]:
    """Return a row; everybody's look alike, but for whose they are and one letter."""
    letter = {(1, "eu_a"): "x", (1, "eu_b"): "y"}.get((tenant_id, end_user), "z")
    known = {"tenant_id": tenant_id, "end_user_id": end_user, "end_user_no": number, "term": f"t{at}"}
    unique = number * 10 + at
    row: dict[str, Any] = {}
    for column in table.c:
        blank: Any = letter if isinstance(column.type, sa.Text) else at + 1
        blank = b"x" if isinstance(column.type, sa.LargeBinary) else blank
        special = {"id": end_user if table.name == "end_users" else f"{end_user}{at}", "title_seq": unique}
        special |= {"number": unique, "import_sha256": None, "external_id": None, "recording_no": unique}
        row[column.name] = known.get(column.name, special.get(column.name, blank))
    return row


def is_own(table: sa.Table, row: tuple[Any, ...], *, scoped: bool) -> bool:
    """Whether a row is of the caller: tenant 1, and end user `eu_a` where there is one."""
    named = dict(zip(table.c.keys(), row, strict=True))
    owner = OWNER_COLUMN.get(table.name, "end_user_id")
    return named["tenant_id"] == 1 and (not scoped or owner is None or named[owner] in ("eu_a", 11))


def make_database(*, scoped: bool, is_shared: bool) -> sqlite3.Connection:
    """Return a database with everybody's rows, or with the caller's alone."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for table in TABLES:
        connection.execute(str(sa.schema.CreateTable(table).compile(dialect=sqlite.dialect())))
        for tenant_id, end_user, number in OWNERS:
            for at in range(1 if table.name in ("end_users", "projects", "ask_title_counters") else 2):
                row = row_of(table, tenant_id, end_user, number, at)
                values = tuple(row.values())
                if table in CUSTOMERS and not (is_shared or is_own(table, values, scoped=scoped)):
                    continue
                marks = ", ".join("?" * len(row))
                connection.execute(f"INSERT OR IGNORE INTO {table.name} VALUES ({marks})", values)
    return connection


def rows_of(connection: sqlite3.Connection, table: sa.Table) -> Rows:
    """Return all rows of a table."""
    names = ", ".join(table.c.keys())
    return Counter(connection.execute(f"SELECT {names} FROM {table.name}").fetchall())


def outcome(connection: sqlite3.Connection, compiled: Compiled, arguments: list[Any]) -> tuple[Rows | str, list[Rows]]:
    """Return what a statement returns and leaves, and undo it."""
    connection.execute("BEGIN")
    try:
        found: Rows | str = Counter(connection.execute(compiled.sql, arguments).fetchall())
    except sqlite3.Error as error:
        found = str(error)
    left = [rows_of(connection, table) for table in CUSTOMERS]
    connection.execute("ROLLBACK")
    return found, left


@contextmanager
def databases(*, scoped: bool) -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection]]:
    """Yield everybody's database and the caller's alone."""
    with (
        closing(make_database(scoped=scoped, is_shared=True)) as shared,
        closing(make_database(scoped=scoped, is_shared=False)) as alone,
    ):
        yield shared, alone


def binding(*, scoped: bool) -> dict[str, Any]:
    """Return what the handle binds."""
    return {"tenant_id": 1, **({"caller_end_user_id": "eu_a", "caller_end_user_no": 11} if scoped else {})}


def check_isolated(compiled: Compiled, shared: sqlite3.Connection, alone: sqlite3.Connection, *, scoped: bool) -> bool:
    """Assert that a statement does the same whether others' rows are there or not; return whether it ran."""
    new = row_of(CUSTOMERS[0], 1, "eu_a", 11, 7) | {"term": "new", "name": "x", "recording_no": 77, "number": 77}
    fill = {name: new.get(name, 1) for name in compiled.names}
    arguments = compiled.arguments({**fill, **ATTACK}, binding(scoped=scoped))
    found, left = outcome(shared, compiled, arguments)
    expected, left_alone = outcome(alone, compiled, arguments)
    assert found == expected, compiled.sql
    for table, rows, rows_alone in zip(CUSTOMERS, left, left_alone, strict=True):
        own = Counter({row: count for row, count in rows.items() if is_own(table, row, scoped=scoped)})
        before = rows_of(shared, table)
        others = Counter({row: count for row, count in before.items() if not is_own(table, row, scoped=scoped)})
        assert own == rows_alone, compiled.sql
        assert rows - own == others, compiled.sql
    return not isinstance(found, str)


@pytest.mark.parametrize("scoped", [False, True], ids=["project", "end_user"])
def test_an_accepted_statement_neither_sees_nor_touches_others_rows(scoped: bool) -> None:
    seen: Counter[str] = Counter()
    with databases(scoped=scoped) as (shared, alone):

        @settings(max_examples=1_500, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.randoms(use_true_random=True))  # from a seed of Hypothesis: its own draws cost ten times as much
        def run(random: Random) -> None:
            asked = Query(lambda own: Statements(random, own).any())
            try:
                compiled = Compiler(sqlite.dialect(paramstyle="qmark")).compile(asked, scoped=scoped, shape={})
            except UnguardedQueryError:
                seen["refused"] += 1
            except sa.exc.SQLAlchemyError:
                seen["no statement"] += 1
            else:
                seen["ran" if check_isolated(compiled, shared, alone, scoped=scoped) else "failed"] += 1

        run()
    assert seen["ran"] > 500, seen
    assert seen["refused"] > 200, seen
