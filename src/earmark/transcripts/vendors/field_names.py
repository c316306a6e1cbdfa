"""Names that tools give the fields of a row with words: its text, times and speaker, in every spelling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from earmark.transcripts.vendors.offsets import Unit, is_number, read_offset
from earmark.transcripts.vendors.reading import JsonObject, first_of


def _spellings(names: str) -> tuple[str, ...]:
    """Return names written `like_this`, `likeThis`, `LikeThis` and `likethis`, the first names first."""
    found: dict[str, None] = {}
    for name in names.split():
        pascal = "".join(part.capitalize() for part in name.split("_"))
        found |= dict.fromkeys((name, pascal[0].lower() + pascal[1:], pascal, name.replace("_", "")))
    return tuple(found)


TEXT: Final = _spellings(
    "text transcript sentence utterance content body caption message line words word value display punctuated_word"
    " raw_text segment transcription spoken_text dialogue dialog speech said txt snippet"
)
START: Final = _spellings(
    "start start_time start_ms start_time_ms start_offset_ms start_offset start_sec start_seconds start_in_seconds"
    " start_timestamp audio_start_time audio_start seconds_from_start begin begin_time begin_ms begin_offset_millis"
    " start_time_in_ms"
    " start_millis start_date_time relative_start_time data_start adjusted_start start_at started_at from offset"
    " offset_ms offset_seconds snippet_time timestamp_ms timestamp timecode time_code time ts t_start_ms t"
)
END: Final = _spellings(
    "end end_time end_ms end_time_ms end_offset_ms end_offset end_sec end_seconds end_in_seconds end_timestamp"
    " audio_end_time audio_end finish stop end_offset_millis end_time_in_ms end_millis end_date_time relative_end_time"
    " data_end adjusted_end"
    " end_at ended_at to end_ts"
)
DURATION: Final = _spellings("duration dur duration_ms length d_duration_ms duration_seconds")
SPEAKER: Final = _spellings(
    "speaker_name speaker_display_name speaker speaker_label participant participant_name display_name name from users"
    " person_name person user_name participant_role speaker_tag author user username speaker_id spk role who channel"
)
MILLISECONDS: Final = frozenset(
    name for name in (*START, *END) if name.lower().endswith(("ms", "millis", "milliseconds"))
)
_NAMED_PAIR: Final = ("timestamp", "timestamps", "time_range", "timeRange", "interval", "span", "time", "times")
_DEEP: Final = 8  # fields of a row that are looked into


def text_of(row: Any) -> str:
    """Return a row's words, "" if it has none."""
    value = first_of(row, TEXT) if isinstance(row, dict) else None
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return " ".join(value)
    if isinstance(value, dict):
        value = first_of(value, TEXT)
    return value if isinstance(value, str) else ""


def flat_row(row: JsonObject) -> JsonObject:
    """Return a row with its times at the top: some are in an object or a pair of it, or in the first of a list."""
    start = first_of(row, START)
    if isinstance(start, dict) and "relative" in start:
        end = first_of(row, END)
        return {**row, "start": start["relative"], "end": end.get("relative") if isinstance(end, dict) else None}
    if read_offset(start, Unit.SECONDS) is not None:
        return row
    if start is not None and (key := _readable(row)) is not None:
        return {**row, START[0]: row[key]}
    return {**row, **next(_times_inside(row), {})}


def _readable(row: JsonObject) -> str | None:
    return next((key for key in START if read_offset(row.get(key), Unit.SECONDS) is not None), None)


def _times_inside(row: JsonObject) -> Iterator[dict[str, Any]]:
    for key, value in list(row.items())[:40]:
        if isinstance(value, list) and len(value) == 2 and all(map(is_number, value)) and key in _NAMED_PAIR:
            yield {"start": value[0], "end": value[1]}
        inner = value[0] if isinstance(value, list) and value else value
        if isinstance(inner, dict) and len(inner) <= _DEEP and key not in SPEAKER and not text_of(inner):
            start, end = first_of(inner, START), first_of(inner, END)
            if start is not None and end is not None:
                yield {"start": start, "end": end}
