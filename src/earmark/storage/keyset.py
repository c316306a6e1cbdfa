"""Lists by keyset: newest first, each page after the last row of the one before."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, tuple_


def after_position(
    statement: Select[Any], time: ColumnElement[Any], row_id: ColumnElement[Any], *, is_continued: bool
) -> Select[Any]:
    """Select what comes after (`after_us`, `after_id`) if continued, newest first."""
    if not is_continued:
        return statement
    return statement.where(tuple_(time, row_id) < tuple_(bindparam("after_us"), bindparam("after_id")))


def newest_first(
    statement: Select[Any], time: ColumnElement[Any], row_id: ColumnElement[Any], *, is_continued: bool
) -> Select[Any]:
    """Order newest first, after (`after_us`, `after_id`) if continued; without a limit."""
    return after_position(statement, time, row_id, is_continued=is_continued).order_by(time.desc(), row_id.desc())


def position_params(after: tuple[int, str] | None) -> dict[str, Any]:
    """Return the parameters of a position: a time in microseconds, and an id; any, if the list begins."""
    after_us, after_id = after or (0, "")
    return {"after_us": after_us, "after_id": after_id}
