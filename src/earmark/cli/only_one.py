"""The only project of an installation and the only person of a project, which commands use if none is named."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from earmark.config import load_settings
from earmark.data_dir import held
from earmark.identity.errors import ProjectNotFoundError
from earmark.identity.projects import get_tenant, list_projects
from earmark.identity.types import Mode, Project
from earmark.library.end_users import list_end_users
from earmark.library.types import EndUser, Page
from earmark.storage.open import open_database
from earmark.storage.tenant import Operator

T = TypeVar("T")


def find_only_project() -> Project | None:
    """Return the installation's project, or None if it has none or several."""

    async def work(operator: Operator) -> Project | None:
        found = await list_projects(operator)
        return found[0] if len(found) == 1 else None

    return _look(work)


def find_only_person(project: str, mode: Mode) -> EndUser | None:
    """Return the person of a project's live or test data, or None if there is none, several, or no such project."""

    async def work(operator: Operator) -> EndUser | None:
        try:
            found = await list_end_users(await get_tenant(operator, project, mode), Page(2))
        except ProjectNotFoundError:
            return None
        return found[0] if len(found) == 1 else None

    return _look(work)


def _look(work: Callable[[Operator], Awaitable[T | None]]) -> T | None:
    """Look into the database alone, which takes less time than opening what commands work with."""
    settings = load_settings()
    if settings.database_url is None and not settings.database_path.exists():
        return None  # a mistyped command creates no data

    async def main() -> T | None:
        database = await open_database(settings)
        try:
            return await work(Operator(database))
        finally:
            await database.close()

    with held(settings.data_dir):
        return asyncio.run(main())
