"""Removes what players and browsers treat as markup from the words of captions."""

from __future__ import annotations

import html
import re
from typing import Final

from earmark.transcripts.limits import MAX_SEGMENTS, too_many_segments

Part = tuple[str | None, str]  # speaker, words with line breaks

# `<` is text unless a tag's name, a time or an end tag follows and `>` closes it, as in "a < b".
_TAG: Final = re.compile(r"<(/?[A-Za-z][^<>]*|/|[\d:.]+)>", re.ASCII)
# What players of SubRip treat as markup, so that `<laughs>` stays.
_PLAYER_TAG: Final = re.compile(r"</?(?:b|i|u|s|font|span|c)(?:[\s.][^<>]*)?>|\{\\[^{}]{1,40}\}", re.IGNORECASE)
_BREAK: Final = re.compile(r"<(?:br|p|div)\s*/?>|\[br\]", re.IGNORECASE)
_HTML_BLOCK: Final = re.compile(r"</?(?:p|div|br|li)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_VOICE: Final = re.compile(r"v(?:\.[^\s]*)?(?:\s(.*))?", re.DOTALL | re.IGNORECASE)
# Bounded, and with a semicolon: `html.unescape` alone would decode "&copy", and fail on 5,000 digits.
_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});", re.ASCII)
_NEW_SPEAKER: Final = re.compile(r"(?:^|(?<=[ \t]))>{2,3}[ \t]*", re.MULTILINE)


def decode_entities(text: str) -> str:
    """Decode character references once."""
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text


def break_lines(text: str) -> str:
    """Turn line-break tags into line breaks."""
    return _BREAK.sub("\n", text) if "<" in text or "[" in text else text


def plain_html(text: str) -> str:
    """Return text without HTML's tags; paragraphs and breaks become lines."""
    if not _HTML_BLOCK.search(text):
        return text
    return decode_entities(_TAG.sub("", _HTML_BLOCK.sub("\n", text)))


def plain_words(text: str) -> str:
    """Return the words of a SubRip cue: line breaks for `<br>`, without formatting, entities decoded once."""
    text = break_lines(text)
    if "<" in text or "{" in text:
        text = _PLAYER_TAG.sub("", text)
    return decode_entities(text)


def split_voices(payload: str) -> list[Part]:
    """Return a WebVTT cue's words without tags, split at `<v>` tags; at least one part.

    Raises: InvalidError if there are more parts than a transcript may have segments.
    """
    payload = break_lines(payload)
    if "<" not in payload:
        return [(None, decode_entities(payload))]
    parts: list[Part] = []
    speaker: str | None = None
    pieces: list[str] = []
    at = 0
    for match in _TAG.finditer(payload):
        pieces.append(payload[at : match.start()])
        at = match.end()
        voice = _VOICE.fullmatch(match[1])
        if voice or match[1].lower() == "/v":
            parts.append((speaker, decode_entities("".join(pieces))))
            if len(parts) > MAX_SEGMENTS:
                raise too_many_segments()
            speaker = decode_entities(voice[1] or "") if voice else None
            pieces = []
    parts.append((speaker, decode_entities("".join([*pieces, payload[at:]]))))
    return parts


def split_turn_marks(text: str) -> list[str]:
    """Split at lines that begin with `>>`, the mark of captions for a change of speaker; at least one part."""
    if ">>" not in text:
        return [text]
    return [part for part in _NEW_SPEAKER.split(text) if part.strip()] or [""]
