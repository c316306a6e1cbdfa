"""Where `refused_*.py` list statements that the guard must refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from earmark.storage.query import Guard
from earmark.storage.tables import ask_sessions, folders

Build = Callable[[Guard], Any]
REFUSED: dict[str, Build] = {}
"""By what they try; for every caller."""
REFUSED_SCOPED: dict[str, Build] = {}
"""The same for the caller of one end user only: the whole project's caller may."""

sessions, folder = ask_sessions.c, folders.c


def refused(build: Build) -> Build:
    """Add a statement that nobody may run."""
    add(build.__name__, build)
    return build


def refused_scoped(build: Build) -> Build:
    """Add a statement that the caller of one end user may not run."""
    REFUSED_SCOPED[build.__name__] = build
    return build


def add(name: str, build: Build) -> None:
    """Add a statement that nobody may run, by a name."""
    assert name not in REFUSED
    REFUSED[name] = build


def of_tenant(table: sa.Table) -> sa.ColumnElement[bool]:
    """Return the tenant's predicate without the end user's."""
    return table.c.tenant_id == bindparam("tenant_id")


def joined() -> sa.ColumnElement[bool]:
    """Return how folders and sessions belong together."""
    return (folder.tenant_id == sessions.tenant_id) & (folder.end_user_id == sessions.end_user_id)
