"""Exports a session: Markdown for people, JSON for `importing.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from earmark.ask.exchange.markdown import escape_markdown
from earmark.ask.sessions.messages import MessagePage, list_messages
from earmark.ask.sessions.scopes import load_scope
from earmark.ask.sessions.sessions import get_session
from earmark.ask.types import Message, Scope, Session
from earmark.clock import render_offset, render_time
from earmark.library.recordings import find_recordings
from earmark.storage.tenant import Tenant

FORMAT = "earmark.ask-session/1"
_BATCH = 500


async def export_json(tenant: Tenant, session_id: str) -> dict[str, Any]:
    """Return the document that `import_session` takes.

    Raises: SessionNotFoundError.
    """
    session, messages, names = await _read(tenant, session_id)
    return {
        "format": FORMAT,
        "title": session.title,
        "scope": orjson.loads(session.scope_json),
        "created_at": render_time(session.created_us),
        "last_message_at": render_time(session.last_message_us),
        "messages": [_message_document(message) for message in messages],
        "recordings": names,
    }


def _message_document(message: Message) -> dict[str, Any]:
    tokens = message.tokens
    return {
        "role": message.role,
        "parts": orjson.loads(message.parts_json),
        "tokens": {"input": tokens.input, "output": tokens.output, "cached": tokens.cached},
        "model": message.model,
        "provider": message.provider,
        "finish_reason": message.finish_reason,
        "answered": message.answered,
        "dropped_citations": message.dropped_citations,
        "created_at": render_time(message.created_us),
    }


async def export_markdown(tenant: Tenant, session_id: str) -> str:
    """Return the session as Markdown; citations read `Recording name @ mm:ss`.

    Raises: SessionNotFoundError.
    """
    session, messages, names = await _read(tenant, session_id)
    scope = load_scope(session.scope_json)
    lines = [f"# {_shown(session.title)}", "", f"- Scope: {_describe(scope, names)}"]
    lines += [f"- Started: {render_time(session.created_us)}"]
    lines += [f"- Last activity: {render_time(session.last_message_us)}", ""]
    for message in messages:
        who = "Question" if message.role == "user" else f"Answer ({_shown(f'{message.provider} {message.model}')})"
        lines += [f"## {who}, {render_time(message.created_us)}", "", _render_parts(message, names), ""]
    return "\n".join(lines)


def _describe(scope: Scope, names: Mapping[str, str]) -> str:
    if scope.type == "library":
        return "the whole library"
    if scope.type == "folder":
        return f"the folder {_shown(scope.folder_name or '')}"
    return ", ".join(_shown(names.get(recording_id, recording_id)) for recording_id in scope.recording_ids)


def _shown(text: str) -> str:
    return escape_markdown(" ".join(text.split()))


def _render_parts(message: Message, names: Mapping[str, str]) -> str:
    shown = []
    for part in orjson.loads(message.parts_json):
        if part["type"] == "text":
            shown.append(escape_markdown(part["text"]))
        else:
            name = _shown(names.get(part["recording_id"], part["recording_id"]))
            shown.append(f" [{name} @ {render_offset(part['start_ms'])}]")
    return "".join(shown).strip()


async def _read(tenant: Tenant, session_id: str) -> tuple[Session, list[Message], dict[str, str]]:
    async with tenant.reading() as snapshot:
        session = await get_session(snapshot, session_id)
        messages: list[Message] = []
        while batch := await list_messages(snapshot, session_id, _next_page(messages)):
            messages += batch
        named = sorted(set(load_scope(session.scope_json).recording_ids) | _cited(messages))
        names = {one.id: one.name or one.id for one in await find_recordings(snapshot, named)} if named else {}
    return session, messages, names


def _next_page(messages: Sequence[Message]) -> MessagePage:
    return MessagePage(limit=_BATCH, after=messages[-1].ordinal if messages else None)


def _cited(messages: Iterable[Message]) -> set[str]:
    parts = (part for message in messages for part in orjson.loads(message.parts_json))
    return {part["recording_id"] for part in parts if part["type"] == "citation"}
