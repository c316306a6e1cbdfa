"""`earmark mcp`: serves one person's recordings to an assistant on standard input and output."""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from earmark.cli.mcp_grants import grants_cli
from earmark.cli.output import JsonOption, ModeOption, check_mode, emit, find_tenant, run
from earmark.cli.owners import find_owner
from earmark.config import load_settings
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
    str | None, typer.Option("--end-user", help="Whose recordings: external id or eu_….", metavar="EXTERNAL_ID")
]
ProjectOption = Annotated[
    str | None, typer.Option("--project", help="The project's id; needed if there are several.", metavar="proj_…")
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
    _check_choice(end_user, url, token)
    if url is not None:
        asyncio.run(_load("remote").serve_remote(url, token))
        return
    assert end_user is not None
    person = end_user

    async def work(runtime: Runtime) -> None:
        tenant = await find_tenant(runtime, await _project_of(runtime, project), mode)
        await _load("stdio").serve_stdio(runtime, await find_owner(tenant, person))

    run(work)


def _load(name: str) -> Any:
    """Return a module of the MCP edge that imports the SDK, which takes a second."""
    return import_module(f"earmark.mcp.{name}")


def _check_choice(end_user: str | None, url: str | None, token: str | None) -> None:
    if url is None and end_user is None:
        raise typer.BadParameter("Give --end-user for the data folder, or --url and --token for a running server.")
    if url is not None and end_user is not None:
        raise typer.BadParameter("Give either --end-user or --url: the token says whose recordings a server shows.")
    if url is not None and token is None:
        raise typer.BadParameter(f"--url needs --token, or {TOKEN_VARIABLE} in the environment.")
    if url is not None and not url.startswith(("http://", "https://")):
        raise typer.BadParameter("--url must begin with http:// or https://.")


async def _project_of(runtime: Runtime, given: str | None) -> str:
    """Return the project's id: the one given, else the only one.

    Raises: InvalidError if there are none or several.
    """
    if given is not None:
        return given
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
    _check_choice(end_user, url, token)
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
        assert token is not None
        address = url.rstrip("/")
        return RemoteServer(address, token, LocalServer(command, ["mcp", "--url", address], {TOKEN_VARIABLE: token}))
    assert end_user is not None
    arguments = ["mcp", "--end-user", end_user, *([] if project is None else ["--project", project])]
    folder = load_settings().data_dir.resolve()
    return LocalServer(command, arguments, {"EARMARK_DATA_DIR": str(folder)})
