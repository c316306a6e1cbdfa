"""The SQLAlchemy elements that a statement may consist of: the guard refuses what is not listed here.

An element is allowed by its exact type, since a subclass may render anything, and each of its attributes that
SQLAlchemy renders must be of a kind handled here or unset. A new release that adds an attribute thereby
adds one that must be unset.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import dml as postgresql_dml
from sqlalchemy.sql import elements, functions, operators, selectable, visitors
from sqlalchemy.sql.sqltypes import TupleType
from sqlalchemy.types import NullType

from earmark.storage.dialect import AnyOf, Constant, Contains
from earmark.storage.tables import HalfVector

_Kind = visitors.InternalTraversal

STATEMENTS: Final = (sa.Select, sa.Insert, postgresql_dml.Insert, sa.Update, sa.Delete)
_ELEMENTS: Final = frozenset({
    *STATEMENTS, sa.Column, sa.ColumnClause, sa.BindParameter, sa.BinaryExpression, sa.UnaryExpression, sa.Case,
    sa.Cast, sa.Label, sa.Null, sa.True_, sa.False_, sa.Tuple, sa.Table, sa.Subquery, sa.ScalarSelect, sa.Exists,
    sa.ClauseList, elements.BooleanClauseList, elements.ExpressionClauseList, elements.Grouping,
    selectable.ForUpdateArg, selectable._OffsetLimitParam, postgresql.aggregate_order_by,
    postgresql_dml.OnConflictDoNothing, AnyOf, Contains, Constant,
    sa.Function, functions.count, functions.sum, functions.max, functions.min, functions.coalesce,
})  # fmt: skip
_FUNCTIONS: Final = frozenset({"count", "sum", "max", "min", "coalesce", "string_agg", "halfvec_send", "float4send"})
_OPERATORS: Final = frozenset({
    None, operators.and_, operators.or_, operators.inv, operators.eq, operators.ne, operators.lt, operators.le,
    operators.gt, operators.ge, operators.is_, operators.is_not, operators.in_op, operators.not_in_op,
    operators.like_op, operators.not_like_op, operators.add, operators.sub, operators.mul, operators.neg,
    operators.exists, operators.comma_op, operators.asc_op, operators.desc_op,
})  # fmt: skip
_WORDED_OPERATORS: Final = frozenset({"<#>"})
_TYPES: Final = frozenset({
    sa.BigInteger, sa.Integer, sa.Text, sa.String, sa.Float, sa.REAL, sa.LargeBinary, sa.Boolean, NullType, TupleType,
    HalfVector,
})  # fmt: skip
_VALUES: Final = (type(None), bool, int, float, str, bytes)

_CHILD: Final = (_Kind.dp_clauseelement,)
_CHILDREN: Final = (_Kind.dp_clauseelement_list, _Kind.dp_clauseelement_tuple)
_PAIRS: Final = (_Kind.dp_clauseelement_tuples,)

# Attributes that `guard_check.py` handles itself: what a statement reads, what it writes, what an INSERT selects.
_HANDLED: Final[dict[type, frozenset[str]]] = {
    **dict.fromkeys((sa.Insert, postgresql_dml.Insert), frozenset({"table", "_values", "_returning"})),
    sa.Update: frozenset({"table", "_values", "_returning"}),
    sa.Delete: frozenset({"table", "_returning"}),
    sa.Select: frozenset({"_from_obj", "_setup_joins", "_correlate", "_correlate_except", "_correlate_mode"}),
    sa.Subquery: frozenset({"element"}),
    sa.Column: frozenset({"table"}),
    sa.ColumnClause: frozenset({"table"}),
    sa.Table: frozenset({"columns", "name"}),
    sa.BindParameter: frozenset({"value"}),
    selectable._OffsetLimitParam: frozenset({"value"}),
}
# Attributes that say nothing of rows and render no words of their own.
_HARMLESS: Final[dict[type, frozenset[str]]] = {
    sa.Select: frozenset({"_distinct", "_label_style"}),
    selectable.ForUpdateArg: frozenset({"nowait", "read", "skip_locked", "key_share"}),
    sa.Insert: frozenset({"_inline"}),
    sa.Update: frozenset({"_inline"}),
}
_NEVER: Final[dict[type, frozenset[str]]] = {
    sa.Delete: frozenset({"_extra_froms"}),
    **dict.fromkeys((sa.Insert, postgresql_dml.Insert), frozenset({"select"})),
}
_NONE: Final[frozenset[str]] = frozenset()


class Refusal(Exception):  # noqa: N818  # never leaves the guard, which names the query
    """A statement is not provably its caller's own."""


def parts_of(element: Any) -> Iterator[Any]:
    """Yield the elements that an element consists of.

    Raises: Refusal if its type, or one of its attributes, is not on the list.
    """
    kind = type(element)
    if kind not in _ELEMENTS:
        raise Refusal(f"uses {kind.__name__}, which the guard doesn't know")
    _check_own_words(element)
    if is_star(element):
        return
    if kind in (AnyOf, Contains):
        yield element.column
    handled = _HANDLED.get(kind, _NONE) | _HARMLESS.get(kind, _NONE)
    for name, way in getattr(element, "_traverse_internals", ()):
        if name not in handled:
            yield from _parts_in(element, name, way)


def _parts_in(element: Any, name: str, way: visitors.InternalTraversal) -> Iterator[Any]:
    value: Any = getattr(element, name, None)
    if way is _Kind.dp_type:
        check_type(value)
    elif way is _Kind.dp_operator:
        _check_operator(value)
    elif way is _Kind.dp_anon_name or (isinstance(element, sa.Function | functions.GenericFunction) and name == "name"):
        return  # SQLAlchemy quotes names where they need it; functions' are on a list
    elif isinstance(element, sa.BinaryExpression) and name == "modifiers":
        _check_modifiers(value)
    elif value is None or (not _is_element(value) and not value):
        return
    elif name in _NEVER.get(type(element), _NONE):
        raise Refusal(f"has {name.strip('_')}")
    elif way in _CHILD:
        yield value
    elif way in _CHILDREN:
        yield from value
    elif way in _PAIRS:
        for pair in value:
            yield from pair
    else:
        raise Refusal(f"has {name.strip('_')}, which the guard doesn't know")


def _check_own_words(element: Any) -> None:
    """Check what an element renders besides its parts."""
    if isinstance(element, sa.BindParameter):
        _check_bind(element)
    elif isinstance(element, sa.Function | functions.GenericFunction):
        if element.name not in _FUNCTIONS:
            raise Refusal(f"calls {element.name}, which the guard doesn't know")
    elif isinstance(element, AnyOf | Contains):
        check_name(element.name)
    elif isinstance(element, Constant) and element.words not in Constant.ALLOWED:
        raise Refusal("has words of its own")
    if getattr(element, "_execution_options", None) or getattr(element, "_annotations", None):
        raise Refusal("has options or annotations")


def _is_element(value: Any) -> bool:
    return isinstance(value, sa.ClauseElement)


def is_star(element: Any) -> bool:
    """Whether it is the `*` of `count(*)` and of EXISTS."""
    return type(element) is sa.ColumnClause and element.is_literal and element.name == "*" and element.table is None


def check_name(name: str) -> None:
    """Check that the name is a plain one, which no dialect escapes into another."""
    if not (name.isidentifier() and name.isascii()):
        raise Refusal(f"has a parameter {name!r}")


def check_value(value: Any) -> None:
    """Check that a constant is no element in disguise."""
    if type(value) not in _VALUES:
        raise Refusal(f"has a constant of type {type(value).__name__}")


def _check_bind(bind: sa.BindParameter[Any]) -> None:
    if bind.expanding or bind.isoutparam:
        raise Refusal("has a parameter that is rendered into the statement")
    if not bind.unique:
        check_name(bind.key)
    check_value(bind.value)


def _check_operator(operator: Any) -> None:
    if type(operator) is operators.custom_op:
        if operator.opstring not in _WORDED_OPERATORS:
            raise Refusal(f"uses the operator {operator.opstring!r}, which the guard doesn't know")
    elif operator not in _OPERATORS:
        raise Refusal(f"uses the operator {getattr(operator, '__name__', operator)}, which the guard doesn't know")


def _check_modifiers(modifiers: Any) -> None:
    escape = modifiers.get("escape", "\\")
    if set(modifiers) - {"escape"} or not isinstance(escape, str) or len(escape) != 1 or escape == "'":
        raise Refusal("has modifiers that the guard doesn't know")


def check_type(type_: Any) -> None:
    """Check that a type is one of ours: others may render an expression around a value or column."""
    if type(type_) not in _TYPES:
        raise Refusal(f"uses the type {type(type_).__name__}, which the guard doesn't know")
    sizes = (getattr(type_, "length", None), getattr(type_, "precision", None))
    if any(size is not None and type(size) is not int for size in sizes) or getattr(type_, "collation", None) not in (
        None,
        "C",
    ):
        raise Refusal("uses a type with words of its own")
    for one in (*type_._variant_mapping.values(), *getattr(type_, "types", ())):
        check_type(one)
