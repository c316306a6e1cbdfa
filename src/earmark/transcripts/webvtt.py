"""Parses WebVTT: cues, voice spans, tags and entities.

Source: W3C, WebVTT: The Web Video Text Tracks Format, sections 4 (syntax) and 6 (parsing). Not webvtt-py,
whose version 0.6 names no line in its errors, quotes the file's text in them, leaves voice spans as raw
payload, and silently skips broken cues as browsers do; an import should report them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import Final

from earmark.transcripts.cues import ARROW, Cue, Grammar, Part, Span, cue_segments, read_cues, split_turns, stamp_ms
from earmark.transcripts.language import parse_vendor_language
from earmark.transcripts.limits import MAX_SEGMENTS, Line, too_many_segments
from earmark.transcripts.normalise import build_segments
from earmark.transcripts.text_body import decode_text, split_lines
from earmark.transcripts.types import ParsedTranscript, Segment

_STAMP: Final = r"(?:(\d{1,6}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_TIMES: Final = re.compile(rf"[ \t\f]*{_STAMP}[ \t\f]*-->[ \t\f]*{_STAMP}(?:[ \t\f].*)?", re.ASCII | re.DOTALL)
# `<` is text unless a tag's name, a time or an end tag follows and `>` closes it, as in "a < b".
_TAG: Final = re.compile(r"<(/?[A-Za-z][^<>]*|/|[\d:.]+)>", re.ASCII)
_VOICE: Final = re.compile(r"v(?:\.[^\s]*)?(?:\s(.*))?", re.DOTALL)
# Bounded, and with a semicolon: `html.unescape` alone would decode "&copy", and fail on 5,000 digits.
_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});", re.ASCII)
_BLOCK: Final = re.compile(r"NOTE(?:[ \t].*)?|(?:STYLE|REGION)[ \t\f]*", re.DOTALL)


def parse_webvtt(body: bytes) -> ParsedTranscript:
    """Parse a WebVTT file.

    Raises: InvalidError naming the line at fault.
    """
    lines = split_lines(decode_text(body))
    first, language = _read_header(lines)
    drafts = (draft for cue in read_cues(lines, first, _GRAMMAR) for draft in _segments(cue))
    return ParsedTranscript(build_segments(drafts), language)


def _read_header(lines: Sequence[str]) -> tuple[int, str | None]:
    """Return the first line after the header, and the header's language if any."""
    if lines[0] != "WEBVTT" and not lines[0].startswith(("WEBVTT ", "WEBVTT\t")):
        raise Line(1).error("file", "does not begin with WEBVTT")
    at, language = 1, None
    while at < len(lines) and lines[at] and ARROW not in lines[at]:
        key, _, value = lines[at].partition(":")
        if key.strip().lower() == "language":
            language = parse_vendor_language(value)
        at += 1
    return at, language


def _parse_times(line: str) -> Span | None:
    match = _TIMES.fullmatch(line)
    return (stamp_ms(match, 1), stamp_ms(match, 5)) if match else None


def _segments(cue: Cue) -> Iterator[Segment]:
    payload = "\n".join(cue.lines)
    voices = _split_voices(payload)
    if len(voices) > 1 or voices[0][0] is not None:
        parts = [(speaker, " ".join(_said(text))) for speaker, text in voices]
    else:
        parts = split_turns(_said(voices[0][1]))
    return cue_segments(cue, parts)


def _split_voices(payload: str) -> list[Part]:
    """Return the payload without tags, split at `<v>` tags; at least one part."""
    parts: list[Part] = []
    speaker: str | None = None
    pieces: list[str] = []
    at = 0
    for match in _TAG.finditer(payload):
        pieces.append(payload[at : match.start()])
        at = match.end()
        voice = _VOICE.fullmatch(match[1])
        if voice or match[1] == "/v":
            parts.append((speaker, "".join(pieces)))
            if len(parts) > MAX_SEGMENTS:
                raise too_many_segments()
            speaker = _decode(voice[1] or "") if voice else None
            pieces = []
    parts.append((speaker, "".join([*pieces, payload[at:]])))
    return parts


def _said(text: str) -> list[str]:
    return [line.strip() for line in _decode(text).split("\n") if line.strip()]


def _decode(text: str) -> str:
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text


_GRAMMAR: Final = Grammar(
    parse_times=_parse_times,
    is_ignored=lambda line: _BLOCK.fullmatch(line) is not None,
    # Only an empty line ends a block: captions of a well-known site begin with a line of one space.
    is_blank=lambda line: not line,
)
