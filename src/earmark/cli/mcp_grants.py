"""`earmark mcp grants`: the access that assistants were given by OAuth."""

from __future__ import annotations

from typing import Annotated

import typer

from earmark.api.wire.oauth import grant_to_wire
from earmark.cli.output import JsonOption, ModeOption, ProjectOption, check_mode, emit, find_tenant, run
from earmark.cli.owners import find_owner
from earmark.clock import render_time
from earmark.oauth.grants import list_grants, revoke_grant
from earmark.oauth.types import Grant
from earmark.runtime import Runtime

grants_cli = typer.Typer(
    help="The access that assistants were given by OAuth.", no_args_is_help=True, rich_markup_mode=None
)
GrantArgument = Annotated[str, typer.Argument(metavar="grt_…", help="The grant's id.")]
_PAGE = 500


@grants_cli.command("list")
def list_all(
    project: ProjectOption = "",
    end_user: Annotated[
        str | None, typer.Option("--end-user", help="Only this person's: external id or eu_….", metavar="EXTERNAL_ID")
    ] = None,
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """List the grants in use, newest first."""
    check_mode(mode)

    async def work(runtime: Runtime) -> list[Grant]:
        tenant = await find_tenant(runtime, project, mode)
        tenant = tenant if end_user is None else await find_owner(tenant, end_user)
        found: list[Grant] = []
        after: tuple[int, str] | None = None
        while page := await list_grants(tenant, limit=_PAGE, after=after):
            found += page
            after = (page[-1].created_us, page[-1].id)
        return found

    for one in run(work):
        text = f"{one.id}  {one.end_user_id}  {one.client_name}  until {render_time(one.expires_us)}"
        emit(grant_to_wire(one), as_json=as_json, text=text)


@grants_cli.command("revoke")
def revoke(
    grant: GrantArgument, project: ProjectOption = "", mode: ModeOption = "live", as_json: JsonOption = False
) -> None:
    """Take an assistant's access away, at once."""
    check_mode(mode)

    async def work(runtime: Runtime) -> None:
        await revoke_grant(await find_tenant(runtime, project, mode), grant)

    run(work)
    emit({"id": grant, "revoked": True}, as_json=as_json, text=f"{grant} is revoked.")
