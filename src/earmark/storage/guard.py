"""The one place where isolation is enforced: what makes a statement the caller's own, and what stops one that isn't.

Each SELECT, UPDATE and DELETE, subqueries included, must restrict every customers' table that it names to
the caller's tenant (and end user, where the caller is one) in its own WHERE; inserts are made by the guard.
A statement that forgets is refused when it is compiled, so that it never runs, in any process or test.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Delete, Insert, Select, Table, Update, and_, bindparam, insert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.sql import ClauseElement, operators, visitors
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, BooleanClauseList, Grouping
from sqlalchemy.sql.selectable import Alias, Join

from earmark.storage.errors import UnguardedQueryError
from earmark.storage.tables import CUSTOMER_TABLES, OPERATOR_TABLES, OWNER_COLUMN


class Guard:
    """Adds the tenant's predicates to one statement.

    Args:
        scoped: whether the caller acts for one end user; then rows of others don't exist for it.
    """

    def __init__(self, *, scoped: bool) -> None:
        self.scoped = scoped
        self.inserted: set[str] = set()

    def __call__(self, table: Table) -> ColumnElement[bool]:
        """Return the predicate that makes `table` the caller's own."""
        tenant: ColumnElement[bool] = table.c.tenant_id == bindparam("tenant_id")
        owner = OWNER_COLUMN.get(table.name, "end_user_id")
        if not self.scoped or owner is None:
            return tenant
        return and_(tenant, table.c[owner] == bindparam(_owner_param(owner)))

    def insert(self, table: Table, *, unset: Collection[str] = ()) -> Insert:
        """Return an insert of all columns but those that start `unset`, under the caller's tenant and end user."""
        values = self._values(table)
        return insert(table).values({name: value for name, value in values.items() if name not in unset})

    def insert_or_ignore(self, table: Table) -> Insert:
        """Return the insert that leaves a row of the same key as it is (in words that both databases know)."""
        return postgresql_insert(table).values(self._values(table)).on_conflict_do_nothing()

    def _values(self, table: Table) -> dict[str, Any]:
        self.inserted.add(table.name)
        values: dict[str, Any] = {name: bindparam(name) for name in table.c.keys()}  # noqa: SIM118
        owner = OWNER_COLUMN.get(table.name, "end_user_id")
        if self.scoped and owner not in ("id", None):
            values[str(owner)] = bindparam(_owner_param(str(owner)))
        return values


def _owner_param(owner_column: str) -> str:
    return "caller_end_user_no" if owner_column == "end_user_no" else "caller_end_user_id"


def check_guarded(statement: ClauseElement, guard: Guard, name: str) -> None:
    """Raise UnguardedQueryError if some part of `statement` names a customers' table without its tenant."""
    for element in visitors.iterate(statement):
        if isinstance(element, Alias):
            raise UnguardedQueryError(f"Query {name} aliases a table, which the guard can't follow.")
        for table in _named_tables(element):
            if table.name in CUSTOMER_TABLES and not _is_guarded(element, table, guard):
                raise UnguardedQueryError(f"Query {name} names {table.name} without its tenant.")


def check_operators(statement: ClauseElement, name: str) -> None:
    """Raise UnguardedQueryError if an operator query names a customers' table that is not the operator's as well."""
    for element in visitors.iterate(statement):
        if isinstance(element, Table) and element.name in CUSTOMER_TABLES - OPERATOR_TABLES:
            raise UnguardedQueryError(f"Query {name} names {element.name} across tenants.")


def _named_tables(element: Any) -> Iterator[Table]:
    """Yield the tables that a SELECT, UPDATE, DELETE or INSERT names itself; what is nested comes by itself."""
    if isinstance(element, Select):
        for source in element.get_final_froms():
            yield from _tables_of(source)
    elif isinstance(element, Update | Delete | Insert) and isinstance(element.table, Table):
        yield element.table


def _tables_of(source: Any) -> Iterator[Table]:
    if isinstance(source, Join):
        yield from _tables_of(source.left)
        yield from _tables_of(source.right)
    elif isinstance(source, Table):
        yield source


def _is_guarded(element: Any, table: Table, guard: Guard) -> bool:
    if isinstance(element, Insert):
        return table.name in guard.inserted
    needed = {("tenant_id", "tenant_id")}
    owner = OWNER_COLUMN.get(table.name, "end_user_id")
    if guard.scoped and owner is not None:
        needed.add((owner, _owner_param(owner)))
    return needed <= set(_equalities(element.whereclause, table))


def _equalities(clause: Any, table: Table) -> Iterator[tuple[str, str]]:
    """Yield (column, parameter) for each `table.column = :parameter` that must hold for the clause to hold."""
    if isinstance(clause, Grouping):
        yield from _equalities(clause.element, table)
    elif isinstance(clause, BooleanClauseList) and clause.operator is operators.and_:
        for one in clause.clauses:
            yield from _equalities(one, table)
    elif isinstance(clause, BinaryExpression) and clause.operator is operators.eq:
        column, parameter = clause.left, clause.right
        if getattr(column, "table", None) is table and isinstance(parameter, BindParameter):
            yield str(column.name), str(parameter.key)
