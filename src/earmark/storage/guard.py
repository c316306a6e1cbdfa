"""The one place where isolation is enforced: what makes a statement the caller's own.

Each SELECT, UPDATE and DELETE, subqueries included, must restrict every customers' table that it names to
the caller's tenant (and end user, where the caller is one) in its own WHERE; inserts are made by the guard.
A statement that forgets is refused when it is compiled (`guard_check.py`), so that it never runs, in any process
or test.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Insert, Table, and_, bindparam, insert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from earmark.storage.tables import OWNER_COLUMN

BOUND = frozenset({"tenant_id", "caller_end_user_id", "caller_end_user_no"})
"""Parameters whose values the handle alone gives."""

OWNERS = frozenset({"end_user_id", "end_user_no", "caller_end_user"})
"""Columns that say whose a row is; it never becomes another's."""


class Guard:
    """Adds the tenant's predicates to one statement.

    Args:
        scoped: whether the caller acts for one end user; then rows of others don't exist for it.
    """

    def __init__(self, *, scoped: bool) -> None:
        self.scoped = scoped
        self.parameters = BOUND if scoped else frozenset({"tenant_id"})
        """Which of `BOUND` the handle gives values for."""

    def __call__(self, table: Table) -> ColumnElement[bool]:
        """Return the predicate that makes `table` the caller's own."""
        first, *more = (table.c[column] == bindparam(parameter) for column, parameter in self.covers(table))
        return and_(first, *more) if more else first

    def covers(self, table: Table) -> Iterator[tuple[str, str]]:
        """Yield (column, parameter) for each column that must equal what the handle binds."""
        yield "tenant_id", "tenant_id"
        owner = self.owner_of(table)
        if self.scoped and owner is not None:
            yield owner, _owner_param(owner)

    def inserts(self, table: Table) -> Iterator[tuple[str, str]]:
        """Yield (column, parameter) for each column whose new value is what the handle binds."""
        return (pair for pair in self.covers(table) if pair[0] != "id")

    def owner_of(self, table: Table) -> str | None:
        """Return the column that says whose a row is; None where it is the whole project's."""
        return OWNER_COLUMN.get(table.name, "end_user_id")

    def insert(self, table: Table, *, unset: Collection[str] = ()) -> Insert:
        """Return an insert of all columns but those that start `unset`, under the caller's tenant and end user."""
        values = self._values(table)
        return insert(table).values({name: value for name, value in values.items() if name not in unset})

    def insert_or_ignore(self, table: Table) -> Insert:
        """Return the insert that leaves a row of the same key as it is (in words that both databases know)."""
        return postgresql_insert(table).values(self._values(table)).on_conflict_do_nothing()

    def _values(self, table: Table) -> dict[str, Any]:
        values: dict[str, Any] = {name: bindparam(name) for name in table.c.keys()}  # noqa: SIM118
        return values | {column: bindparam(parameter) for column, parameter in self.inserts(table)}


def _owner_param(owner_column: str) -> str:
    return "caller_end_user_no" if owner_column == "end_user_no" else "caller_end_user_id"
