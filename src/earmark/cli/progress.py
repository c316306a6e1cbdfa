"""Shows progress bars if standard error is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_WIDEST_NAME, _BAR_WIDTH = 38, 20
"""So that numbers and times fit beside them on a terminal of 80 columns."""


@contextmanager
def progress(doing: str, total: int, *, is_shown: bool) -> Iterator[Callable[[], None]]:
    """Yield the function to call after each of `total` steps."""
    columns = (MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with _bar(doing, total, columns, is_shown=is_shown) as (bar, task):
        yield lambda: None if bar is None else bar.advance(task)


@contextmanager
def share_done(doing: str, *, is_shown: bool) -> Iterator[Callable[[float], None]]:
    """Yield the function to call with the share of the work that is done, from 0 to 1."""
    columns = (TaskProgressColumn(), TimeRemainingColumn(elapsed_when_finished=True))
    with _bar(doing, 1, columns, is_shown=is_shown) as (bar, task):
        yield lambda share: None if bar is None else bar.update(task, completed=share)


@contextmanager
def _bar(
    doing: str, total: int, columns: Sequence[ProgressColumn], *, is_shown: bool
) -> Iterator[tuple[Progress | None, TaskID]]:
    if not is_shown or not sys.stderr.isatty():
        yield None, TaskID(0)
        return
    from rich.console import Console
    from rich.table import Column

    described = Column(
        no_wrap=True, overflow="ellipsis", max_width=_WIDEST_NAME
    )  # else it takes the other columns' room
    shown = (TextColumn("{task.description}", markup=False, table_column=described), BarColumn(_BAR_WIDTH), *columns)
    with Progress(*shown, console=Console(stderr=True), transient=True) as bar:
        yield bar, bar.add_task(doing, total=total)
