"""Adapters for documents that nest what is said: YouTube's json3, Otter's speakers, Limitless' lists of days."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from earmark.transcripts.drafts import Draft
from earmark.transcripts.limits import Item
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.vendors.offsets import Unit, read_offset
from earmark.transcripts.vendors.reading import Reading, first_of, get
from earmark.transcripts.vendors.row_shapes import ROW_SHAPES

_OTTER = next(shape for shape in ROW_SHAPES if shape.format == "otter")


def is_json3(document: Any) -> bool:
    """Whether a document is YouTube's json3: `events` with `tStartMs`."""
    events = get(document, "events")
    return isinstance(events, list) and any(isinstance(one, dict) and "tStartMs" in one for one in events[:20])


def read_json3(document: Any, repairs: Repairs) -> Reading:
    """Read `events[].segs[].utf8`; an event of a line break alone only scrolls."""
    return Reading(_events(document))


def is_otter(document: Any) -> bool:
    """Whether a document is Otter's: rows of `transcript` with `start_offset`."""
    return _OTTER.find(document) is not None


def read_otter(document: Any, repairs: Repairs) -> Reading:
    """Read Otter's rows; their speakers are listed apart, by id."""
    reading = _OTTER.read(document, repairs)
    names = _otter_names(document)
    drafts = list(reading.drafts)
    for draft in drafts:
        draft.speaker = names.get(draft.speaker or "", draft.speaker)
    reading.drafts = drafts
    return reading


def _events(document: Any) -> Iterator[Draft]:
    for index, event in enumerate(document["events"]):
        pieces = get(event, "segs")
        words = "".join(
            piece["utf8"]
            for piece in (pieces if isinstance(pieces, list) else ())
            if isinstance(get(piece, "utf8"), str)
        )
        start = read_offset(get(event, "tStartMs"), Unit.MILLISECONDS)
        length = read_offset(get(event, "dDurationMs"), Unit.MILLISECONDS)
        if words.strip() and start is not None:
            end_ms = None if length is None else start.ms + length.ms
            yield Draft(Item("events", index), " ".join(words.split()), start.ms, end_ms)


def _otter_names(document: Any) -> dict[str, str]:
    """Return the names by the label that `read_speaker` gives an id."""
    listed = get(document, "speech.speakers") or get(document, "speakers")
    found: dict[str, str] = {}
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict):
            continue
        name, key = first_of(one, ("speaker_name", "name")), first_of(one, ("speaker_id", "id"))
        if isinstance(name, str) and name.strip() and isinstance(key, (int, str)):
            found[f"SPEAKER_{key}" if isinstance(key, int) else key] = name.strip()
    return found
