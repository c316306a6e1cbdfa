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
from types import MappingProxyType
from typing import Any, Concatenate, ParamSpec

from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement, visitors

from earmark.storage.dialect import AnyOf
from earmark.storage.errors import UnguardedQueryError
from earmark.storage.guard import BOUND
from earmark.storage.guard import Guard as Guard
from earmark.storage.guard_check import check_guarded, check_operators

P = ParamSpec("P")
Params = Mapping[str, Any]
Row = tuple[Any, ...]
_NOTHING: Params = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement ready for a driver: its text, the order of its parameters, whether one is a list."""

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]
    is_long: bool
    has_lists: bool = False
    name: str = ""
    bound: frozenset[str] = frozenset()
    """Which of its parameters only a tenant's handle gives values for."""

    def arguments(self, params: Params, binding: Params = _NOTHING) -> list[Any]:
        """Return the driver's positional arguments.

        Args:
            binding: what the handle is bound to; it goes before whatever `params` says.

        Raises: UnguardedQueryError if the statement needs a tenant's handle and this is none.
        """
        if not self.bound <= binding.keys():
            raise UnguardedQueryError(f"Query {self.name} reads customers' rows and needs a tenant's handle.")
        params = {**self.constants, **params, **binding}
        return [params[name] for name in self.names]


class Query:
    """A statement builder with a name; hashable, so that what it compiles to can be remembered."""

    def __init__(
        self, build: Callable[..., ClauseElement], *, is_long: bool = False, is_operators: bool = False
    ) -> None:
        self.build = build
        self.is_long = is_long
        self.is_operators = is_operators
        self.name = build.__name__

    def __repr__(self) -> str:
        return f"<query {self.name}>"


def query(build: Callable[Concatenate[Guard, P], Any]) -> Query:
    """Make a query of a builder; its keyword arguments, if any, are the query's shapes."""
    return Query(build)


def long_query(build: Callable[Concatenate[Guard, P], Any]) -> Query:
    """Like `query`, for reads that may take milliseconds: SQLite runs them off the event loop."""
    return Query(build, is_long=True)


def operator_query(build: Callable[Concatenate[Guard, P], Any]) -> Query:
    """Like `query`, for the operator only: it may read `OPERATOR_TABLES` across tenants, no other customers' table."""
    return Query(build, is_operators=True)


class Compiler:
    """Compiles queries for one dialect and remembers them."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.dialect_name = dialect.name
        self._known: dict[Any, Compiled] = {}

    def compile(self, asked: Query, *, scoped: bool, shape: Mapping[str, Any], is_operator: bool = False) -> Compiled:
        """Return the compiled query.

        Raises:
            UnguardedQueryError: if it may touch rows that aren't its caller's, or is the operator's only.
            TypeError: if a value of the shape isn't hashable.
        """
        if asked.is_operators and not is_operator:
            raise UnguardedQueryError(f"Query {asked.name} is the operator's; a tenant's handle can't run it.")
        key = (asked, scoped, *sorted(shape.items())) if shape else (asked, scoped)
        try:
            found = self._known.get(key)
        except TypeError as error:
            raise TypeError(f"Query {asked.name}: the values of a shape must be hashable ({error})") from error
        if found is None:
            found = self._known[key] = self._compile(asked, scoped, shape)
        return found

    def _compile(self, asked: Query, scoped: bool, shape: Mapping[str, Any]) -> Compiled:
        guard = Guard(scoped=scoped)
        statement = asked.build(guard, **shape)
        if asked.is_operators:
            check_operators(statement, asked.name)
        else:
            check_guarded(statement, guard, asked.name)
        compiled = statement.compile(dialect=self._dialect)
        names: Sequence[str] = compiled.positiontup or ()  # type: ignore[attr-defined]
        binds = compiled.binds  # type: ignore[attr-defined]
        constants = {name: bind.effective_value for name, bind in binds.items() if not bind.required}
        has_lists = any(isinstance(element, AnyOf) for element in visitors.iterate(statement))
        bound = frozenset() if asked.is_operators else BOUND.intersection(names)
        return Compiled(str(compiled), tuple(names), constants, asked.is_long, has_lists, asked.name, bound)
