"""The default project and person of commands, from the settings file (`earmark use`)."""

from __future__ import annotations

from typing import cast

import typer

from earmark.config import load_settings, settings_file
from earmark.errors import NotFoundError

# Typer bundles click and exports only some of its classes; UsageError is BadParameter's base class.
UsageError = cast("type[Exception]", typer.BadParameter.__mro__[1])
_CHOOSE = "or choose a default with `earmark use PROJECT PERSON`"


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
    return get_default_project() if _is_left_out(context, param) and not _stores_nothing(context) else value


def get_default_project() -> str:
    """Return the default project.

    Raises: UsageError if there is none.
    """
    project = load_settings().default_project
    if project is None:
        raise UsageError(f"Give --project, {_CHOOSE}.")
    return project


def fill_person(context: typer.Context, param: typer.CallbackParam, value: str) -> str:
    """Return the option's value, else the default person, who belongs to the default project only.

    Raises: UsageError if there is none.
    """
    if not _is_left_out(context, param) or _stores_nothing(context):
        return value
    person = find_default_person(context.params.get("project"), context.params.get("mode", "live"))
    if person is None:
        raise UsageError(f"Give --end-user, {_CHOOSE}.")
    return person


def find_default_person(project: str | None, mode: str) -> str | None:
    """Return the default person, or None if there is none.

    Args:
        project: the command's project; None if it is the default one.

    Raises: UsageError if the default person is not of this project and mode.
    """
    settings = load_settings()
    if settings.default_end_user is None or settings.default_project is None:
        return None
    if project is not None and project != settings.default_project:
        raise UsageError("Give --end-user: the default person belongs to the default project only.")
    if mode != "live":
        raise UsageError("Give --end-user: the default person belongs to live data.")
    return settings.default_end_user


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
