"""`earmark keys`: creates, lists, revokes and rotates keys; a secret is printed only once."""

from __future__ import annotations

import re
from typing import Annotated, get_args

import typer

from earmark.api.wire.keys import key_to_wire
from earmark.cli.output import JsonOption, ModeOption, ProjectOption, check_mode, emit, find_tenant, run
from earmark.clock import now_us, parse_time, render_time, render_time_or_none
from earmark.identity.keys import create_key, find_key_owner, list_keys, revoke_key, rotate_key
from earmark.identity.projects import list_tenants
from earmark.identity.scopes import UnknownScopeError, check_scopes
from earmark.identity.types import KeyInfo, Mode, NewKey
from earmark.lengths import has_length
from earmark.library.end_users import get_end_user
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant

keys_cli = typer.Typer(help="Create, list, rotate and revoke keys.", no_args_is_help=True, rich_markup_mode=None)
KeyArgument = Annotated[str, typer.Argument(help="The key's id.", metavar="key_…")]
OwnerOption = Annotated[
    str | None, typer.Option("--project", help="The key's project; its id is enough to find it.", metavar="proj_…")
]
OwnerModeOption = Annotated[str | None, typer.Option("--mode", help="The key's mode: live or test.")]
_LABEL_UNITS = 255
_DURATION = re.compile(r"(\d{1,5})([smhd])\Z")
_UNIT_US = {"s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}


@keys_cli.command("create")
def create(
    project: ProjectOption = "",
    mode: ModeOption = "live",
    scope: Annotated[
        list[str] | None, typer.Option(help="Restrict the key to this scope (ask:read); repeatable.", metavar="S")
    ] = None,
    end_user: Annotated[str | None, typer.Option(help="Bind the key to one end user.", metavar="eu_…")] = None,
    expires_at: Annotated[str | None, typer.Option(help="When the key expires (RFC 3339).")] = None,
    label: Annotated[str | None, typer.Option(help="A note on the key's purpose.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Create a secret key, or with --scope a restricted one, and print it once."""
    check_mode(mode)
    if label is not None and not has_length(label, 1, _LABEL_UNITS):
        raise typer.BadParameter(f"--label must be 1 to {_LABEL_UNITS} characters long.")
    scopes = _parse_scopes(scope)
    expires_us = _parse_expiry(expires_at)

    async def work(runtime: Runtime) -> NewKey:
        tenant = await find_tenant(runtime, project, mode)
        user = await get_end_user(tenant, end_user) if end_user is not None else None
        bound = None if user is None else (user.id, user.number)
        return await create_key(tenant, end_user=bound, scopes=scopes, expires_us=expires_us, label=label)

    key = run(work)
    shown = {"id": key.id, "key": key.secret, "project_id": project, "mode": mode, "end_user_id": end_user}
    reach = {"scopes": None if scopes is None else sorted(scopes), "expires_at": render_time_or_none(expires_us)}
    emit({**shown, **reach}, as_json=as_json, text=key.secret)


def _parse_scopes(given: list[str] | None) -> frozenset[str] | None:
    if not given:
        return None
    try:
        return check_scopes(given)
    except UnknownScopeError as error:
        raise typer.BadParameter(error.message) from error


def _parse_expiry(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        expires_us = parse_time(text)
    except ValueError as error:
        raise typer.BadParameter("--expires-at must be a time such as 2027-01-31T00:00:00Z.") from error
    if expires_us <= now_us():
        raise typer.BadParameter("--expires-at must be in the future.")
    return expires_us


@keys_cli.command("list")
def list_of_project(project: ProjectOption = "", mode: ModeOption = "live", as_json: JsonOption = False) -> None:
    """List a project's keys and end users' tokens, without their secrets."""
    check_mode(mode)

    async def work(runtime: Runtime) -> list[KeyInfo]:
        return await list_keys(await find_tenant(runtime, project, mode))

    for key in run(work):
        emit(key_to_wire(key), as_json=as_json, text=_render(key))


def _render(key: KeyInfo) -> str:
    reach = f"{key.end_user_id or 'whole project'}  {' '.join(key.scopes) if key.scopes is not None else ''}"
    until = f"until {render_time(key.expires_us)}" if key.expires_us is not None and key.revoked_us is None else ""
    parts = (f"{key.id}  {key.kind}  …{key.hint}  {_state_of(key)}  {reach}".rstrip(), until, key.label)
    return "  ".join(part for part in parts if part)


def _state_of(key: KeyInfo) -> str:
    if key.revoked_us is not None:
        return "revoked"
    return "expired" if key.expires_us is not None and key.expires_us <= now_us() else "active"


@keys_cli.command("revoke")
def revoke(
    key_id: KeyArgument, project: OwnerOption = None, mode: OwnerModeOption = None, as_json: JsonOption = False
) -> None:
    """Revoke a key or a token; it takes effect at once in every process."""
    _check_owner_mode(mode)

    async def work(runtime: Runtime) -> None:
        await revoke_key(await _find_owner(runtime, key_id, project, mode), key_id)

    run(work)
    emit({"id": key_id, "revoked": True}, as_json=as_json, text=f"{key_id} is revoked.")


@keys_cli.command("rotate")
def rotate(
    key_id: KeyArgument,
    project: OwnerOption = None,
    mode: OwnerModeOption = None,
    grace: Annotated[str, typer.Option(help="How long the old key remains valid, such as 30m, 24h, 7d.")] = "0s",
    as_json: JsonOption = False,
) -> None:
    """Replace a key by a new one with the same scopes, and print it once."""
    _check_owner_mode(mode)
    grace_us = _parse_duration(grace)

    async def work(runtime: Runtime) -> NewKey:
        tenant = await _find_owner(runtime, key_id, project, mode)
        return await rotate_key(tenant, key_id, grace_us=grace_us)

    key = run(work)
    shown = {"id": key.id, "key": key.secret, "replaces": key_id, "expires_at": render_time_or_none(key.expires_us)}
    emit(shown, as_json=as_json, text=key.secret)


def _check_owner_mode(mode: str | None) -> None:
    if mode is not None:
        check_mode(mode)


async def _find_owner(runtime: Runtime, key_id: str, project: str | None, mode: str | None) -> Tenant:
    """Return the tenant of a key: its id is enough, since ids are unique; the options narrow where it may be.

    Raises: KeyNotFoundError; ProjectNotFoundError.
    """
    modes = get_args(Mode) if mode is None else (mode,)
    if project is not None:
        tenants = [await find_tenant(runtime, project, one) for one in modes]
    else:
        tenants = [tenant for tenant in await list_tenants(runtime.operator) if tenant.key.mode in modes]
    return await find_key_owner(tenants, key_id)


def _parse_duration(text: str) -> int:
    match = _DURATION.match(text)
    if match is None:
        raise typer.BadParameter("--grace must be a number with s, m, h or d, such as 24h.")
    return int(match.group(1)) * _UNIT_US[match.group(2)]
