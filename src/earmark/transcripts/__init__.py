"""What a transcript file says: formats of other tools become segments.

Decides: speaker, time and words of each segment, and which files are refused. Pure functions. Never: storing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from earmark.transcripts.plain import parse_plain
from earmark.transcripts.shapes import parse_json_transcript
from earmark.transcripts.subrip import parse_subrip
from earmark.transcripts.types import ParsedTranscript
from earmark.transcripts.webvtt import parse_webvtt

__all__ = ["MEDIA_TYPES", "media_type_of", "parse_transcript"]

_PARSERS: Final[Mapping[str, Callable[[bytes], ParsedTranscript]]] = {
    "application/json": parse_json_transcript,
    "text/vtt": parse_webvtt,
    "application/x-subrip": parse_subrip,
    "text/plain": parse_plain,
}
MEDIA_TYPES: Final = frozenset(_PARSERS)
_SUFFIXES: Final = {
    ".json": "application/json",
    ".vtt": "text/vtt",
    ".srt": "application/x-subrip",
    ".txt": "text/plain",
    ".md": "text/plain",
}
_SNIFFED_BYTES: Final = 4_096
_SUBRIP_TIMES: Final = re.compile(rb"\d\d:\d\d[,.]\d{1,3}[ \t]{0,8}-->[ \t]{0,8}\d")


def parse_transcript(body: bytes, *, media_type: str, filename: str | None = None) -> ParsedTranscript:
    """Parse a transcript file.

    Args:
        body: the file's bytes.
        media_type: one of `MEDIA_TYPES`, without parameters; it alone selects the parser.
        filename: unused.

    Raises:
        ValueError: the media type is none of them.
        InvalidError: the file is invalid; the message names the line or index and the problem.
    """
    del filename
    parser = _PARSERS.get(media_type)
    if parser is None:
        raise ValueError(f"no transcript format has the media type {media_type!r}")
    return parser(body)


def media_type_of(filename: str, body: bytes) -> str:
    """Guess a file's media type by its suffix, else by its first bytes."""
    _, dot, suffix = filename.rpartition(".")
    known = _SUFFIXES.get(f"{dot}{suffix}".lower())
    return known or _sniff(body)


def _sniff(body: bytes) -> str:
    head = body[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"WEBVTT"):
        return "text/vtt"
    # `[00:12] Ada: …` begins like a JSON array.
    if head.startswith(b"{") or re.match(rb'\[\s*[{\["\]]', head):
        return "application/json"
    return "application/x-subrip" if _SUBRIP_TIMES.search(head) else "text/plain"
