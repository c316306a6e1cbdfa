"""`earmark audit`: who created, revoked, erased, exported or backed up what; and whether that is what was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from earmark.cli.output import JsonOption, ModeOption, ProjectOption, check_mode, emit, find_tenant, run
from earmark.clock import render_time
from earmark.errors import InvalidError
from earmark.identity.audit import AuditBrokenError, verify, walk_events
from earmark.identity.audit_chain import Head, hash_event
from earmark.identity.projects import list_tenants
from earmark.identity.types import AuditEvent
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant

audit_cli = typer.Typer(help="The audit trail: show, verify, export.", invoke_without_command=True)
AnyProjectOption = Annotated[
    str | None, typer.Option("--project", help="The project whose trail is shown.", metavar="proj_…")
]


class NoExportError(InvalidError):
    """The file is no export of an audit trail, or was altered."""

    def __init__(self, line: int) -> None:
        super().__init__(f"Line {line} of the file is not what `earmark audit export` wrote.")


@dataclass(frozen=True, slots=True)
class Found:
    """What verifying one tenant's trail found: its end, or its first fault."""

    tenant: Tenant
    head: Head | None
    fault: str | None = None


@audit_cli.callback()
def audit(
    context: typer.Context, project: AnyProjectOption = None, mode: ModeOption = "live", as_json: JsonOption = False
) -> None:
    """Show a project's audit trail, oldest first."""
    if context.invoked_subcommand is not None:
        return
    if project is None:
        raise typer.BadParameter("--project is missing.")
    for event in _events(project, mode):
        at = render_time(event.at_us)
        shown = {
            "id": event.id, "at": at, "actor": event.actor, "action": event.action, "object_id": event.object_id,
        }  # fmt: skip
        emit(shown, as_json=as_json, text=f"{at}  {event.action}  {event.object_id or '-'}  by {event.actor}")


def _events(project: str, mode: str) -> list[AuditEvent]:
    check_mode(mode)

    async def work(runtime: Runtime) -> list[AuditEvent]:
        tenant = await find_tenant(runtime, project, mode)
        return [event async for event in walk_events(tenant)]

    return run(work)


@audit_cli.command("export")
def export(project: ProjectOption, mode: ModeOption = "live") -> None:
    """Print a project's audit trail as JSON lines with the hashes, oldest first.

    Each line's `hash` is the SHA-256 of the JSON array ["earmark.audit/1", tenant_id, seq, previous, id, at_us,
    actor, action, object_id] without spaces; `previous` is the hash of the line before.
    """
    check_mode(mode)

    async def work(runtime: Runtime) -> None:
        tenant = await find_tenant(runtime, project, mode)
        head = Head(tenant.key.tenant_id)
        async for event in walk_events(tenant):
            line = {"tenant_id": head.tenant_id, "previous": head.hash, **asdict(event)}
            print(orjson.dumps({**line, "at": render_time(event.at_us)}).decode())
            head = head.after(event)

    run(work)


@audit_cli.command("verify")
def verify_trails(
    against: Annotated[
        Path | None,
        typer.Option(help="An earlier export, whose events must all still be there.", metavar="FILE", exists=True),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check that the audit trails of all projects are what was written; exits with 1 and the first fault if not."""
    lines = [] if against is None else _read_export(against)

    async def work(runtime: Runtime) -> list[Found]:
        return [await _examine(tenant, lines) for tenant in await list_tenants(runtime.operator)]

    found = run(work)
    for one in found:
        _show(one, as_json=as_json)
    if any(one.fault for one in found):
        raise typer.Exit(1)


async def _examine(tenant: Tenant, lines: Sequence[dict[str, Any]]) -> Found:
    try:
        head = await verify(tenant)
    except AuditBrokenError as error:
        return Found(tenant, None, error.fault)
    kept = {line["seq"]: line["hash"] for line in lines if line["tenant_id"] == tenant.key.tenant_id}
    if kept:
        there = {event.seq: event.hash async for event in walk_events(tenant)}
        for seq, digest in sorted(kept.items()):
            if there.get(seq) != digest:
                return Found(tenant, None, f"event {seq} is not the exported one")
    return Found(tenant, head)


def _read_export(file: Path) -> list[dict[str, Any]]:
    """Return an export's lines, each checked against its own hash.

    Raises: NoExportError.
    """
    lines = []
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        try:
            values = orjson.loads(line)
            is_whole = values["hash"] == hash_event(values["tenant_id"], values)
        except (ValueError, KeyError, TypeError) as error:
            raise NoExportError(number) from error
        if not is_whole:
            raise NoExportError(number)
        lines.append(values)
    return lines


def _show(one: Found, *, as_json: bool) -> None:
    key, head = one.tenant.key, one.head
    end = {"events": head and head.seq, "head": head and head.hash}
    shown = {"project_id": key.project_id, "mode": key.mode, "ok": head is not None, **end, "fault": one.fault}
    says = f"FAIL {one.fault}" if head is None else f"ok   {head.seq} events, the last {head.hash}"
    emit(shown, as_json=as_json, text=f"{key.project_id} {key.mode}: {says}")
