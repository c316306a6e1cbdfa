"""The audit trail: append-only, chained events of creating, revoking, erasing, exporting, configuring and the like.

An event is written in the same transaction as its change; an export's or a backup's event is written before
the first byte, so that no data leaves unrecorded. It contains ids only; `actor` is a key's id, `operator` for commands
on the server's machine, `retention` for what its daily job deletes, `oidc:NAME` for who signed in with a
provider, or `earmark` for what it does by itself. Each
tenant's events are one chain (`audit_chain.py`), in the order in which their transactions took its head; `at_us` is
what the clock said.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Literal

from earmark.clock import now_us
from earmark.errors import UnavailableError
from earmark.identity import queries
from earmark.identity.audit_chain import Head
from earmark.identity.types import AuditEvent
from earmark.ids import new_id
from earmark.storage.tenant import Tenant

OPERATOR = "operator"
EARMARK = "earmark"
RETENTION = "retention"
Action = Literal[
    "key.created", "key.revoked", "key.rotated", "token.issued", "token.revoked",
    "access_token.created", "access_token.revoked", "console_link.created",
    "oauth_grant.created", "oauth_grant.revoked", "share.created", "share.revoked",
    "console.signed_in", "console.signed_out", "end_user.erased", "end_user.exported", "session.exported",
    "backup.written", "backup.restored", "vendor_copy.deleted", "vendor_copy.not_deleted",
    "webhook_endpoint.created", "webhook_endpoint.updated", "webhook_endpoint.deleted",
    "webhook_endpoint.disabled", "webhook_endpoint.secret_rotated", "webhook_endpoint.secret_revoked",
    "processing.changed", "retention.changed",
    "retention.audio_deleted", "retention.transcript_deleted", "retention.session_deleted",
]  # fmt: skip
_BATCH = 500


class AuditBrokenError(UnavailableError):
    """A tenant's audit trail is not what was written."""

    def __init__(self, tenant: Tenant, fault: str) -> None:
        super().__init__(f"The audit trail of {tenant.key.project_id} ({tenant.key.mode}) was altered: {fault}.")
        self.fault = fault


async def record(tenant: Tenant, action: Action, object_id: str | None, *, actor: str = OPERATOR) -> None:
    """Add an event, within the current unit of work if there is one."""
    async with tenant.whole_tenant().writing() as work:
        head = await _lock_head(work)
        row = head.follow(new_event(action, object_id, actor=actor))
        await work.execute(queries.insert_audit_event, row)
        await work.execute(queries.update_audit_head, {"new_seq": row["seq"], "new_hash": row["hash"]})


async def _lock_head(work: Tenant) -> Head:
    """Return the chain's end, locked until the commit: writers of all hosts add one after another."""
    row = await work.fetch_one(queries.select_audit_head, for_update=True)
    if row is None:
        first = Head(work.key.tenant_id)
        await work.execute(queries.insert_audit_head, {"seq": first.seq, "hash": first.hash})
        row = await work.fetch_one(queries.select_audit_head, for_update=True)
    assert row is not None
    return Head(*row)


def new_event(action: Action, object_id: str | None, *, actor: str = OPERATOR) -> dict[str, Any]:
    """Return an event's own fields at the current time; `Head.follow` makes it a link of the chain."""
    return {"id": new_id("aud"), "at_us": now_us(), "actor": actor, "action": action, "object_id": object_id}


async def walk_events(tenant: Tenant) -> AsyncIterator[AuditEvent]:
    """Yield all events, oldest first."""
    after: dict[str, int] = {}
    while True:
        params = {**after, "limit": _BATCH}
        rows = await tenant.fetch_all(queries.select_audit_events, params, is_continued=bool(after))
        for row in rows:
            yield AuditEvent(*row)
        if len(rows) < _BATCH:
            return
        after = {"after_seq": AuditEvent(*rows[-1]).seq}


async def list_events(tenant: Tenant, *, limit: int, before: int | None = None) -> list[AuditEvent]:
    """Return events, newest first, those before a `seq` if given."""
    params = {"limit": limit, "before_seq": before}
    rows = await tenant.fetch_all(queries.select_newest_audit_events, params, is_continued=before is not None)
    return [AuditEvent(*row) for row in rows]


async def verify(tenant: Tenant) -> Head:
    """Check a tenant's whole chain; return its end.

    Raises: AuditBrokenError, which names the first event that is not what was written.
    """
    reached = Head(tenant.key.tenant_id)
    async with tenant.reading() as snapshot:
        async for event in walk_events(snapshot):
            fault = reached.fault_of(event)
            if fault is not None:
                raise AuditBrokenError(tenant, fault)
            reached = reached.after(event)
        row = await snapshot.fetch_one(queries.select_audit_head, for_update=False)
    if reached != (Head(tenant.key.tenant_id) if row is None else Head(*row)):
        raise AuditBrokenError(tenant, f"what came after event {reached.seq} is missing")
    return reached
