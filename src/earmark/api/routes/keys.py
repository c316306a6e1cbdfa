"""`/v1/keys` and `/v1/audit-events`: for a project's owners, that is its secret keys and their console sessions."""

from __future__ import annotations

from typing import Any

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.paging import page_reply
from earmark.api.pipeline.pipeline import ANY_SCOPE, Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply, no_content
from earmark.api.wire.common import CursorQuery
from earmark.api.wire.keys import (
    AuditEventPage,
    KeyBody,
    KeyPage,
    NewKeyShown,
    audit_event_to_wire,
    key_to_wire,
    new_key_to_wire,
)
from earmark.errors import ForbiddenError, NotFoundError
from earmark.identity.audit import list_events
from earmark.identity.errors import OtherModeError, ReservedLabelError
from earmark.identity.keys import create_key, list_newest_keys, revoke_key
from earmark.library.end_users import get_end_user
from earmark.library.types import Filters

routes = Routes("Keys")
_OWNERS: dict[str, Any] = {"is_project_wide": True, "is_unrestricted": True}


@routes.add("POST", "/keys", Rules(ANY_SCOPE, **_OWNERS, retry="secret"), answers={201: NewKeyShown},
            errors=[ForbiddenError, NotFoundError, ReservedLabelError, OtherModeError])  # fmt: skip
async def create_project_key(call: Call, body: KeyBody) -> Reply:
    """Create a secret or restricted key of the project, and show it once."""
    if body.mode not in (None, call.tenant.key.mode):
        raise OtherModeError(call.tenant.key.mode)
    user = None if body.end_user_id is None else await get_end_user(call.tenant, body.end_user_id)
    key = await create_key(
        call.tenant,
        end_user=None if user is None else (user.id, user.number),
        scopes=None if body.scopes is None else frozenset(body.scopes),
        expires_us=body.expires_at,
        label=body.label,
        actor=call.caller.key_id,
    )
    return json_reply(new_key_to_wire(key, body, call.tenant.key.mode), 201)


@routes.add("GET", "/keys", Rules(ANY_SCOPE, **_OWNERS), answers={200: KeyPage}, errors=[ForbiddenError])
async def list_project_keys(call: Call, query: CursorQuery) -> Reply:
    """List the project's keys and its end users' tokens, revoked ones too, newest first, without their secrets."""
    return await page_reply(
        call, "keys", query, Filters(),
        fetch=lambda page: list_newest_keys(call.tenant, limit=page.limit, after=page.after),
        position_of=lambda key: (key.created_us, key.id),
        to_wire=key_to_wire,
    )  # fmt: skip


@routes.add("DELETE", "/keys/{key_id}", Rules(ANY_SCOPE, {"key_id": "key"}, **_OWNERS), answers={204: None},
            errors=[ForbiddenError, NotFoundError])  # fmt: skip
async def delete_project_key(call: Call, key_id: str) -> Reply:
    """Revoke a key or a token at once; 204 also for one that is revoked."""
    await revoke_key(call.tenant, key_id, actor=call.caller.key_id)
    return no_content()


@routes.add("GET", "/audit-events", Rules(ANY_SCOPE, **_OWNERS), answers={200: AuditEventPage},
            errors=[ForbiddenError])  # fmt: skip
async def list_audit_events(call: Call, query: CursorQuery) -> Reply:
    """List the audit trail, newest first: who created, revoked, erased, exported and configured what."""
    return await page_reply(
        call, "audit_events", query, Filters(),
        fetch=lambda page: list_events(call.tenant, limit=page.limit, before=page.after and page.after[0]),
        position_of=lambda event: (event.seq, event.id),
        to_wire=audit_event_to_wire,
    )  # fmt: skip
