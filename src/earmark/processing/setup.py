"""Sets up an installation that has no project: the first project, its first end user and a key.

What is dropped into such a project is transcribed and summarised: whoever has just set it up expects that, and nobody's
client is surprised by it. A project that is made by `earmark projects create` has the defaults.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from earmark.errors import ConflictError, InvalidError
from earmark.identity.keys import create_key
from earmark.identity.projects import check_project_name, create_project, get_tenant, list_projects
from earmark.identity.types import NewKey, Project
from earmark.library.end_users import create_end_user
from earmark.library.types import EndUser
from earmark.processing.config import set_for_project
from earmark.processing.sections import PROCESSING
from earmark.storage.tenant import Operator, Tenant
from earmark.text import trim, utf16_length

KEY_LABEL = "first key"
AUTOMATIC: Final = {"auto_transcription": {"enabled": True}, "auto_summary": {"enabled": True}}
"""What a project that a person has just set up, or the demo's, has done by itself."""
_NAME_UNITS = 255


@dataclass(frozen=True, slots=True)
class Installed:
    """The first project with the handle on its live data, its first end user, and its key."""

    project: Project
    tenant: Tenant
    end_user: EndUser
    key: NewKey


class AlreadySetUpError(ConflictError):
    """A project exists, so nothing is left to set up."""

    def __init__(self, project: Project) -> None:
        super().__init__(
            f"There is a project already ({project.id}); `earmark use` chooses the one that commands are about, "
            "and `earmark projects create` makes another."
        )


async def refuse_if_set_up(operator: Operator) -> None:
    """Raise AlreadySetUpError if a project exists."""
    projects = await list_projects(operator)
    if projects:
        raise AlreadySetUpError(projects[0])


async def set_up(operator: Operator, project_name: str, person_name: str) -> Installed:
    """Create the first project, its first end user (whose external id is the name) and a secret key for live data.

    Its live data is transcribed and summarised automatically.

    Raises: AlreadySetUpError; ProjectNameError; InvalidError for the person's name.
    """
    project_name, person_name = check_names(project_name, person_name)
    await refuse_if_set_up(operator)
    project = await create_project(operator, project_name)
    tenant = await get_tenant(operator, project.id, "live")
    async with tenant.writing() as work:
        await set_for_project(work, PROCESSING, AUTOMATIC)
        end_user = await create_end_user(work, external_id=person_name, name=person_name)
        key = await create_key(work, label=KEY_LABEL)
    return Installed(project, tenant, end_user, key)


def check_names(project_name: str, person_name: str) -> tuple[str, str]:
    """Return both names without blanks around them.

    Raises: ProjectNameError; InvalidError for the person's name.
    """
    project_name, person_name = trim(project_name), trim(person_name)
    check_project_name(project_name)
    if not 1 <= utf16_length(person_name) <= _NAME_UNITS or not person_name.isprintable():
        raise InvalidError(
            f"A person's name must have 1 to {_NAME_UNITS} characters, and no control characters.", param="person_name"
        )
    return project_name, person_name
