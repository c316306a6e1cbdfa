"""`earmark mcp`: serves one person's recordings to an assistant on standard input and output."""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from earmark.cli.defaults import find_default_person
from earmark.cli.mcp_grants import grants_cli
from earmark.cli.output import JsonOption, ModeOption, check_mode, emit, find_tenant, run
from earmark.cli.owners import find_owner
from earmark.config import environment_elsewhere, load_settings
from earmark.errors import InvalidError
from earmark.identity.projects import list_projects
from earmark.mcp.clients import (
    CLIENTS,
    TOKEN_VARIABLE,
    LocalServer,
    RemoteServer,
    configure,
    instructions_for,
)
from earmark.runtime import Runtime

mcp_cli = typer.Typer(help="Serve an assistant (MCP) on standard input and output.", rich_markup_mode=None)
mcp_cli.add_typer(grants_cli, name="grants")
PersonOption = Annotated[
    str | None,
    typer.Option(
        "--end-user", help="Whose recordings: eu_…, or external id (default: of `earmark use`).", metavar="EXTERNAL_ID"
    ),
]
ProjectOption = Annotated[
    str | None,
    typer.Option(
        "--project", help="The project's id (default: of `earmark use`, else the only one).", metavar="proj_…"
    ),
]
UrlOption = Annotated[str | None, typer.Option("--url", help="A running server's address, instead of the data folder.")]
TokenOption = Annotated[
    str | None,
    typer.Option("--token", help="The token or key for that server.", envvar=TOKEN_VARIABLE, show_envvar=True),
]


@mcp_cli.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    end_user: PersonOption = None,
    project: ProjectOption = None,
    mode: ModeOption = "live",
    url: UrlOption = None,
    token: TokenOption = None,
) -> None:
    """Serve one assistant until standard input ends: from the data folder, or by way of a running server."""
    if context.invoked_subcommand is not None:
        return
    check_mode(mode)
    if url is not None:
        asyncio.run(_load("remote").serve_remote(url, _check_token(end_user, url, token)))
        return
    person = _choose_person(end_user, project, mode)

    async def work(runtime: Runtime) -> None:
        tenant = await find_tenant(runtime, await _project_of(runtime, project), mode)
        await _load("stdio").serve_stdio(runtime, await find_owner(tenant, person))

    run(work)


def _load(name: str) -> Any:
    """Return a module of the MCP edge that imports the SDK, which takes a second."""
    return import_module(f"earmark.mcp.{name}")


def _check_token(end_user: str | None, url: str, token: str | None) -> str:
    """Return the token for a server.

    Raises: typer.BadParameter.
    """
    if end_user is not None:
        raise typer.BadParameter("Give either --end-user or --url: the token says whose recordings a server shows.")
    if token is None:
        raise typer.BadParameter(f"--url needs --token, or {TOKEN_VARIABLE} in the environment.")
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter("--url must begin with http:// or https://.")
    return token


def _choose_person(end_user: str | None, project: str | None, mode: str) -> str:
    """Return the person named, else the default one.

    Raises: typer.BadParameter.
    """
    person = find_default_person(project, check_mode(mode)) if end_user is None else end_user
    if person is None:
        raise typer.BadParameter(
            "Give --end-user for the data folder (or choose a default with `earmark use PROJECT PERSON`), or --url and "
            "--token for a running server."
        )
    return person


async def _project_of(runtime: Runtime, given: str | None) -> str:
    """Return the project's id: the one given, else the default one, else the only one.

    Raises: InvalidError if there are none or several.
    """
    chosen = load_settings().default_project if given is None else given
    if chosen is not None:
        return chosen
    found = await list_projects(runtime.operator)
    if len(found) != 1:
        how_many = "There is no project yet." if not found else f"There are {len(found)} projects."
        raise InvalidError(f"{how_many} Name one with --project.", param="project")
    return found[0].id


@mcp_cli.command("config")
def config(
    client: Annotated[str, typer.Option("--client", help=f"One of {', '.join(CLIENTS)}.")],
    end_user: PersonOption = None,
    project: ProjectOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print what to paste into a client to connect it."""
    chosen = next((one for one in CLIENTS if one == client), None)
    if chosen is None:
        raise typer.BadParameter(f"--client must be one of {', '.join(CLIENTS)}.")
    try:
        text = configure(chosen, _server_of(end_user, project, url, token))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    where = instructions_for(chosen)
    emit({"client": chosen, "instructions": where, "config": text}, as_json=as_json, text=f"{where}\n\n{text}")


def _server_of(
    end_user: str | None, project: str | None, url: str | None, token: str | None
) -> LocalServer | RemoteServer:
    command = str(Path(sys.executable).with_name("earmark"))
    if url is not None:
        given = _check_token(end_user, url, token)
        address = url.rstrip("/")
        return RemoteServer(address, given, LocalServer(command, ["mcp", "--url", address], {TOKEN_VARIABLE: given}))
    person = _choose_person(end_user, project, "live")
    project = load_settings().default_project if project is None else project
    arguments = ["mcp", "--end-user", person, *([] if project is None else ["--project", project])]
    return LocalServer(command, arguments, environment_elsewhere())
