"""What is sent of an event: `{id, type, created_at, data}`, made once and then the same bytes at each attempt.

`data` says which object it is about, its status, times and numbers. Words (of transcripts, summaries, questions and
answers) are only in the variant for endpoints that asked for them. Objects are shown as they are when the event is
handed on, their status as the event says it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson

from earmark.ask.sessions.messages import find_message
from earmark.clock import render_time, render_time_or_none
from earmark.errors import NotFoundError
from earmark.jobs.outbox import Event
from earmark.library.recordings import get_recording
from earmark.library.transcripts import get_transcription, list_segments
from earmark.library.types import Recording
from earmark.storage.tenant import Tenant
from earmark.summaries.summaries import get_summary
from earmark.webhooks import queries
from earmark.webhooks.types import Endpoint

LONGEST_BODY: Final = 256 << 10
Describe = Callable[[Tenant, Event, bool], Awaitable[dict[str, Any]]]
"""Returns an event's data, with words or without.

Raises: NotFoundError if what it is about is gone; then the event's own ids are sent.
"""
_STATUS: Final = {"started": "processing", "completed": "completed", "failed": "failed"}


async def make_body(tenant: Tenant, event: Event, project_id: str, *, has_text: bool) -> bytes:
    """Return the bytes to send; without words, and marked so, where they would be too many."""
    belongs = {"project_id": project_id}
    body = _render(event, belongs | await _describe(tenant, event, has_text=has_text))
    if len(body) > LONGEST_BODY:
        body = _render(event, belongs | await _describe(tenant, event, has_text=False) | {"truncated": True})
    if len(body) > LONGEST_BODY:
        body = _render(event, belongs | _ids_of(event) | {"truncated": True})
    return body


def _render(event: Event, data: Mapping[str, Any]) -> bytes:
    return orjson.dumps({"id": event.id, "type": event.type, "created_at": render_time(event.created_us), "data": data})


async def _describe(tenant: Tenant, event: Event, *, has_text: bool) -> dict[str, Any]:
    kind, _, change = event.type.partition(".")
    if change == "deleted":
        return {"id": event.data[f"{kind}_id"], **_ids_of(event), "deleted_at": render_time(event.created_us)}
    describe = _DESCRIBED.get(kind)
    if describe is None:
        return _ids_of(event)
    try:
        return {**_ids_of(event), **await describe(tenant, event, has_text)}
    except NotFoundError:
        return _ids_of(event)


def _ids_of(event: Event) -> dict[str, Any]:
    """Return what the event itself says: ids, statuses and numbers."""
    owner = {} if event.end_user_id is None else {"end_user_id": event.end_user_id}
    return {**owner, **event.data}


async def _describe_recording(tenant: Tenant, event: Event, has_text: bool) -> dict[str, Any]:
    one = await get_recording(tenant, event.data["recording_id"])
    return {
        "id": one.id, **_named(one), "device_id": one.device_id,
        "source": one.source, "status": event.data.get("status", one.status), "duration_ms": one.duration_ms,
        "duration_seconds": None if one.duration_ms is None else (one.duration_ms + 500) // 1_000,
        "recorded_at": render_time_or_none(one.recorded_us), "started_at": render_time_or_none(one.recorded_us),
        "ended_at": render_time_or_none(one.ended_us), "file_size_bytes": one.file_size_bytes,
        "content_sha256": one.content_sha256, "transcription_id": one.transcription_id,
        "created_at": render_time(one.created_us), "updated_at": render_time(one.updated_us),
    }  # fmt: skip


def _named(one: Recording) -> dict[str, Any]:
    metadata = None if one.metadata_json is None else orjson.loads(one.metadata_json)
    return {"end_user_id": one.end_user_id, "name": one.name, "metadata": metadata}


async def _describe_transcription(tenant: Tenant, event: Event, has_text: bool) -> dict[str, Any]:
    """A transcription that another has replaced since is described by its ids."""
    one = await get_transcription(tenant, event.data["transcription_id"])
    recording = await get_recording(tenant, one.recording_id)
    status = _STATUS[event.type.partition(".")[2]]
    shown = {
        "id": one.id, "recording_id": one.recording_id,
        "end_user_id": one.end_user_id, "recording_name": recording.name, "metadata": _named(recording)["metadata"],
        "status": status, "language": one.language, "provider": one.provider, "engine": one.engine,
        "word_count": one.word_count, "confidence": one.confidence, "duration_ms": one.duration_ms,
        "error_message": one.error_message, "started_at": render_time_or_none(one.started_us),
        "completed_at": render_time_or_none(one.completed_us), "created_at": render_time(one.created_us),
        "updated_at": render_time(one.updated_us),
    }  # fmt: skip
    if not has_text or status != "completed":
        return shown
    segments = await list_segments(tenant, one.id)
    words = [
        {"start": each.start_ms / 1_000, "end": each.end_ms / 1_000, "speaker": each.speaker, "text": each.text}
        for each in segments
    ]
    return {**shown, "text": " ".join(each.text for each in segments), "segments": words}


async def _describe_summary(tenant: Tenant, event: Event, has_text: bool) -> dict[str, Any]:
    """A summary that another has replaced since is described by its ids."""
    one = await get_summary(tenant, event.data["summary_id"])
    recording = await get_recording(tenant, one.recording_id)
    status = _STATUS[event.type.partition(".")[2]]
    shown = {
        "id": one.id, "recording_id": one.recording_id, "transcription_id": one.transcription_id,
        "end_user_id": one.end_user_id, "recording_name": recording.name, "metadata": _named(recording)["metadata"],
        "status": status, "template_id": one.template_id, "provider": one.provider, "model": one.model,
        "dropped_items": one.dropped_items, "error": one.error_code, "error_message": one.error_message,
        "started_at": render_time_or_none(one.started_us), "completed_at": render_time_or_none(one.completed_us),
        "created_at": render_time(one.created_us), "updated_at": render_time(one.updated_us),
    }  # fmt: skip
    if not has_text:
        return shown
    words = {"custom_prompt": one.custom_prompt}
    return {**shown, **words, "output": one.output} if status == "completed" else {**shown, **words}


async def _describe_turn(tenant: Tenant, event: Event, has_text: bool) -> dict[str, Any]:
    said = event.data
    if not has_text:
        return {}
    asked = await find_message(tenant, said["session_id"], said["user_message_id"])
    answer = await find_message(tenant, said["session_id"], said["message_id"]) if "message_id" in said else None
    return {
        "question": None if asked is None else asked.content,
        "answer": None if answer is None else answer.content,
    }


async def _describe_endpoint(tenant: Tenant, event: Event, has_text: bool) -> dict[str, Any]:
    """Without its URL, which may hold a secret of that receiver and goes to others."""
    row = await tenant.fetch_one(queries.select_endpoint, {"endpoint_id": event.data["id"]})
    if row is None:
        return {}
    return {"description": Endpoint(*row).description}


_DESCRIBED: Final[dict[str, Describe]] = {
    "recording": _describe_recording,
    "transcription": _describe_transcription,
    "summary": _describe_summary,
    "ask_turn": _describe_turn,
    "webhook_endpoint": _describe_endpoint,
}
"""By the part of a type before the dot; of others the event's own data are sent."""
