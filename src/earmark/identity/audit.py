"""The audit trail: who made, revoked, erased or exported what. Rows are added and never changed or removed.

An event is written in the transaction of the change it speaks of, so that neither is there alone. It
holds ids only; `actor` is a key's id, or `operator` for whoever runs commands on the server's machine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal

from earmark.clock import now_us
from earmark.identity import queries
from earmark.identity.types import AuditEvent
from earmark.ids import new_id
from earmark.storage.tenant import Tenant

OPERATOR = "operator"
Action = Literal[
    "key.created", "key.revoked", "key.rotated", "token.issued", "token.revoked", "console_link.created",
    "console.signed_in", "end_user.erased", "end_user.exported", "session.exported",
]  # fmt: skip
_BATCH = 500


async def record(tenant: Tenant, action: Action, object_id: str | None, *, actor: str = OPERATOR) -> None:
    """Add an event; inside a unit of work it is part of it."""
    row = {"id": new_id("aud"), "at_us": now_us(), "actor": actor, "action": action, "object_id": object_id}
    async with tenant.whole_tenant().writing() as work:
        await work.execute(queries.insert_audit_event, row)


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
