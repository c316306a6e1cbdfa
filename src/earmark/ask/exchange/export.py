"""Exports a session: Markdown for people, JSON for `importing.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from earmark.ask.sessions.messages import MessagePage, list_messages
from earmark.ask.sessions.sessions import get_session
from earmark.ask.types import CitationPart, Message, Part, Scope, Session, TextPart
from earmark.clock import render_offset, render_time
from earmark.library.recordings import find_recordings
from earmark.markdown import escape_markdown
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
        "scope": _scope_document(session.scope),
        "created_at": render_time(session.created_us),
        "last_message_at": render_time(session.last_message_us),
        "messages": [_message_document(message) for message in messages],
        "recordings": names,
    }


def _scope_document(scope: Scope) -> dict[str, Any]:
    fields = {"type": scope.type, "recording_ids": scope.recording_ids, "recording_title": scope.recording_title}
    if scope.type == "folder":
        fields |= {"folder_id": scope.folder_id, "folder_name": scope.folder_name}
    return fields if scope.speaker is None else {**fields, "speaker": scope.speaker}


def _part_document(part: Part) -> dict[str, Any]:
    if isinstance(part, CitationPart):
        return {"type": "citation", "recording_id": part.recording_id, "start_ms": part.start_ms}
    return {"type": "text", "text": part.text, **({"is_key": True} if part.is_key else {})}


def _message_document(message: Message) -> dict[str, Any]:
    tokens = message.tokens
    return {
        "role": message.role,
        "parts": [_part_document(part) for part in message.parts],
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
    lines = [f"# {_shown(session.title)}", "", f"- Scope: {_describe(session.scope, names)}"]
    lines += [f"- Started: {render_time(session.created_us)}"]
    lines += [f"- Last activity: {render_time(session.last_message_us)}", ""]
    for message in messages:
        who = "Question" if message.role == "user" else f"Answer ({_shown(f'{message.provider} {message.model}')})"
        lines += [f"## {who}, {render_time(message.created_us)}", "", _render_parts(message, names), ""]
    return "\n".join(lines)


def _describe(scope: Scope, names: Mapping[str, str]) -> str:
    where = _describe_recordings(scope, names)
    return where if scope.speaker is None else f"what {_shown(scope.speaker)} says in {where}"


def _describe_recordings(scope: Scope, names: Mapping[str, str]) -> str:
    if scope.type == "library":
        return "the whole library"
    if scope.type == "folder":
        return f"the folder {_shown(scope.folder_name or '')}"
    return ", ".join(_shown(names.get(recording_id, recording_id)) for recording_id in scope.recording_ids)


def _shown(text: str) -> str:
    return escape_markdown(" ".join(text.split()))


def _render_parts(message: Message, names: Mapping[str, str]) -> str:
    shown = []
    for part in message.parts:
        if isinstance(part, TextPart):
            shown.append(escape_markdown(part.text))
        else:
            name = _shown(names.get(part.recording_id, part.recording_id))
            shown.append(f" [{name} @ {render_offset(part.start_ms)}]")
    return "".join(shown).strip()


async def _read(tenant: Tenant, session_id: str) -> tuple[Session, list[Message], dict[str, str]]:
    async with tenant.reading() as snapshot:
        session = await get_session(snapshot, session_id)
        messages: list[Message] = []
        while batch := await list_messages(snapshot, session_id, _next_page(messages)):
            messages += batch
        named = sorted(set(session.scope.recording_ids) | _cited(messages))
        names = {one.id: one.name or one.id for one in await find_recordings(snapshot, named)} if named else {}
    return session, messages, names


def _next_page(messages: Sequence[Message]) -> MessagePage:
    return MessagePage(limit=_BATCH, after=messages[-1].ordinal if messages else None)


def _cited(messages: Iterable[Message]) -> set[str]:
    parts = (part for message in messages for part in message.parts)
    return {part.recording_id for part in parts if isinstance(part, CitationPart)}
