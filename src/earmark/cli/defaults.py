"""The default project and person of commands: of the settings file (`earmark use`), else the only ones there are."""

from __future__ import annotations

from typing import Final, cast, get_args

import typer

from earmark.cli.notices import complain
from earmark.cli.only_one import find_only_person, find_only_project
from earmark.config import load_settings, settings_file
from earmark.errors import NotFoundError
from earmark.identity.types import Mode
from earmark.library.types import EndUser

# Typer bundles click and exports only some of its classes; UsageError is BadParameter's base class.
UsageError = cast("type[Exception]", typer.BadParameter.__mro__[1])
_CHOOSE = "or choose a default with `earmark use PROJECT PERSON`"
_WRITES: Final = frozenset(
    ("import", "watch", "transcribe", "summarize", "create", "rotate", "revoke", "rename", "delete")
)
"""Commands that say which project and person they chose."""


class DefaultGoneError(NotFoundError):
    """The default project or person does not exist, or not any more."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(
            f"The default {what} in {settings_file()}, {name}, does not exist; choose another one with "
            "`earmark use PROJECT PERSON`, or none with `earmark use --clear`."
        )


def fill_project(context: typer.Context, param: typer.CallbackParam, value: str) -> str:
    """Return the option's value, else the default project.

    Raises: UsageError if there is none.
    """
    if not _is_left_out(context, param) or _stores_nothing(context):
        return value
    return get_default_project(is_said=context.info_name in _WRITES)


def get_default_project(*, is_said: bool = False) -> str:
    """Return the project of the settings, else the only one there is; `is_said`: and print that it is used.

    Raises: UsageError if there is none.
    """
    project = load_settings().default_project
    if project is not None:
        return project
    only = find_only_project()
    if only is None:
        raise UsageError(f"Give --project, {_CHOOSE}.")
    if is_said:
        complain(f"Using the only project, {only.name} ({only.id}).")
    return only.id


def fill_person(context: typer.Context, param: typer.CallbackParam, value: str) -> str:
    """Return the option's value, else the person of the settings, of their project, else the only one of the project.

    Raises: UsageError if there is none.
    """
    if not _is_left_out(context, param) or _stores_nothing(context):
        return value
    project, mode = context.params.get("project"), context.params.get("mode", "live")
    person = _find_person(project, mode) if mode in get_args(Mode) else None
    if person is None:
        raise UsageError(f"Give --end-user, {_CHOOSE}.")
    if isinstance(person, str):
        return person
    if context.info_name in _WRITES:
        complain(f"Using the only person, {person.name or person.external_id or person.id}.")
    return person.id


def find_default_person(project: str | None, mode: Mode) -> str | None:
    """Return the person of the settings, else the only one of the project; None if there is none.

    Args:
        project: the command's project; None if it is the default or the only one.

    Raises: UsageError if the default person is not of this project and mode, and there is not one only.
    """
    person = _find_person(project, mode)
    return person.id if isinstance(person, EndUser) else person


def _find_person(project: str | None, mode: Mode) -> EndUser | str | None:
    """Return the settings' person, by id or external id, else the only one."""
    settings = load_settings()
    project = settings.default_project if project is None else project
    if project is None and (only := find_only_project()) is not None:
        project = only.id
    if settings.default_end_user is not None and (project, mode) == (settings.default_project, "live"):
        return settings.default_end_user
    found = find_only_person(project, mode) if project else None
    if found is None and settings.default_end_user is not None and settings.default_project is not None:
        raise UsageError(_why_not_theirs(project, settings.default_project))
    return found


def _why_not_theirs(project: str | None, default_project: str) -> str:
    if project != default_project:
        return "Give --end-user: the default person belongs to the default project only."
    return "Give --end-user: the default person belongs to live data."


def _stores_nothing(context: typer.Context) -> bool:
    """Whether it is `import --dry-run`, which looks at files and at nobody's library."""
    return context.info_name == "import" and bool(context.params.get("dry_run"))


def _is_left_out(context: typer.Context, param: typer.CallbackParam) -> bool:
    """Whether the option is absent; an empty value, such as of an unset variable, is not."""
    source = context.get_parameter_source(param.name or "")
    return source is not None and source.name.startswith("DEFAULT") and not context.resilient_parsing


def refuse_gone_project(project: str) -> None:
    """Raise DefaultGoneError if this project, which does not exist, is the default."""
    if project == load_settings().default_project:
        raise DefaultGoneError("project", project)


def refuse_gone_person(end_user: str) -> None:
    """Raise DefaultGoneError if this person, who does not exist, is the default."""
    if end_user == load_settings().default_end_user:
        raise DefaultGoneError("person", end_user)
