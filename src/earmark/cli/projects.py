"""`earmark projects`: creates and lists projects."""

from __future__ import annotations

from typing import Annotated

import typer

from earmark.cli.output import JsonOption, emit, run
from earmark.identity.errors import ProjectNameError
from earmark.identity.projects import check_project_name, create_project, list_projects
from earmark.identity.types import Project
from earmark.runtime import Runtime

projects_cli = typer.Typer(help="Create and list projects.", no_args_is_help=True, rich_markup_mode=None)


@projects_cli.command("create")
def create(name: Annotated[str, typer.Argument(help="The project's name.")], as_json: JsonOption = False) -> None:
    """Create a project and print its id."""
    try:
        check_project_name(name)
    except ProjectNameError as error:
        raise typer.BadParameter(error.message) from error

    async def work(runtime: Runtime) -> Project:
        return await create_project(runtime.operator, name)

    project = run(work, may_create=True)
    emit({"id": project.id, "name": project.name}, as_json=as_json, text=project.id)


@projects_cli.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List projects, oldest first."""

    async def work(runtime: Runtime) -> list[Project]:
        return await list_projects(runtime.operator)

    for project in run(work):
        emit({"id": project.id, "name": project.name}, as_json=as_json, text=f"{project.id}  {project.name}")
