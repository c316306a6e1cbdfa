"""Renders segments as WebVTT, for players and for `webvtt.py`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from earmark.transcripts.types import Segment

_BREAKS = re.compile(r"[\r\n]+")


def render_webvtt(segments: Sequence[Segment]) -> str:
    """Return a WebVTT file with a cue per segment; the speaker is the cue's voice."""
    cues = [f"{_time(one.start_ms)} --> {_time(one.end_ms)}\n{_voice(one)}{_escape(one.text)}\n" for one in segments]
    return "\n".join(["WEBVTT\n", *cues])


def _time(offset_ms: int) -> str:
    seconds, millis = divmod(offset_ms, 1_000)
    return f"{seconds // 3_600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{millis:03}"


def _voice(segment: Segment) -> str:
    return "" if segment.speaker is None else f"<v {_escape(segment.speaker)}>"


def _escape(text: str) -> str:
    """Escape text; line breaks become spaces, since an empty line would end the cue."""
    flat = _BREAKS.sub(" ", text)
    return flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
