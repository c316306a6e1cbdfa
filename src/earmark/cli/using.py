"""`earmark use`: chooses the project and the person of commands that name none, and shows who they are."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from earmark.cli.notices import complain
from earmark.cli.output import JsonOption, emit, find_tenant, run
from earmark.cli.owners import find_owner
from earmark.cli.settings_file import Values, change_settings, clear_settings, read_settings_file, write_settings_file
from earmark.config import parse_settings, settings_file
from earmark.errors import NotFoundError
from earmark.identity.projects import list_projects
from earmark.identity.types import Project
from earmark.library.end_users import get_end_user
from earmark.library.errors import EndUserNotFoundError
from earmark.library.types import EndUser
from earmark.runtime import Runtime

_PROJECT, _PERSON = ("default_project",), ("default_end_user",)
Chosen = tuple[Project, EndUser]


class UnknownProjectError(NotFoundError):
    """No project, or more than one, has this name."""

    def __init__(self, name: str, found: int) -> None:
        many = f"{found} projects have the name {name}; give the id of one" if found else f"No project is called {name}"
        super().__init__(f"{many}. `earmark projects list` shows all.")


class UnknownPersonError(NotFoundError):
    """The project has no end user of this id or external id."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The project has no person {name}; the first `earmark import` with --end-user creates one.")


def use(
    project: Annotated[str | None, typer.Argument(help="The project's id, or its name.")] = None,
    person: Annotated[str | None, typer.Argument(help="The end user's eu_…, or external id.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Remove the defaults.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Choose the project and the person for commands without --project and --end-user; without arguments, show them."""
    if clear and project is not None:
        raise typer.BadParameter("Give either --clear or a project and a person.")
    if project is not None and person is None:
        raise typer.BadParameter("Name the person too: `earmark use PROJECT PERSON`.")
    if clear:
        clear_defaults()
    elif project is not None and person is not None:
        chosen = run(lambda runtime: _find(runtime, project, person))
        save_defaults(chosen[0].id, chosen[1].id)
    _show(as_json=as_json)


async def _find(runtime: Runtime, project: str, person: str) -> Chosen:
    """Return a project by its id or name, and a person of its live data by id or external id."""
    projects = await list_projects(runtime.operator)
    found = [one for one in projects if one.id == project] or [one for one in projects if one.name == project]
    if len(found) != 1:
        raise UnknownProjectError(project, len(found))
    tenant = await find_tenant(runtime, found[0].id, "live")
    try:
        owner = await find_owner(tenant, person)
    except EndUserNotFoundError as error:
        raise UnknownPersonError(person) from error
    assert owner.end_user_id is not None
    return found[0], await get_end_user(owner, owner.end_user_id)


def check_savable() -> None:
    """Raise what would keep `save_defaults` from changing the settings file."""
    text = read_settings_file(settings_file())
    parse_settings(text)
    change_settings(settings_file(), text, _values("proj_x", "eu_x"))


def save_defaults(project_id: str, end_user_id: str) -> None:
    """Write the defaults into the settings file; tell where the environment overrides them.

    Raises: SettingsError, NotEditableError, NotWrittenError.
    """
    file, values = settings_file(), _values(project_id, end_user_id)
    text = read_settings_file(file)
    parse_settings(text)
    changed = change_settings(file, text, values)
    if changed != text:
        write_settings_file(file, changed)
    after = parse_settings(changed)
    for (name,), value in values.items():
        if getattr(after, name) != value:
            complain(f"EARMARK_{name.upper()} in the environment overrides the file; unset it.")


def _values(project_id: str, end_user_id: str) -> Values:
    return {_PROJECT: project_id, _PERSON: end_user_id}


def clear_defaults() -> None:
    """Remove the defaults from the settings file.

    Raises: SettingsError, NotEditableError, NotWrittenError.
    """
    file = settings_file()
    text = read_settings_file(file)
    parse_settings(text)
    changed = clear_settings(file, text, (_PROJECT[0], _PERSON[0]))
    if changed != text:
        write_settings_file(file, changed)


def _show(*, as_json: bool) -> None:
    settings = parse_settings(read_settings_file(settings_file()))
    project, person = settings.default_project, settings.default_end_user
    if project is None or person is None:
        shown: dict[str, Any] = {"project": None, "end_user": None, "file": str(settings_file())}
        text = "There are no defaults; `earmark use PROJECT PERSON` sets them."
    else:
        chosen = run(lambda runtime: _find_defaults(runtime, project, person))
        shown, text = _render(*chosen)
    emit(shown, as_json=as_json, text=text)


async def _find_defaults(runtime: Runtime, project: str, person: str) -> Chosen:
    tenant = await find_tenant(runtime, project, "live")
    owner = await find_owner(tenant, person)
    assert owner.end_user_id is not None
    names = {one.id: one for one in await list_projects(runtime.operator)}
    return names[project], await get_end_user(owner, owner.end_user_id)


def _render(project: Project, user: EndUser) -> tuple[dict[str, Any], str]:
    person = {"id": user.id, "external_id": user.external_id, "name": user.name}
    file = str(settings_file())
    name = user.name or user.external_id or ""
    text = f"project  {project.id}  {project.name}\nperson   {user.id}  {name}\nfile     {file}"
    return {"project": {"id": project.id, "name": project.name}, "end_user": person, "file": file}, text
