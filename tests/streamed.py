"""What a client of a stream does: put the pieces together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol


class StreamedEvent(Protocol):
    """One event, as it comes out of a feed or over HTTP."""

    @property
    def name(self) -> str: ...

    @property
    def data(self) -> Any: ...


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
