"""The form in which a turn's events are stored for other processes: JSON with a version.

Batches without a version were written by earlier releases, in the form that the wire had then. They are read during an
upgrade; half an hour later they are gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import orjson

from earmark.ask.answers.feed import SourcesFound, TextAdded, TurnCompleted, TurnEvent, TurnFailed, TurnStarted, is_last
from earmark.ask.sessions.stored import VERSION, check_version, from_source_fields, source_fields, to_source_of
from earmark.ask.types import CitationPart
from earmark.errors import EarmarkError, ProviderError

_TAGS: Final[dict[type[TurnEvent], str]] = {
    TurnStarted: "started", SourcesFound: "sources", TextAdded: "text", CitationPart: "citation",
    TurnCompleted: "completed", TurnFailed: "failed",
}  # fmt: skip
_TAGS_WITHOUT_VERSION: Final = {
    "turn.started": "started", "turn.sources": "sources", "text.delta": "text", "citation": "citation",
    "turn.completed": "completed", "turn.failed": "failed",
}  # fmt: skip


class StoredFailureError(ProviderError):
    """A failure as another process met it."""

    def __init__(self, stored: dict[str, Any]) -> None:
        super().__init__(stored["message"])
        self.code = stored["code"]  # type: ignore[misc]
        self.status = stored["status"]  # type: ignore[misc]
        self.session_id = stored.get("session_id")


@dataclass(frozen=True, slots=True)
class Unlogged:
    """An event without its data: who reads it gets what the answer has at that time."""

    what: Literal["sources", "completed"]


LoggedEvent = TurnEvent | Unlogged


def dump_events(events: Sequence[TurnEvent]) -> str:
    """Return a batch of events as it is stored.

    An answer is stored once, as a message. Of an ended turn no sources are stored here either: its readers get those
    that the answer still has, so that nothing of a deleted recording is said again.
    """
    is_ended = is_last(events[-1])
    pairs = [[_TAGS[type(event)], _fields_of(event, is_ended=is_ended)] for event in events]
    return orjson.dumps({"v": VERSION, "events": pairs}).decode()


def _fields_of(event: TurnEvent, *, is_ended: bool) -> dict[str, Any] | None:
    if isinstance(event, TurnCompleted) or (is_ended and isinstance(event, SourcesFound)):
        return None
    if isinstance(event, TurnFailed):
        return _failure(event.error)
    if isinstance(event, SourcesFound):
        return {"sources": [source_fields(one) for one in event.sources]}
    return asdict(event)


def _failure(error: EarmarkError) -> dict[str, Any]:
    return {"code": error.code, "status": error.status, "message": error.message, "session_id": error.session_id}


def load_events(stored: str) -> list[LoggedEvent]:
    """Return the events of a stored batch."""
    document = orjson.loads(stored)
    if isinstance(document, list):
        return [_to_event(_TAGS_WITHOUT_VERSION[name], data, is_versioned=False) for name, data in document]
    check_version(document.get("v"))
    return [_to_event(tag, fields, is_versioned=True) for tag, fields in document["events"]]


def _to_event(tag: str, fields: Any, *, is_versioned: bool) -> LoggedEvent:
    if tag == "text":
        return TextAdded(**fields)
    if tag == "citation":
        return CitationPart(**fields)
    if tag == "started":
        return TurnStarted(**fields)
    if tag == "failed":
        return TurnFailed(StoredFailureError(fields))
    if tag == "completed" or fields is None:
        return Unlogged("completed" if tag == "completed" else "sources")
    return SourcesFound(tuple((from_source_fields if is_versioned else to_source_of)(one) for one in fields["sources"]))
