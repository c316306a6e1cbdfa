"""Citations of an answer: numbers in its text, and for each the moment, who said it and their words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from earmark.api.pipeline.call import Call
from earmark.ask.types import CitationPart, Part
from earmark.clock import render_time_or_none
from earmark.library.reading import find_segments_at
from earmark.library.recordings import find_recordings
from earmark.library.types import Recording
from earmark.mcp.moments import recording_url
from earmark.transcripts.types import Segment

_CLOSING = "”"


def cite(parts: Sequence[Part]) -> tuple[str, list[CitationPart]]:
    """Return an answer's text with `[n]` behind what is cited, and the cited moments, the first numbered 1.

    A closing quotation mark stays with what it closes.
    """
    cited: list[CitationPart] = []
    shown: list[str] = []
    waiting = ""
    for part in parts:
        if isinstance(part, CitationPart):
            if part not in cited:
                cited.append(part)
            mark = f"[{cited.index(part) + 1}]"
            waiting = waiting if mark in waiting else waiting + mark
        elif waiting and part.text.startswith(_CLOSING):
            shown.append(f"{_CLOSING} {waiting}{part.text[1:]}")
            waiting = ""
        else:
            shown.append(f" {waiting}{part.text}" if waiting else part.text)
            waiting = ""
    return "".join([*shown, f" {waiting}" if waiting else ""]).strip(), cited


async def list_citations(call: Call, cited: Sequence[CitationPart]) -> list[dict[str, Any]]:
    """Return the citations as JSON; quote and speaker are null where the transcript has changed since."""
    ids = sorted({one.recording_id for one in cited})
    found = {one.id: one for one in await find_recordings(call.tenant, ids)} if ids else {}
    said = {name: await _segments_of(call, found[name], cited) for name in found}
    return [_to_json(call, n, one, found.get(one.recording_id), said) for n, one in enumerate(cited, 1)]


async def _segments_of(call: Call, recording: Recording, cited: Sequence[CitationPart]) -> dict[int, Segment]:
    if recording.transcription_id is None:
        return {}
    starts = [one.start_ms for one in cited if one.recording_id == recording.id]
    return await find_segments_at(call.tenant, recording.transcription_id, starts)


def _to_json(
    call: Call, n: int, one: CitationPart, recording: Recording | None, said: dict[str, dict[int, Segment]]
) -> dict[str, Any]:
    segment = said.get(one.recording_id, {}).get(one.start_ms)
    return {
        "n": n,
        "recording_id": one.recording_id,
        "recording_name": None if recording is None else recording.name,
        "recorded_at": None if recording is None else render_time_or_none(recording.recorded_us),
        "speaker": None if segment is None else segment.speaker,
        "start_ms": one.start_ms,
        "quote": None if segment is None else segment.text,
        "url": recording_url(call.base_url, one.recording_id, one.start_ms),
    }
