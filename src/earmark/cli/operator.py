"""`earmark projects` and `earmark keys`."""

from __future__ import annotations

from typing import Annotated

import typer

from earmark.cli.output import JsonOption, ModeOption, ProjectOption, check_mode, emit, run
from earmark.clock import parse_time, render_time, render_time_or_none
from earmark.identity.keys import create_key, list_keys, revoke_key
from earmark.identity.projects import create_project, get_tenant, list_projects
from earmark.identity.types import KeyInfo, NewKey, Project
from earmark.library.end_users import get_end_user
from earmark.runtime import Runtime

projects_cli = typer.Typer(help="Make and list projects.", no_args_is_help=True, rich_markup_mode=None)
keys_cli = typer.Typer(help="Make, list and revoke keys.", no_args_is_help=True, rich_markup_mode=None)


@projects_cli.command("create")
def create(name: Annotated[str, typer.Argument(help="What to call it.")], as_json: JsonOption = False) -> None:
    """Make a project."""

    async def work(runtime: Runtime) -> Project:
        return await create_project(runtime.operator, name)

    project = run(work)
    emit({"id": project.id, "name": project.name}, as_json=as_json, text=project.id)


@projects_cli.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List projects, oldest first."""

    async def work(runtime: Runtime) -> list[Project]:
        return await list_projects(runtime.operator)

    for project in run(work):
        emit({"id": project.id, "name": project.name}, as_json=as_json, text=f"{project.id}  {project.name}")


@keys_cli.command("create")
def create_one(
    project: ProjectOption,
    mode: ModeOption = "live",
    end_user: Annotated[str | None, typer.Option(help="Bind the key to one end user.", metavar="eu_…")] = None,
    expires_at: Annotated[str | None, typer.Option(help="When it stops working (RFC 3339).")] = None,
    label: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a secret key and show it, once."""
    check_mode(mode)
    expires_us = _parse_expiry(expires_at)

    async def work(runtime: Runtime) -> NewKey:
        tenant = await get_tenant(runtime.operator, project, mode)  # type: ignore[arg-type]
        bound = await get_end_user(tenant, end_user) if end_user is not None else None
        return await create_key(
            tenant, end_user=(bound.id, bound.number) if bound else None, expires_us=expires_us, label=label
        )

    key = run(work)
    shown = {"id": key.id, "key": key.secret, "project_id": project, "mode": mode, "end_user_id": end_user}
    emit({**shown, "expires_at": render_time_or_none(expires_us)}, as_json=as_json, text=key.secret)


def _parse_expiry(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise typer.BadParameter("--expires-at must be a time such as 2027-01-31T00:00:00Z.") from error


@keys_cli.command("list")
def list_of_project(project: ProjectOption, mode: ModeOption = "live", as_json: JsonOption = False) -> None:
    """List a project's keys; their secrets can't be shown again."""
    check_mode(mode)

    async def work(runtime: Runtime) -> list[KeyInfo]:
        return await list_keys(await get_tenant(runtime.operator, project, mode))  # type: ignore[arg-type]

    for key in run(work):
        state = "revoked" if key.revoked_us else "active"
        shown = {
            "id": key.id, "label": key.label, "hint": key.hint, "mode": key.mode, "end_user_id": key.end_user_id,
            "created_at": render_time(key.created_us), "expires_at": render_time_or_none(key.expires_us),
            "revoked_at": render_time_or_none(key.revoked_us),
        }  # fmt: skip
        emit(
            shown,
            as_json=as_json,
            text=f"{key.id}  …{key.hint}  {state}  {key.end_user_id or 'whole project'}",
        )


@keys_cli.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id.")],
    project: ProjectOption,
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Revoke a key, at once in every process."""
    check_mode(mode)

    async def work(runtime: Runtime) -> None:
        await revoke_key(await get_tenant(runtime.operator, project, mode), key_id)  # type: ignore[arg-type]

    run(work)
    emit({"id": key_id, "revoked": True}, as_json=as_json, text=f"{key_id} is revoked.")
