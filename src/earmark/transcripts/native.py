"""Parses earmark's own JSON strictly; other formats are parsed leniently."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from earmark.clock import parse_time
from earmark.errors import InvalidError
from earmark.transcripts.items import JsonObject, is_number, read_items, read_span, read_text
from earmark.transcripts.language import parse_language
from earmark.transcripts.limits import MAX_METADATA_BYTES, MAX_NAME_UNITS, MAX_SPEAKER_UNITS, Item, is_longer
from earmark.transcripts.normalise import build_segments, clean_speaker
from earmark.transcripts.types import ParsedTranscript, Segment

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parse_native(document: JsonObject) -> ParsedTranscript:
    """Parse `{"language"?, "segments": […], "name"?, "recorded_at"?, "metadata"?}`; null counts as absent.

    Raises: InvalidError naming the field, and the index of the segment, at fault.
    """
    return ParsedTranscript(
        segments=build_segments(_segments(document)),
        language=_read_language(document.get("language")),
        name=_read_name(document.get("name")),
        recorded_at=_read_recorded_at(document.get("recorded_at")),
        metadata=_read_metadata(document.get("metadata")),
    )


def _segments(document: JsonObject) -> Iterator[Segment]:
    for place, item in read_items(document, "segments", "segments"):
        text = read_text(item, place)
        if not text:
            raise place.error("text", "must not be empty")
        speaker, confidence = _read_speaker(item, place), _read_confidence(item, place)
        yield Segment(*read_span(item, place), text, speaker, confidence)


def _read_speaker(item: JsonObject, place: Item) -> str | None:
    value = item.get("speaker")
    if value is None:
        return None
    name = clean_speaker(value, place) if isinstance(value, str) else None
    if name is None:
        raise place.error("speaker", f"must be a string of 1 to {MAX_SPEAKER_UNITS} characters")
    return name


def _read_confidence(item: JsonObject, place: Item) -> float | None:
    value = item.get("confidence")
    if value is None:
        return None
    if not is_number(value) or not 0 <= value <= 1:
        raise place.error("confidence", "must be a number from 0 to 1")
    return float(value)


def _read_language(value: Any) -> str | None:
    if value is None:
        return None
    language = parse_language(value) if isinstance(value, str) else None
    if language is None:
        raise InvalidError("`language` must be a BCP 47 tag such as en or pt-BR.", param="language")
    return language


def _read_name(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value or is_longer(value, MAX_NAME_UNITS):
        raise InvalidError(f"`name` must be a string of 1 to {MAX_NAME_UNITS} characters.", param="name")
    return value


def _read_recorded_at(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        if not isinstance(value, str) or not value.isascii():
            raise ValueError("not a time")
        return _EPOCH + timedelta(microseconds=parse_time(value))
    except (ValueError, OverflowError):
        message = "`recorded_at` must be an RFC 3339 time with an offset."
        raise InvalidError(message, param="recorded_at") from None


def _read_metadata(value: Any) -> JsonObject | None:
    if value is None:
        return None
    if not isinstance(value, dict) or len(orjson.dumps(value)) > MAX_METADATA_BYTES:
        raise InvalidError("`metadata` must be an object of at most 16 KiB.", param="metadata")
    return value
