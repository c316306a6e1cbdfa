"""`earmark projects`: creates and lists projects."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from earmark.cli.output import JsonOption, emit, run
from earmark.identity.projects import create_project, list_projects
from earmark.identity.types import Project
from earmark.runtime import Runtime
from earmark.text import trim

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
projects_cli = typer.Typer(help="Create and list projects.", no_args_is_help=True, rich_markup_mode=None)


@projects_cli.command("create")
def create(name: Annotated[str, typer.Argument(help="The project's name.")], as_json: JsonOption = False) -> None:
    """Create a project and print its id."""
    _check_name(name)

    async def work(runtime: Runtime) -> Project:
        return await create_project(runtime.operator, name)

    project = run(work)
    emit({"id": project.id, "name": project.name}, as_json=as_json, text=project.id)


def _check_name(name: str) -> None:
    if not trim(name) or _CONTROL.search(name):
        raise typer.BadParameter("The name must not be empty or contain control characters.")


@projects_cli.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List projects, oldest first."""

    async def work(runtime: Runtime) -> list[Project]:
        return await list_projects(runtime.operator)

    for project in run(work):
        emit({"id": project.id, "name": project.name}, as_json=as_json, text=f"{project.id}  {project.name}")
