"""`/v1/ask/sessions/{id}/export` and `/v1/ask/sessions/import`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.large_bodies import run_apart
from earmark.api.pipeline.pipeline import ParsedApart, Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.routes.session_import import check_import, make_messages
from earmark.api.routes.sessions import BY_ID, may_use_scope, session_exists
from earmark.api.wire.sessions import ExportQuery, ImportBody, ReceivedImport, SessionShown, session_to_wire
from earmark.ask.exchange.export import export_json, export_markdown
from earmark.ask.exchange.importing import Spoken, import_session
from earmark.errors import NotFoundError
from earmark.identity.audit import record
from earmark.library.end_users import narrow_to_end_user
from earmark.storage.tenant import Tenant

routes = Routes("Ask sessions")
IMPORT_LIMIT_BYTES = 16 << 20
_EXPORTS: dict[str, Any] = {
    "responses": {
        "200": {
            "description": "The session as a document.",
            "content": {
                "text/markdown": {"schema": {"type": "string"}},
                "application/json": {"schema": {"type": "object"}},
            },
        }
    }
}


_FORMATS: dict[str, tuple[Callable[[Tenant, str], Awaitable[bytes]], bytes]] = {
    "json": (export_json, b"application/json"),
    "markdown": (export_markdown, b"text/markdown; charset=utf-8"),
}


@routes.add("GET", "/ask/sessions/{session_id}/export", Rules("ask:read", BY_ID, session_exists), answers={200: None},
            errors=[NotFoundError], openapi=_EXPORTS)  # fmt: skip
async def export_session(call: Call, session_id: str, query: ExportQuery) -> Reply:
    """Export a session as Markdown for people, or as JSON that can be imported again."""
    render, media_type = _FORMATS[query.format]
    body = await render(call.tenant, session_id)
    await record(call.tenant, "session.exported", session_id, actor=call.caller.key_id)
    return Reply(200, body, ((b"content-type", media_type),))


@routes.add("POST", "/ask/sessions/import",
            Rules("ask:write", limit_bytes=IMPORT_LIMIT_BYTES, retry="apart", authorise=may_use_scope, is_heavy=True,
                  apart=ParsedApart(ImportBody, check_import)),
            answers={201: SessionShown, 200: SessionShown}, errors=[NotFoundError])  # fmt: skip
async def import_one(call: Call, body: ReceivedImport) -> Reply:
    """Create a session from an export (201); if imported before, return that session (200)."""
    tenant = await narrow_to_end_user(call.tenant, body.end_user_id)

    async def make_rows(spoken: Spoken) -> list[list[dict[str, Any]]]:
        raw = call.raw_body
        return await run_apart(len(raw), call.runtime.apart, call.owner, make_messages, [raw, spoken])

    session, is_new = await import_session(tenant, body.session, make_rows)
    return json_reply(session_to_wire(session), 201 if is_new else 200)
