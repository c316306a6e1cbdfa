"""Exports a session: Markdown for people, JSON for `importing.py`.

A session may have tens of thousands of messages. They are read in one snapshot, and parsed and rendered on threads,
some at a time, so that the event loop and other tenants' computations wait for none of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

import orjson

from earmark.ask.sessions.messages import MessagePage, list_message_rows, to_message
from earmark.ask.sessions.sessions import get_session
from earmark.ask.types import CitationPart, Message, Part, Scope, Session, TextPart
from earmark.clock import render_offset, render_time
from earmark.computing.threads import compute
from earmark.library.recordings import find_recordings
from earmark.markdown import escape_markdown
from earmark.storage.query import Row
from earmark.storage.tenant import Tenant

FORMAT = "earmark.ask-session/1"
_BATCH = 500


async def export_json(tenant: Tenant, session_id: str) -> bytes:
    """Return the document that `import_session` takes.

    Raises: SessionNotFoundError.
    """
    session, batches, names = await _read(tenant, session_id)
    documents = [one for batch in batches for one in await compute(_message_documents, batch)]
    document = {
        "format": FORMAT,
        "title": session.title,
        "scope": _scope_document(session.scope),
        "created_at": render_time(session.created_us),
        "last_message_at": render_time(session.last_message_us),
        "messages": [orjson.Fragment(one) for one in documents],
        "recordings": names,
    }
    return orjson.dumps(document)


def _scope_document(scope: Scope) -> dict[str, Any]:
    fields = {"type": scope.type, "recording_ids": scope.recording_ids, "recording_title": scope.recording_title}
    if scope.type == "folder":
        fields |= {"folder_id": scope.folder_id, "folder_name": scope.folder_name}
    return fields if scope.speaker is None else {**fields, "speaker": scope.speaker}


def _part_document(part: Part) -> dict[str, Any]:
    if isinstance(part, CitationPart):
        return {"type": "citation", "recording_id": part.recording_id, "start_ms": part.start_ms}
    return {"type": "text", "text": part.text, **({"is_key": True} if part.is_key else {})}


def _message_documents(messages: Sequence[Message]) -> list[bytes]:
    return [orjson.dumps(_message_document(message)) for message in messages]


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


async def export_markdown(tenant: Tenant, session_id: str) -> bytes:
    """Return the session as Markdown; citations read `Recording name @ mm:ss`.

    Raises: SessionNotFoundError.
    """
    session, batches, names = await _read(tenant, session_id)
    lines = [f"# {_shown(session.title)}", "", f"- Scope: {_describe(session.scope, names)}"]
    lines += [f"- Started: {render_time(session.created_us)}"]
    lines += [f"- Last activity: {render_time(session.last_message_us)}", ""]
    shown = ["\n".join(lines).encode(), *[await compute(_render_messages, batch, names) for batch in batches]]
    return b"\n".join(shown)


def _render_messages(messages: Sequence[Message], names: Mapping[str, str]) -> bytes:
    lines: list[str] = []
    for message in messages:
        who = "Question" if message.role == "user" else f"Answer ({_shown(f'{message.provider} {message.model}')})"
        lines += [f"## {who}, {render_time(message.created_us)}", "", _render_parts(message, names), ""]
    return "\n".join(lines).encode()


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


async def _read(tenant: Tenant, session_id: str) -> tuple[Session, list[list[Message]], dict[str, str]]:
    """Return the session, its messages in batches, and the names of the recordings that they or its scope name."""
    async with tenant.reading() as snapshot:
        session = await get_session(snapshot, session_id)
        batches = [batch async for batch in _read_batches(snapshot, session_id)]
        named = set(session.scope.recording_ids)
        for batch in batches:
            named |= await compute(_cited, batch)
        names = {one.id: one.name or one.id for one in await find_recordings(snapshot, sorted(named))} if named else {}
    return session, batches, names


async def _read_batches(snapshot: Tenant, session_id: str) -> AsyncIterator[list[Message]]:
    after: int | None = None
    while rows := await list_message_rows(snapshot, session_id, MessagePage(limit=_BATCH, after=after)):
        batch = await compute(_to_messages, rows)
        after = batch[-1].ordinal
        yield batch


def _to_messages(rows: Sequence[Row]) -> list[Message]:
    return [to_message(row) for row in rows]


def _cited(messages: Iterable[Message]) -> set[str]:
    parts = (part for message in messages for part in message.parts)
    return {part.recording_id for part in parts if isinstance(part, CitationPart)}
