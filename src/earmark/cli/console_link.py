"""`earmark console-link`: prints a one-time link that signs a browser in to the console."""

from __future__ import annotations

from typing import Annotated

import typer

from earmark.cli.noted_server import find_noted
from earmark.cli.output import JsonOption, ModeOption, ProjectOption, check_mode, emit, find_tenant, run
from earmark.cli.owners import find_owner
from earmark.clock import render_time_or_none
from earmark.config import load_settings
from earmark.identity.sign_in import create_code
from earmark.identity.types import NewKey
from earmark.runtime import Runtime

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def console_link(
    project: ProjectOption = "",
    mode: ModeOption = "live",
    end_user: Annotated[
        str | None, typer.Option(help="Sign in as this end user only (its id or external id).", metavar="EXTERNAL_ID")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print a console sign-in link, valid once within ten minutes."""
    check_mode(mode)
    settings = load_settings()

    async def work(runtime: Runtime) -> NewKey:
        tenant = await find_tenant(runtime, project, mode)
        if end_user is None:
            return await create_code(tenant)
        owner = (await find_owner(tenant, end_user)).key
        assert owner.end_user_id is not None
        assert owner.end_user_no is not None
        return await create_code(tenant, end_user=(owner.end_user_id, owner.end_user_no))

    code = run(work)
    host, port = find_noted(settings.data_dir) or (settings.host, settings.port)
    link = link_of(settings.public_url or address_of(host, port), code)
    emit({"url": link, "expires_at": render_time_or_none(code.expires_us)}, as_json=as_json, text=link)


def link_of(address: str, code: NewKey) -> str:
    """Return the link; browsers don't send its fragment, so no log contains the code."""
    return f"{address}/console#code={code.secret}"


def address_of(host: str, port: int) -> str:
    """Return the base URL for a browser on this machine."""
    name = _EVERYWHERE.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
