"""Projects and their tenants (live and test data), and the installation's secrets and values."""

from __future__ import annotations

from contextlib import suppress

from earmark.clock import now_us
from earmark.identity import queries
from earmark.identity.errors import ProjectNotFoundError
from earmark.identity.types import Mode, Project
from earmark.ids import new_id, random_text
from earmark.storage.errors import UniqueViolationError
from earmark.storage.tenant import Operator, Tenant, TenantKey

_ATTEMPTS = 8


async def create_project(operator: Operator, name: str) -> Project:
    """Create a project with its live and its test tenant."""
    project = Project(new_id("proj"), name)
    for attempt in range(_ATTEMPTS):
        last = (await operator.fetch_all(queries.select_last_tenant_id))[0][0]
        try:
            await operator.write(
                (queries.insert_project, {"id": project.id, "name": name, "created_us": now_us()}),
                (queries.insert_tenant, {"id": last + 1, "project_id": project.id, "mode": "live"}),
                (queries.insert_tenant, {"id": last + 2, "project_id": project.id, "mode": "test"}),
            )
        except UniqueViolationError:  # another process took the number
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            break
    return project


async def list_projects(operator: Operator) -> list[Project]:
    """Return all projects, oldest first."""
    return [Project(*row) for row in await operator.fetch_all(queries.select_projects)]


async def get_tenant(operator: Operator, project_id: str, mode: Mode) -> Tenant:
    """Return the project-wide handle of a project's live or test data.

    Raises: ProjectNotFoundError.
    """
    rows = await operator.fetch_all(queries.select_tenant, {"project_id": project_id, "mode": mode})
    if not rows:
        raise ProjectNotFoundError(project_id)
    return Tenant(operator.database, TenantKey(*rows[0]))


async def list_tenants(operator: Operator) -> list[Tenant]:
    """Return the handles of all projects' live and test data, for sweeps."""
    rows = await operator.fetch_all(queries.select_tenants)
    return [Tenant(operator.database, TenantKey(*row)) for row in rows]


async def get_installation_secret(operator: Operator, name: str) -> str:
    """Return the installation's secret of this name, created on first use by any process."""
    rows = await operator.fetch_all(queries.select_installation, {"key": name})
    if not rows:
        with suppress(UniqueViolationError):  # another process was first; its secret is used
            await operator.write((queries.insert_installation, {"key": name, "text": random_text(48)}))
        rows = await operator.fetch_all(queries.select_installation, {"key": name})
    secret: str = rows[0][0]
    return secret


async def find_installation(operator: Operator, name: str) -> str | None:
    """Return the installation's stored value of this name, if any."""
    rows = await operator.fetch_all(queries.select_installation, {"key": name})
    return rows[0][0] if rows else None


async def put_installation(operator: Operator, name: str, text: str) -> None:
    """Store the installation's value of this name, replacing an existing one."""
    values = {"key": name, "text": text}
    if await find_installation(operator, name) is None:
        with suppress(UniqueViolationError):  # another process was first; the last write wins
            await operator.write((queries.insert_installation, values))
            return
    await operator.write((queries.update_installation, values))
