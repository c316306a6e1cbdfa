"""Queries: written once with SQLAlchemy Core, guarded, compiled once per shape and dialect.

A query is a function that builds a statement from a `Guard`:

    @query
    def select_session(own: Guard) -> Select:
        return select(*SESSION).where(own(ask_sessions), ask_sessions.c.id == bindparam("id"))

The guard adds the tenant (and the end user, where the caller is one) to the statement. A customers'
table that the statement names without having been passed to the guard stops the query before it
runs, in every process and every test: that is the one place where isolation is enforced.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec

from sqlalchemy import ColumnElement, Insert, Table, and_, bindparam, insert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement, visitors
from sqlalchemy.sql.selectable import Alias

from earmark.storage.dialect import AnyOf
from earmark.storage.errors import UnguardedQueryError
from earmark.storage.tables import CUSTOMER_TABLES, OWNER_COLUMN

P = ParamSpec("P")
Params = Mapping[str, Any]
Row = tuple[Any, ...]


class Guard:
    """Adds the tenant's predicates to one statement and remembers which tables it has guarded.

    Args:
        scoped: whether the caller acts for one end user; then rows of others don't exist for it.
    """

    def __init__(self, *, scoped: bool) -> None:
        self.scoped = scoped
        self.guarded: set[str] = set()

    def __call__(self, table: Table) -> ColumnElement[bool]:
        """Return the predicate that makes `table` the caller's own."""
        self.guarded.add(table.name)
        tenant: ColumnElement[bool] = table.c.tenant_id == bindparam("tenant_id")
        owner = OWNER_COLUMN.get(table.name, "end_user_id")
        if not self.scoped or owner is None:
            return tenant
        return and_(tenant, table.c[owner] == bindparam(_owner_param(owner)))

    def insert(self, table: Table) -> Insert:
        """Return an insert of all columns, under the caller's tenant and end user."""
        return insert(table).values(self._values(table))

    def insert_or_ignore(self, table: Table) -> Insert:
        """Return the insert that leaves a row of the same key as it is (in words that both databases know)."""
        return postgresql_insert(table).values(self._values(table)).on_conflict_do_nothing()

    def _values(self, table: Table) -> dict[str, Any]:
        self.guarded.add(table.name)
        values: dict[str, Any] = {name: bindparam(name) for name in table.c.keys()}  # noqa: SIM118
        owner = OWNER_COLUMN.get(table.name, "end_user_id")
        if self.scoped and owner not in ("id", None):
            values[str(owner)] = bindparam(_owner_param(str(owner)))
        return values


def _owner_param(owner_column: str) -> str:
    return "caller_end_user_no" if owner_column == "end_user_no" else "caller_end_user_id"


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement ready for a driver: its text, the order of its parameters, whether one is a list."""

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]
    is_long: bool
    has_lists: bool = False

    def arguments(self, params: Params) -> list[Any]:
        """Return the driver's positional arguments."""
        if self.constants:
            params = {**self.constants, **params}
        return [params[name] for name in self.names]


class Query:
    """A statement builder with a name; hashable, so that what it compiles to can be remembered."""

    def __init__(self, build: Callable[..., ClauseElement], *, is_long: bool = False) -> None:
        self.build = build
        self.is_long = is_long
        self.name = build.__name__

    def __repr__(self) -> str:
        return f"<query {self.name}>"


def query(build: Callable[Concatenate[Guard, P], Any]) -> Query:
    """Make a query of a builder; its keyword arguments, if any, are the query's shapes."""
    return Query(build)


def long_query(build: Callable[Concatenate[Guard, P], Any]) -> Query:
    """Like `query`, for reads that may take milliseconds: SQLite runs them off the event loop."""
    return Query(build, is_long=True)


class Compiler:
    """Compiles queries for one dialect and remembers them."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.dialect_name = dialect.name
        self._known: dict[Any, Compiled] = {}

    def compile(self, asked: Query, *, scoped: bool, shape: Mapping[str, Any]) -> Compiled:
        """Return the compiled query.

        Raises: UnguardedQueryError if it names a customers' table without its tenant.
        """
        key = (asked, scoped, *shape.values()) if shape else (asked, scoped)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._compile(asked, scoped, shape)
        return found

    def _compile(self, asked: Query, scoped: bool, shape: Mapping[str, Any]) -> Compiled:
        guard = Guard(scoped=scoped)
        statement = asked.build(guard, **shape)
        check_guarded(statement, guard.guarded, asked.name)
        compiled = statement.compile(dialect=self._dialect)
        names: Sequence[str] = compiled.positiontup or ()  # type: ignore[attr-defined]
        binds = compiled.binds  # type: ignore[attr-defined]
        constants = {name: bind.effective_value for name, bind in binds.items() if not bind.required}
        has_lists = any(isinstance(element, AnyOf) for element in visitors.iterate(statement))
        return Compiled(str(compiled), tuple(names), constants, asked.is_long, has_lists)


def check_guarded(statement: ClauseElement, guarded: set[str], name: str) -> None:
    """Raise UnguardedQueryError if `statement` names a customers' table outside `guarded`."""
    for element in visitors.iterate(statement):
        if isinstance(element, Alias):
            raise UnguardedQueryError(f"Query {name} aliases a table, which the guard can't follow.")
        table = element if isinstance(element, Table) else getattr(element, "table", None)
        if isinstance(table, Table) and table.name in CUSTOMER_TABLES and table.name not in guarded:
            raise UnguardedQueryError(f"Query {name} reads {table.name} without its tenant.")
