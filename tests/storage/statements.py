"""Random statements on our tables, most of them nearly right: guarded, half guarded, nested and correlated."""

from __future__ import annotations

from random import Random
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import bindparam, exists, func, select

from earmark.storage.dialect import contains
from earmark.storage.query import Guard
from earmark.storage.tables import (
    OWNER_COLUMN,
    ask_sessions,
    ask_title_counters,
    end_users,
    folders,
    postings,
    projects,
    recordings,
)

T = TypeVar("T")
CUSTOMERS = (ask_sessions, folders, recordings, end_users, postings, ask_title_counters)
TABLES = (*CUSTOMERS, projects)
WRITTEN = {
    "ask_sessions": ("title", "message_count"),
    "folders": ("name", "updated_us"),
    "recordings": ("name", "duration_ms"),
    "end_users": ("name", "updated_us"),
    "postings": ("occurrences",),
    "ask_title_counters": ("next_seq",),
}
"""What an UPDATE sets, where it means no harm."""
READ = {
    "ask_sessions": ("tenant_id", "id", "end_user_id", "title", "message_count"),
    "folders": ("tenant_id", "id", "end_user_id", "name", "updated_us"),
    "recordings": ("tenant_id", "id", "end_user_id", "name", "duration_ms"),
    "end_users": ("tenant_id", "id", "number", "name"),
    "postings": ("tenant_id", "end_user_no", "term", "recording_no"),
    "ask_title_counters": ("tenant_id", "next_seq"),
    "projects": ("id", "created_us"),
}


class Statements:
    """Draws the parts of one statement."""

    def __init__(self, random: Random, own: Guard) -> None:
        self._random = random
        self._own = own

    def any(self) -> Any:
        """Return a SELECT, or a change."""
        return self._one_of(self.select, self.select, self._update, self._delete, self._insert)()

    def _one_of(self, *choices: T) -> T:
        return self._random.choice(choices)

    def _seldom(self) -> bool:
        return self._random.random() < 1 / 12

    # ---- statements --------------------------------------------------------------------------------

    def select(self, around: tuple[Any, ...] = (), depth: int = 2) -> Any:
        """Return a SELECT from one or two tables, tables that a FROM's subquery hides among them."""
        sources = [self._source(depth) for _ in range(self._one_of(1, 1, 2))]
        visible = (*sources, *around)
        statement = select(*self._columns(sources, visible, depth)).select_from(*self._joined(sources, visible, depth))
        for source in sources:
            if isinstance(source, sa.Table) and (source not in around or self._one_of(True, False)):
                statement = statement.where(*self._guarded(source, visible, depth))
        if self._one_of(True, False):
            statement = statement.where(self._condition(visible, depth))
        if self._one_of(True, False, False):
            statement = statement.order_by(self._value(visible, 0))
        return statement.limit(1_000) if self._one_of(True, False) else statement

    def _columns(self, sources: list[Any], visible: tuple[Any, ...], depth: int) -> list[Any]:
        if self._one_of(True, False, False):
            return [func.count(), func.max(self._column(visible))]
        return [self._value(visible, depth).label(f"c{at}") for at in range(self._one_of(1, 2))]

    def _source(self, depth: int) -> Any:
        if depth > 0 and self._one_of(True, False, False, False):
            return self.select(depth=depth - 1).subquery()
        table = self._one_of(*TABLES)
        return table.alias() if self._seldom() else table

    def _joined(self, sources: list[Any], visible: tuple[Any, ...], depth: int) -> list[Any]:
        if len(sources) == 1 or sources[0] is sources[1] or self._one_of(True, False):
            return sources
        on = self._condition(visible, depth)
        return [sa.join(sources[0], sources[1], on, isouter=self._seldom())]

    def _update(self) -> Any:
        table = self._one_of(*CUSTOMERS)
        visible = (table,)
        names = ("tenant_id", OWNER_COLUMN.get(table.name, "end_user_id")) if self._seldom() else WRITTEN[table.name]
        values = {name: self._value(visible, 1) for name in names if name is not None}
        statement = sa.update(table).where(*self._guarded(table, visible, 1), *self._more(visible)).values(values)
        return statement.returning(self._column(visible)) if self._one_of(True, False) else statement

    def _delete(self) -> Any:
        table = self._one_of(*CUSTOMERS)
        statement = sa.delete(table).where(*self._guarded(table, (table,), 1), *self._more((table,)))
        return statement.returning(self._column((table,))) if self._one_of(True, False) else statement

    def _more(self, visible: tuple[Any, ...]) -> list[Any]:
        return [self._condition(visible, 1)] if self._one_of(True, False) else []

    def _insert(self) -> Any:
        table = self._one_of(ask_sessions, folders, recordings, postings)
        statement = self._one_of(self._own.insert, self._own.insert, self._own.insert_or_ignore)(table)
        name = WRITTEN[table.name][0]
        if self._one_of(True, False):
            statement = statement.values({name: self._value((), 1)})
        if self._seldom():
            statement = statement.values(tenant_id=self._one_of(2, bindparam("other"), bindparam("tenant_id", value=2)))
        if self._seldom():
            statement = statement.values({OWNER_COLUMN.get(table.name, "end_user_id"): bindparam("other")})
        return statement.returning(self._column((table,))) if self._one_of(True, False) else statement

    # ---- conditions --------------------------------------------------------------------------------

    def _guarded(self, table: Any, visible: tuple[Any, ...], depth: int) -> list[Any]:
        """Return the conditions that should make a table the caller's own."""
        if table is projects or isinstance(table, sa.Alias):
            return []
        own = self._own(table)
        if self._one_of(True, True, True, True, False):
            return [own]
        other = self._condition(visible, depth)
        return self._one_of(
            [], [other], [sa.or_(own, other)], [sa.not_(own)], [sa.and_(own, other)], [own == sa.true()],
            [table.c.tenant_id == bindparam("tenant_id")], [table.c.tenant_id == bindparam("other")],
            [table.c.tenant_id == bindparam("tenant_id", value=2)], [table.c.tenant_id != bindparam("tenant_id")],
        )  # fmt: skip

    def _condition(self, visible: tuple[Any, ...], depth: int) -> Any:
        kind = self._one_of("compare", "compare", "null", "contains", "and", "or", "not", "exists", "in")
        if depth <= 0 or kind == "compare":
            operator = self._one_of(sa.ColumnElement.__eq__, sa.ColumnElement.__ne__, sa.ColumnElement.__lt__)
            return operator(self._value(visible, 0), self._value(visible, depth - 1))
        if kind == "null":
            return self._column(visible).is_not(None)
        if kind == "contains":
            return contains(sa.cast(self._column(visible), sa.Text), "q")
        if kind in ("and", "or"):
            both = (self._condition(visible, depth - 1), self._condition(visible, depth - 1))
            return sa.and_(*both) if kind == "and" else sa.or_(*both)
        if kind == "not":
            return sa.not_(self._condition(visible, depth - 1))
        inner = self._correlated(self.select(visible, depth - 1), visible)
        return (
            exists(inner) if kind == "exists" else self._column(visible).in_(inner.with_only_columns(sa.literal("x")))
        )

    def _correlated(self, inner: Any, visible: tuple[Any, ...]) -> Any:
        how = self._one_of("of itself", "none", "all", "except")
        if how == "none":
            return inner.correlate(None)
        if how == "all":
            return inner.correlate(*visible)
        return inner.correlate_except(self._one_of(*TABLES)) if how == "except" else inner

    # ---- values ------------------------------------------------------------------------------------

    def _column(self, visible: tuple[Any, ...]) -> Any:
        table = self._one_of(*TABLES) if not visible or self._seldom() else self._one_of(*visible)
        names = READ.get(table.name) if isinstance(table, sa.Table) else None
        return table.c[self._one_of(*(names or table.c.keys()))]

    def _value(self, visible: tuple[Any, ...], depth: int) -> Any:
        kind = self._one_of("column", "column", "constant", "coalesce", "case", "sum", "scalar")
        if not visible and kind in ("column", "coalesce", "case", "sum") and not self._seldom():
            kind = self._one_of("constant", "scalar")
        if kind == "constant" or (kind == "scalar" and depth <= 0):
            return sa.literal(self._one_of("x", "y", "z", 1, 2))
        if kind == "scalar":
            inner = self.select(visible, depth - 1).with_only_columns(
                self._one_of(func.count(), func.max(self._column(visible)))
            )
            return self._correlated(inner, visible).order_by(None).scalar_subquery()
        if kind == "coalesce":
            return func.coalesce(self._column(visible), self._column(visible))
        if kind == "case":
            return sa.case((self._column(visible) == "x", self._column(visible)), else_=sa.literal("z"))
        if kind == "sum":
            return sa.cast(self._column(visible), sa.Integer) + sa.literal(1)
        return self._column(visible)
