"""What a client of a stream does: put the pieces together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from earmark.api.wire.turns import EVENT_NAMES, event_to_wire
from earmark.ask.answers.feed import TurnEvent, TurnFailed


class StreamedEvent(Protocol):
    """One event, as it comes over HTTP."""

    @property
    def name(self) -> str: ...

    @property
    def data(self) -> Any: ...


@dataclass(frozen=True)
class Shown:
    """An event of a feed as the wire shows it; `data` of a failure is its error."""

    name: str
    data: Any


def shown(event: TurnEvent) -> Shown:
    """Return an event of a feed as the wire shows it."""
    data = event.error if isinstance(event, TurnFailed) else event_to_wire(event)
    return Shown(EVENT_NAMES[type(event)], data)


def parts_of(events: Iterable[StreamedEvent]) -> list[dict[str, Any]]:
    """Return the parts that a stream's pieces add up to."""
    parts: list[dict[str, Any]] = []
    for event in events:
        if event.name == "citation":
            parts.append({"type": "citation", **event.data})
        elif event.name == "text.delta":
            if event.data["part"] == len(parts):
                key = {"is_key": True} if event.data.get("is_key") else {}
                parts.append({"type": "text", "text": "", **key})
            parts[event.data["part"]]["text"] += event.data["text"]
    return parts
