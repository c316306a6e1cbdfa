"""The wire form of scopes, parts, messages, finished turns and their streamed events."""

from __future__ import annotations

from typing import Any, Final

from earmark.api.wire.search import chunk_to_wire
from earmark.ask.answers.feed import SourcesFound, TextAdded, TurnCompleted, TurnEvent, TurnFailed, TurnStarted
from earmark.ask.types import LIBRARY, AskResult, CitationPart, Message, Part, Scope
from earmark.clock import render_time

Successful = TurnStarted | SourcesFound | TextAdded | CitationPart | TurnCompleted
EVENT_NAMES: Final[dict[type[TurnEvent], str]] = {
    TurnStarted: "turn.started", SourcesFound: "turn.sources", TextAdded: "text.delta", CitationPart: "citation",
    TurnCompleted: "turn.completed", TurnFailed: "turn.failed",
}  # fmt: skip


_LIBRARY: Final[dict[str, Any]] = {"type": "library", "recording_ids": (), "recording_title": None}


def scope_to_wire(scope: Scope) -> dict[str, Any]:
    """Return a scope as the contract shows it, not to be changed."""
    if scope is LIBRARY:  # most scopes of a list
        return _LIBRARY
    shown = {"type": scope.type, "recording_ids": scope.recording_ids, "recording_title": scope.recording_title}
    if scope.type == "folder":
        shown |= {"folder_id": scope.folder_id, "folder_name": scope.folder_name}
    return shown if scope.speaker is None else {**shown, "speaker": scope.speaker}


def part_to_wire(part: Part) -> dict[str, Any]:
    """Return a part of a message as the contract shows it; `is_key` only if it is so."""
    if isinstance(part, CitationPart):
        return {"type": "citation", "recording_id": part.recording_id, "start_ms": part.start_ms}
    shown: dict[str, Any] = {"type": "text", "text": part.text}
    return {**shown, "is_key": True} if part.is_key else shown


def message_to_wire(message: Message) -> dict[str, Any]:
    """Return a message as the contract shows it."""
    tokens = message.tokens
    return {
        "id": message.id,
        "role": message.role,
        "content": message.content,
        "parts": [part_to_wire(part) for part in message.parts],
        "tokens": {"input": tokens.input, "output": tokens.output, "cached": tokens.cached},
        "model": message.model,
        "provider": message.provider,
        "finish_reason": message.finish_reason,
        "created_at": render_time(message.created_us),
        **_judgement(message),
    }


def _judgement(message: Message) -> dict[str, Any]:
    """Return the fields that only answers have."""
    if message.role != "assistant":
        return {}
    dropped = {} if message.dropped_citations is None else {"dropped_citations": message.dropped_citations}
    # Answers stored before this field existed count as answered if they cite anything.
    is_cited = any(isinstance(part, CitationPart) for part in message.parts)
    return {"answered": message.answered or ("yes" if is_cited else "no"), **dropped}


def result_to_wire(result: AskResult) -> dict[str, Any]:
    """Return a finished turn as the contract shows it."""
    return {
        "session_id": result.session_id,
        "message": message_to_wire(result.message),
        "sources": [chunk_to_wire(source) for source in result.sources],
    }


def event_to_wire(event: Successful) -> dict[str, Any]:
    """Return the data of an event; that of a failure is the body of its error (`pipeline/reply.py`)."""
    match event:
        case TurnStarted():
            return {"session_id": event.session_id, "user_message_id": event.user_message_id}
        case SourcesFound():
            return {"sources": [chunk_to_wire(source) for source in event.sources]}
        case TextAdded():
            shown: dict[str, Any] = {"text": event.text, "part": event.part}
            return {**shown, "is_key": True} if event.is_key else shown
        case CitationPart():
            return {"recording_id": event.recording_id, "start_ms": event.start_ms}
        case TurnCompleted():
            return result_to_wire(event.result)
