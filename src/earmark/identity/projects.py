"""Projects and their tenants (live and test data), and the installation's secrets and values."""

from __future__ import annotations

import re
from contextlib import suppress

from earmark.clock import now_us
from earmark.identity import queries
from earmark.identity.errors import ProjectNameError, ProjectNotFoundError
from earmark.identity.types import Mode, Project
from earmark.ids import new_id, random_text
from earmark.storage.errors import UniqueViolationError
from earmark.storage.tenant import Operator, Tenant, TenantKey
from earmark.text import trim, utf16_length

_ATTEMPTS = 8
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NAME_UNITS = 255


async def create_project(operator: Operator, name: str) -> Project:
    """Create a project with its live and its test tenant.

    Raises: ProjectNameError.
    """
    check_project_name(name)
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


def check_project_name(name: str) -> None:
    """Raise ProjectNameError unless a project may have this name."""
    if not trim(name) or _CONTROL.search(name):
        raise ProjectNameError("The name must not be empty or contain control characters.")
    if utf16_length(name) > _NAME_UNITS:
        raise ProjectNameError(f"The name must be 1 to {_NAME_UNITS} characters long.")


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


async def find_tenant_key(operator: Operator, tenant_id: int) -> TenantKey | None:
    """Return whose data a tenant's number stands for, or None."""
    rows = await operator.fetch_all(queries.select_tenant_numbered, {"of_id": tenant_id})
    return TenantKey(*rows[0]) if rows else None


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
