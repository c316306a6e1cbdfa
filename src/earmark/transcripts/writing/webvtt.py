"""Renders segments as WebVTT, for players and for `webvtt.py`."""

from __future__ import annotations

from collections.abc import Sequence

from earmark.transcripts.types import Segment
from earmark.transcripts.writing.lines import clock, flat


def render_webvtt(segments: Sequence[Segment]) -> str:
    """Return a WebVTT file with a cue per segment; the speaker is the cue's voice."""
    cues = [
        f"{clock(one.start_ms, '.')} --> {clock(one.end_ms, '.')}\n{_voice(one)}{_escape(one.text)}\n"
        for one in segments
    ]
    return "\n".join(["WEBVTT\n", *cues])


def _voice(segment: Segment) -> str:
    return "" if segment.speaker is None else f"<v {_escape(segment.speaker)}>"


def _escape(text: str) -> str:
    """Escape text; line breaks become spaces, since an empty line would end the cue."""
    return flat(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
