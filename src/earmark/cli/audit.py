"""`earmark audit`: who created, revoked, erased, exported or backed up what; and whether that is what was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import orjson
import typer

from earmark.cli.bounded_files import read_lines
from earmark.cli.defaults import get_default_project
from earmark.cli.output import JsonOption, ModeOption, ProjectOption, check_mode, emit, find_tenant, run
from earmark.clock import render_time
from earmark.errors import InvalidError
from earmark.identity.audit import AuditBrokenError, list_events, verify, walk_events
from earmark.identity.audit_chain import Head, hash_event
from earmark.identity.projects import list_tenants
from earmark.identity.types import AuditEvent
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant

Kept = dict[int, dict[int, str]]
"""The hashes of exported events, by tenant and number."""
_LONGEST_LINE_BYTES = 1 << 16
audit_cli = typer.Typer(help="The audit trail: show, verify, export.", invoke_without_command=True)
AnyProjectOption = Annotated[
    str | None,
    typer.Option("--project", help="The project whose trail is shown (default: of `earmark use`).", metavar="proj_…"),
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
    context: typer.Context,
    project: AnyProjectOption = None,
    mode: ModeOption = "live",
    limit: Annotated[
        int | None, typer.Option(min=1, max=100_000, help="Only the newest, newest first.", metavar="N")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show a project's audit trail, oldest first, or with --limit its newest events, newest first."""
    if context.invoked_subcommand is not None:
        return
    for event in _events(get_default_project() if project is None else project, mode, limit):
        at = render_time(event.at_us)
        shown = {
            "id": event.id, "at": at, "actor": event.actor, "action": event.action, "object_id": event.object_id,
        }  # fmt: skip
        emit(shown, as_json=as_json, text=f"{at}  {event.action}  {event.object_id or '-'}  by {event.actor}")


def _events(project: str, mode: str, limit: int | None) -> list[AuditEvent]:
    check_mode(mode)

    async def work(runtime: Runtime) -> list[AuditEvent]:
        tenant = await find_tenant(runtime, project, mode)
        if limit is not None:
            return await list_events(tenant, limit=limit)
        return [event async for event in walk_events(tenant)]

    return run(work)


@audit_cli.command("export")
def export(project: ProjectOption = "", mode: ModeOption = "live", as_json: JsonOption = False) -> None:
    """Print a project's audit trail as JSON lines with the hashes, oldest first, with or without --json.

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
    kept = {} if against is None else _read_export(against)

    async def work(runtime: Runtime) -> list[Found]:
        return [
            await _examine(tenant, kept.get(tenant.key.tenant_id, {}))
            for tenant in await list_tenants(runtime.operator)
        ]

    found = run(work)
    for one in found:
        _show(one, as_json=as_json)
    if any(one.fault for one in found):
        raise typer.Exit(1)


async def _examine(tenant: Tenant, kept: Mapping[int, str]) -> Found:
    try:
        head = await verify(tenant)
    except AuditBrokenError as error:
        return Found(tenant, None, error.fault)
    if kept:
        there = {event.seq: event.hash async for event in walk_events(tenant)}
        for seq, digest in sorted(kept.items()):
            if there.get(seq) != digest:
                return Found(tenant, None, f"event {seq} is not the exported one")
    return Found(tenant, head)


def _read_export(file: Path) -> Kept:
    """Return an export's events, each checked against its own hash.

    Raises: NoExportError, LineTooLongError.
    """
    kept: Kept = {}
    with file.open("rb") as lines:
        for number, line in enumerate(read_lines(lines.read, _LONGEST_LINE_BYTES), start=1):
            try:
                event = orjson.loads(line)
                tenant_id, seq, digest = event["tenant_id"], event["seq"], event["hash"]
                is_whole = digest == hash_event(tenant_id, event)
                kept.setdefault(tenant_id, {})[seq] = digest
            except (ValueError, KeyError, TypeError) as error:
                raise NoExportError(number) from error
            if not is_whole:
                raise NoExportError(number)
    return kept


def _show(one: Found, *, as_json: bool) -> None:
    key, head = one.tenant.key, one.head
    end = {"events": head and head.seq, "head": head and head.hash}
    shown = {"project_id": key.project_id, "mode": key.mode, "ok": head is not None, **end, "fault": one.fault}
    says = f"FAIL {one.fault}" if head is None else f"ok   {head.seq} events, the last {head.hash}"
    emit(shown, as_json=as_json, text=f"{key.project_id} {key.mode}: {says}")
