"""What a transcript file says: formats of other tools become segments.

Decides: what a file is, speaker, time and words of each segment, what is repaired, and which files are refused.
Pure functions. Never: storing.
"""

from __future__ import annotations

from earmark.transcripts.reading import FORMATS, parse_transcript, parse_transcripts
from earmark.transcripts.repairs import render as render_warning

__all__ = ["FORMATS", "parse_transcript", "parse_transcripts", "render_warning"]
