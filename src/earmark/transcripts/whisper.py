"""Parses Whisper's output: openai-whisper and faster-whisper JSON, the API's `verbose_json`, whisper.cpp."""

from __future__ import annotations

from collections.abc import Iterator

from earmark.transcripts.items import (
    JsonObject,
    read_items,
    read_span,
    read_text,
    read_vendor_confidence,
    read_vendor_speaker,
)
from earmark.transcripts.language import parse_vendor_language
from earmark.transcripts.limits import Item
from earmark.transcripts.normalise import build_segments
from earmark.transcripts.types import ParsedTranscript, Segment
from earmark.transcripts.words import group_words


def parse_whisper(document: JsonObject) -> ParsedTranscript:
    """Parse `{"segments": […]}`, or `{"words": […]}` if it has only words; times in seconds.

    Raises: InvalidError naming the item at fault.
    """
    if isinstance(document.get("words"), list) and not document.get("segments"):
        drafts = group_words(_timed(document, "words", "word"))
    else:
        drafts = _timed(document, "segments", "text")
    language = parse_vendor_language(document.get("language"))
    return ParsedTranscript(build_segments(drafts), language, "whisper")


def parse_whisper_cpp(document: JsonObject) -> ParsedTranscript:
    """Parse `{"transcription": [{"offsets": {"from", "to"}, "text"}]}`; times in milliseconds.

    Raises: InvalidError naming the item at fault.
    """
    result = document.get("result")
    language = parse_vendor_language(result.get("language")) if isinstance(result, dict) else None
    return ParsedTranscript(build_segments(_transcription(document)), language, "whisper")


def _timed(document: JsonObject, key: str, text_key: str) -> Iterator[Segment]:
    for place, item in read_items(document, key, key):
        text = read_text(item, place, text_key)
        speaker = read_vendor_speaker(item, place)
        yield Segment(*read_span(item, place), text, speaker, read_vendor_confidence(item))


def _transcription(document: JsonObject) -> Iterator[Segment]:
    for place, item in read_items(document, "transcription", "transcription"):
        offsets = item.get("offsets")
        if not isinstance(offsets, dict):
            raise place.error("offsets", "must be an object")
        inner = Item(place.path, place.index, within="offsets")
        span = read_span(offsets, inner, ms_per_unit=1, keys=("from", "to"))
        yield Segment(*span, read_text(item, place), read_vendor_speaker(item, place))
