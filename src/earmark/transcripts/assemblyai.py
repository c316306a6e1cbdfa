"""Parses AssemblyAI's output: utterances, else words, else plain text; times in milliseconds."""

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
from earmark.transcripts.normalise import build_segments
from earmark.transcripts.plain import ESTIMATED, estimate_prose
from earmark.transcripts.types import ParsedTranscript, Segment
from earmark.transcripts.words import group_words


def parse_assemblyai(document: JsonObject) -> ParsedTranscript:
    """Parse a transcript object; without utterances and words its text gets estimated times.

    Raises: InvalidError naming the item at fault.
    """
    language = parse_vendor_language(document.get("language_code"))
    text = document.get("text")
    if document.get("utterances"):
        segments = build_segments(_timed(document, "utterances"))
    elif document.get("words") or not isinstance(text, str):
        segments = build_segments(group_words(_timed(document, "words")))
    else:
        return ParsedTranscript(estimate_prose(text), language, "assemblyai", ESTIMATED)
    return ParsedTranscript(segments, language, "assemblyai")


def _timed(document: JsonObject, key: str) -> Iterator[Segment]:
    for place, item in read_items(document, key, key):
        span = read_span(item, place, ms_per_unit=1)
        speaker = read_vendor_speaker(item, place)
        yield Segment(*span, read_text(item, place), speaker, read_vendor_confidence(item))
