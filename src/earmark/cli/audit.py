"""`earmark audit`: prints who created, revoked, erased, exported or backed up what."""

from __future__ import annotations

from earmark.cli.output import JsonOption, ModeOption, ProjectOption, check_mode, emit, run
from earmark.clock import render_time
from earmark.identity.audit import walk_events
from earmark.identity.projects import get_tenant
from earmark.identity.types import AuditEvent
from earmark.runtime import Runtime


def audit(project: ProjectOption, mode: ModeOption = "live", as_json: JsonOption = False) -> None:
    """Show a project's audit trail, oldest first."""
    check_mode(mode)

    async def work(runtime: Runtime) -> list[AuditEvent]:
        tenant = await get_tenant(runtime.operator, project, mode)  # type: ignore[arg-type]
        return [event async for event in walk_events(tenant)]

    for event in run(work):
        at = render_time(event.at_us)
        shown = {
            "id": event.id, "at": at, "actor": event.actor, "action": event.action, "object_id": event.object_id,
        }  # fmt: skip
        emit(shown, as_json=as_json, text=f"{at}  {event.action}  {event.object_id or '-'}  by {event.actor}")
