"""The SQL expressions that differ between SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Integer, LargeBinary, Text, bindparam, cast
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import Boolean, TypeEngine


class AnyOf(ColumnElement[bool]):
    """`column` is one of the values of the list parameter `name`, of any length.

    The value is a Python list; SQLite receives it as JSON text, PostgreSQL as an array.
    """

    inherit_cache = False
    type: TypeEngine[Any] = Boolean()

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.name = name

    def get_children(self, **_: Any) -> tuple[ColumnElement[Any]]:
        return (self.column,)

    def self_group(self, against: Any = None) -> ColumnElement[bool]:
        """Return self: SQLAlchemy would append `= 1` on SQLite, which prevents using the index."""
        return self


@compiles(AnyOf)
@compiles(AnyOf, "sqlite")
def _any_of_sqlite(element: AnyOf, compiler: SQLCompiler, **kw: Any) -> str:
    bound = compiler.process(bindparam(element.name), **kw)
    return f"{compiler.process(element.column, **kw)} IN (SELECT value FROM json_each({bound}))"


@compiles(AnyOf, "postgresql")
def _any_of_postgresql(element: AnyOf, compiler: SQLCompiler, **kw: Any) -> str:
    item = BigInteger() if isinstance(element.column.type, Integer) else Text()
    bound = compiler.process(bindparam(element.name, type_=ARRAY(item)), **kw)
    return f"{compiler.process(element.column, **kw)} = ANY ({bound})"


def any_of(column: ColumnElement[Any], name: str) -> AnyOf:
    """Return the predicate that `column` is one of the values bound to `name`."""
    return AnyOf(column, name)


class Contains(ColumnElement[bool]):
    """`column` contains the text of the parameter `name`, byte for byte: no wildcards, no collation."""

    inherit_cache = False
    type: TypeEngine[Any] = Boolean()

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.name = name

    def get_children(self, **_: Any) -> tuple[ColumnElement[Any]]:
        return (self.column,)

    def self_group(self, against: Any = None) -> ColumnElement[bool]:
        """Return self: SQLAlchemy would append `= 1` on SQLite, which prevents using the index."""
        return self


def _render_contains(element: Contains, compiler: SQLCompiler, function: str, **kw: Any) -> str:
    bound = compiler.process(bindparam(element.name, type_=Text()), **kw)
    return f"{function}({compiler.process(element.column, **kw)}, {bound}) > 0"


@compiles(Contains)
@compiles(Contains, "sqlite")
def _contains_sqlite(element: Contains, compiler: SQLCompiler, **kw: Any) -> str:
    return _render_contains(element, compiler, "instr", **kw)


@compiles(Contains, "postgresql")
def _contains_postgresql(element: Contains, compiler: SQLCompiler, **kw: Any) -> str:
    return _render_contains(element, compiler, "strpos", **kw)


def contains(column: ColumnElement[Any], name: str) -> Contains:
    """Return the predicate that `column` contains the text bound to `name`."""
    return Contains(column, name)


class Constant(ColumnElement[Any]):
    """A constant in the statement's own words, where a planner must see it and a parameter would hide it."""

    inherit_cache = False
    ALLOWED = ("0", "''", "'pending'", "'running'")

    def __init__(self, words: str, type_: TypeEngine[Any]) -> None:
        if words not in self.ALLOWED:
            raise ValueError(f"no constant: {words!r}")
        self.words = words
        self.type = type_


@compiles(Constant)
def _constant(element: Constant, compiler: SQLCompiler, **_: Any) -> str:
    return element.words


ZERO = Constant("0", Integer())
PENDING, RUNNING = Constant("'pending'", Text()), Constant("'running'", Text())
"""States of jobs that have partial indexes: PostgreSQL's generic plans don't use those by a parameter."""
NO_BYTES = cast(Constant("''", Text()), LargeBinary())
