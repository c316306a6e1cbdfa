"""The audit trail: append-only events of creating, revoking, erasing, exporting and backing up.

An event is written in the same transaction as its change; an export's or a backup's event is written before
the first byte, so that no data leaves unrecorded. It contains ids only; `actor` is a key's id, or `operator`
for commands on the server's machine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Literal

from earmark.clock import now_us
from earmark.identity import queries
from earmark.identity.types import AuditEvent
from earmark.ids import new_id
from earmark.storage.tenant import Tenant

OPERATOR = "operator"
Action = Literal[
    "key.created", "key.revoked", "key.rotated", "token.issued", "token.revoked", "console_link.created",
    "console.signed_in", "end_user.erased", "end_user.exported", "session.exported",
    "backup.written", "backup.restored",
]  # fmt: skip
_BATCH = 500


async def record(tenant: Tenant, action: Action, object_id: str | None, *, actor: str = OPERATOR) -> None:
    """Add an event, within the current unit of work if there is one."""
    async with tenant.whole_tenant().writing() as work:
        await work.execute(queries.insert_audit_event, new_event(action, object_id, actor=actor))


def new_event(action: Action, object_id: str | None, *, actor: str = OPERATOR) -> dict[str, Any]:
    """Return the row of an event at the current time."""
    return {"id": new_id("aud"), "at_us": now_us(), "actor": actor, "action": action, "object_id": object_id}


async def walk_events(tenant: Tenant) -> AsyncIterator[AuditEvent]:
    """Yield all events, oldest first."""
    after = (0, "")
    while True:
        params = {"after_us": after[0], "after_id": after[1], "limit": _BATCH}
        rows = await tenant.fetch_all(queries.select_audit_events, params)
        for row in rows:
            yield AuditEvent(*row)
        if len(rows) < _BATCH:
            return
        after = (rows[-1][1], rows[-1][0])
