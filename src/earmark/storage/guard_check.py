"""Decides whether a statement reads and writes only rows that its guard covers; refuses it otherwise.

Every customers' table in a FROM needs the guard's predicates among the conditions that must all hold in the
WHERE of the same SELECT; a column belongs to a table of its own statement or of one around it, which is
guarded there. UPDATE and DELETE name one table, write neither tenant nor owner, and INSERT takes both from the
handle. Elements that `elements.py` does not list are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnClause, Delete, Insert, Select, Subquery, Table, TableClause, TextClause, Update
from sqlalchemy.sql import ClauseElement, operators, visitors
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, BooleanClauseList, Grouping
from sqlalchemy.sql.selectable import Join, ScalarSelect

from earmark.storage.dialect import AnyOf, Contains
from earmark.storage.elements import STATEMENTS, Refusal, check_value, is_star, parts_of
from earmark.storage.errors import UnguardedQueryError
from earmark.storage.guard import BOUND, OWNERS, Guard
from earmark.storage.tables import CUSTOMER_TABLES, OPERATOR_TABLES, SYSTEM_TABLES, chunk_vectors, metadata

_TABLES = {**metadata.tables, "chunk_vectors": chunk_vectors}


class _Scope(NamedTuple):
    """The FROMs that an expression may name, as SQLAlchemy's compiler counts them for correlation."""

    nearest: frozenset[Any] = frozenset()
    all: frozenset[Any] = frozenset()


def check_guarded(statement: ClauseElement, guard: Guard, name: str) -> None:
    """Raise UnguardedQueryError unless `statement` touches only rows that `guard` covers."""
    try:
        if type(statement) not in STATEMENTS:
            raise Refusal(f"is a {type(statement).__name__}, neither SELECT, INSERT, UPDATE nor DELETE")
        _Check(guard).statement(statement)
    except Refusal as error:
        raise UnguardedQueryError(f"Query {name} {error}.") from error


def check_operators(statement: ClauseElement, name: str) -> None:
    """Raise UnguardedQueryError unless `statement` names only system tables and `OPERATOR_TABLES`, and no raw SQL."""
    for element in visitors.iterate(statement):
        is_raw = isinstance(element, TextClause) or (isinstance(element, ColumnClause) and element.is_literal)
        if is_raw or (isinstance(element, TableClause) and type(element) is not Table):
            raise UnguardedQueryError(f"Query {name} has raw SQL in it.")
        if isinstance(element, Table) and element.name not in SYSTEM_TABLES | OPERATOR_TABLES:
            raise UnguardedQueryError(f"Query {name} names {element.name} across tenants.")


class _Check:
    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def statement(self, statement: Any) -> None:
        if isinstance(statement, Select):
            self._select(statement, _Scope())
            return
        _check_table(statement.table)
        if isinstance(statement, Insert):
            self._insert(statement)
        else:
            self._change(statement)
        for column in statement._returning:
            if type(column) is not Column or column.table is not statement.table:
                raise Refusal("returns something else than columns of its table")
            _check_column(column, frozenset({statement.table}))

    # ---- SELECT ------------------------------------------------------------------------------------

    def _select(self, select: Select[Any], around: _Scope) -> None:
        froms = _rendered_froms(select, around)
        nearest = frozenset(one for source in froms for one in source._from_objects)
        scope = _Scope(nearest, around.all | nearest)
        for source in froms:
            self._source(source, scope, select)
        for part in parts_of(select):
            self._expression(part, scope)

    def _source(self, source: Any, scope: _Scope, select: Select[Any]) -> None:
        """Check an entry of the FROM clause."""
        if type(source) is Table:
            _check_table(source)
            self._check_where(select, source)
        elif type(source) is Subquery:
            self._subquery(source, scope)
        elif type(source) is Join and not source.isouter and not source.full:
            self._source(source.left, scope, select)
            self._source(source.right, scope, select)
            self._expression(source.onclause, scope)
        else:
            raise Refusal(f"reads from {type(source).__name__}, which the guard can't follow")

    def _subquery(self, source: Subquery, scope: _Scope) -> None:
        for _ in parts_of(source):
            raise Refusal("reads from a subquery that the guard doesn't know")
        if type(source.element) is not Select:
            raise Refusal(f"reads from {type(source.element).__name__}, which the guard can't follow")
        if str(source.name).lower() in _TABLES:
            raise Refusal(f"gives a subquery the name of the table {source.name}")
        self._select(source.element, _Scope(frozenset(), scope.all - scope.nearest))

    # ---- UPDATE, DELETE, INSERT --------------------------------------------------------------------

    def _change(self, change: Update | Delete) -> None:
        table: Any = change.table
        self._check_where(change, table)
        scope = _Scope(frozenset({table}), frozenset({table}))
        if isinstance(change, Update):
            values = _values_of(change)
            fixed = [name for name in values if name in {"tenant_id", *OWNERS, self._guard.owner_of(table)}]
            if table.name in CUSTOMER_TABLES and fixed:
                raise Refusal(f"changes {fixed[0]} of {table.name}")
            self._values(values, scope)
        for part in parts_of(change):
            self._expression(part, scope)

    def _insert(self, insert: Insert) -> None:
        table: Any = insert.table
        values = _values_of(insert)
        if table.name in CUSTOMER_TABLES:
            for column, parameter in self._guard.inserts(table):
                value = values.get(column)
                if not (type(value) is BindParameter and value.key == parameter):
                    raise Refusal(f"inserts into {table.name} without its {column}")
        self._values(values, _Scope())
        for part in parts_of(insert):
            self._expression(part, _Scope())

    def _values(self, values: dict[str, Any], scope: _Scope) -> None:
        for value in values.values():
            if isinstance(value, ClauseElement):
                self._expression(value, scope)
            else:
                check_value(value)

    # ---- expressions -------------------------------------------------------------------------------

    def _expression(self, element: Any, scope: _Scope) -> None:
        kind = type(element)
        parts = parts_of(element)
        if kind in (Column, ColumnClause):
            if not is_star(element):
                _check_column(element, scope.all)
        elif kind is Table or kind is Subquery:  # as in `select(table)`, or FOR UPDATE OF
            if element not in scope.all:
                raise Refusal(f"names {element.name} outside its FROM")
            return
        elif kind is ScalarSelect:
            if type(element.element) is not Select:
                raise Refusal(f"reads from {type(element.element).__name__}, which the guard can't follow")
            self._select(element.element, scope)
            return
        elif kind in STATEMENTS:
            raise Refusal(f"has a {kind.__name__} inside it")
        elif isinstance(element, BindParameter):
            self._check_bound(element)
        elif kind in (AnyOf, Contains) and element.name in BOUND:
            raise Refusal(f"uses the handle's {element.name} for something else")
        for part in parts:
            self._expression(part, scope)

    def _check_bound(self, bind: BindParameter[Any]) -> None:
        """Check that what the handle binds has no value here, and that it will be bound."""
        if bind.key in BOUND and not (_is_required(bind) and bind.key in self._guard.parameters):
            raise Refusal(f"gives the handle's {bind.key} a value of its own")

    def _check_where(self, statement: Any, table: Table) -> None:
        if table.name in CUSTOMER_TABLES:
            held = {pair for clause in statement._where_criteria for pair in _equalities(clause, table)}
            if not set(self._guard.covers(table)) <= held:
                raise Refusal(f"names {table.name} without its tenant or end user")


def _rendered_froms(select: Select[Any], around: _Scope) -> list[Any]:
    """Return what the compiler renders as FROM: by the function that the compiler itself asks."""
    state: Any = select._compile_state_factory(select, None)  # type: ignore[arg-type]  # a compiler, unused
    return list(state._get_display_froms(explicit_correlate_froms=around.all, implicit_correlate_froms=around.nearest))


def _check_table(table: Any) -> None:
    if type(table) is not Table or _TABLES.get(str(table.name)) is not table:
        raise Refusal(f"names {getattr(table, 'name', table)}, which is none of our tables")


def _check_column(column: Any, froms: frozenset[Any]) -> None:
    table = column.table
    if table is None or table not in froms or not any(column is one for one in table.c):
        raise Refusal(f"names the column {column.name} of something that is not in its FROM")


def _values_of(change: Any) -> dict[str, Any]:
    """Return what an INSERT or UPDATE writes, by the columns' names."""
    table, values = change.table, {}
    for key, value in (change._values or {}).items():
        name = key if isinstance(key, str) else key.name
        if name in values or name not in table.c or not (isinstance(key, str) or table.c[name] is key):
            raise Refusal(f"writes the column {name} twice, or one that its table doesn't have")
        values[str(name)] = value
    if not values:
        raise Refusal("says of no column what it writes")
    return values


def _is_required(bind: BindParameter[Any]) -> bool:
    return bind.required and bind.value is None and bind.callable is None and not bind.unique


def _equalities(clause: Any, table: Table) -> Iterator[tuple[str, str]]:
    """Yield (column, parameter) for each `table.column = :parameter` that must hold for the clause to hold."""
    if type(clause) is Grouping:
        yield from _equalities(clause.element, table)
    elif type(clause) is BooleanClauseList and clause.operator is operators.and_:
        for one in clause.clauses:
            yield from _equalities(one, table)
    elif type(clause) is BinaryExpression and clause.operator is operators.eq:
        column, bind = clause.left, clause.right
        if type(column) is Column and table.c.get(column.key) is column and type(bind) is BindParameter:
            yield str(column.name), str(bind.key)
