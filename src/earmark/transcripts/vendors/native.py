"""earmark's own JSON: what describes the recording is read strictly, its segments are repaired as any file's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from earmark.clock import offset_of, parse_time
from earmark.errors import InvalidError
from earmark.transcripts.language import parse_language
from earmark.transcripts.limits import MAX_METADATA_BYTES, MAX_NAME_UNITS, is_longer
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.types import RecordedAt
from earmark.transcripts.vendors.reading import (
    JsonObject,
    Keys,
    Reading,
    read_list,
    read_name,
    read_recorded,
    read_rows,
)

# Not `created_at`: in files of this shape it is as often when the transcript was made or exported, as in earmark's own.
_MOMENTS: Final = ("recordedAt", "started_at", "start_time", "startTime", "date")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_native(document: Any, repairs: Repairs) -> Reading:
    """Read `{"language"?, "segments": […], "name"?, "recorded_at"?, "metadata"?}`; null counts as absent.

    Raises: InvalidError naming the field at fault.
    """
    rows = read_list(document, "segments", "segments")
    return Reading(
        read_rows(rows, "segments", repairs, Keys(speaker=("speaker", "speaker_name", "speaker_id"))),
        language=_read_language(document.get("language")),
        name=_read_name(document.get("name")) or read_name(document.get("title")),
        recorded=_read_recorded_at(document.get("recorded_at")) or _first_moment(document),
        metadata=_read_metadata(document.get("metadata")),
    )


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


def _read_recorded_at(value: Any) -> RecordedAt | None:
    if value is None:
        return None
    try:
        if not isinstance(value, str) or not value.isascii():
            raise ValueError("not a time")
        return RecordedAt(_EPOCH + timedelta(microseconds=parse_time(value)), offset_of(value))
    except (ValueError, OverflowError):
        message = "`recorded_at` must be an RFC 3339 time with an offset."
        raise InvalidError(message, param="recorded_at") from None


def _first_moment(document: JsonObject) -> RecordedAt | None:
    """Return when it was recorded as others' rows of this shape say it."""
    return next((at for key in _MOMENTS if (at := read_recorded(document.get(key))) is not None), None)


def _read_metadata(value: Any) -> JsonObject | None:
    if value is None:
        return None
    if not isinstance(value, dict) or len(orjson.dumps(value)) > MAX_METADATA_BYTES:
        raise InvalidError("`metadata` must be an object of at most 16 KiB.", param="metadata")
    return value
