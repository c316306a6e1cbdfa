"""Reads JSON of a tool that no adapter knows: the rows with words and times, by the names fields usually have."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, Final, TypeVar

from earmark.errors import InvalidError
from earmark.transcripts.drafts import Draft
from earmark.transcripts.language import parse_vendor_language
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.types import RecordedAt
from earmark.transcripts.vendors.field_names import DURATION, END, MILLISECONDS, SPEAKER, START, TEXT, flat_row, text_of
from earmark.transcripts.vendors.offsets import Unit, is_number, read_offset
from earmark.transcripts.vendors.reading import (
    Keys,
    Reading,
    are_words,
    first_of,
    get,
    read_name,
    read_recorded,
    read_rows,
)
from earmark.transcripts.vendors.tokens import join_pieces
from earmark.transcripts.vendors.who import by_speaker, name_by_time, names_by_id, with_names

T = TypeVar("T")

_DEEPEST: Final = 10
_MOST_WAITING: Final = 2_000_000
_SPOKEN_PACE: Final = (0.2, 20.0)
_CLOCK_HOURS: Final = 3
_LANGUAGE: Final = ("language", "lang", "locale", "language_code", "languageCode", "LanguageCode", "locale.identifier")
_NAME: Final = (
    "title",
    "name",
    "topic",
    "meeting_title",
    "meeting_topic",
    "meetingTitle",
    "data.title",
    "meeting.title",
)
# Not `created_at` and `timestamp`, which are as often when a file was made: a date that is unknown stays so.
_RECORDED: Final = (
    "recorded_at", "recordedAt", "recording_start_time", "recording_start", "started_at", "startedAt", "start_time",
    "startTime", "meeting_date", "date", "dateString", "datetime", "meeting.date", "data.date",
)  # fmt: skip


def find_rows(document: Any) -> tuple[str, list[Any]] | None:
    """Return the path and rows with the most words; of those with nearly as many, the longest rows.

    Lists of one shape at several places (the words of each turn) are one; a row without a speaker has that of the
    object it is in.
    """
    found = [(path, rows) for path, rows in _lists(by_speaker(document)).items() if _fits(rows)]
    if not found:
        return None
    letters = {path: sum(len(text_of(row)) for row in rows) for path, rows in found}
    most = max(letters.values())
    return min(
        ((path, rows) for path, rows in found if letters[path] * 10 >= most * 6),
        key=lambda one: (not _is_timed(one[1]), len(one[1])),
    )


def read_unknown(document: Any, repairs: Repairs) -> Reading:
    """Read the rows that `find_rows` found.

    Raises: InvalidError if their times can be seconds and milliseconds alike.
    """
    path, rows = find_rows(document) or ("", [])
    is_timed = _is_timed(rows)
    unit = _unit(rows, path) if is_timed else Unit.SECONDS
    rows = with_names(join_pieces(rows), names_by_id(document))
    drafts = read_rows(rows, path or "$", repairs, Keys(TEXT, START, END, DURATION, SPEAKER, unit=unit))
    if is_timed:
        name_by_time(drafts, document, unit)
        _from_zero(drafts, repairs)
    return Reading(
        drafts,
        language=_first(document, parse_vendor_language, _LANGUAGE),
        name=title_of(document),
        recorded=moment_of(document),
        is_words=are_words(drafts),
        is_untimed=not is_timed,
    )


def title_of(document: Any) -> str | None:
    """Return the title that a document has."""
    return _first(document, read_name, _NAME)


def moment_of(document: Any) -> RecordedAt | None:
    """Return when a document says that it was recorded."""
    return _first(document, read_recorded, _RECORDED)


def _first(document: Any, read: Callable[[Any], T | None], keys: tuple[str, ...]) -> T | None:
    """Return the first of these fields that can be read."""
    return next((found for key in keys if (found := read(get(document, key))) is not None), None)


def _from_zero(drafts: list[Draft], repairs: Repairs) -> None:
    """Take times of the clock (14:02:11) as such: the first row is then the beginning."""
    starts = [draft.start_ms for draft in drafts if draft.start_ms is not None]
    first = min(starts, default=0)
    if first < _CLOCK_HOURS * 3_600_000 or max(starts) - first >= first:
        return
    repairs.note(None, "times_of_day", "the times begin late and look like times of day; the first is now 0.")
    for draft in drafts:
        draft.start_ms = None if draft.start_ms is None else draft.start_ms - first
        draft.end_ms = None if draft.end_ms is None else max(draft.end_ms - first, 0)


def _lists(document: Any) -> dict[str, list[Any]]:
    """Return the lists of objects in a document by their paths, in which the number of an item is `*`."""
    found: dict[str, list[Any]] = {}
    waiting: deque[tuple[str, Any, int, Any]] = deque([("", document, 0, None)])
    while waiting and len(waiting) < _MOST_WAITING:
        path, value, depth, speaker = waiting.popleft()
        if isinstance(value, dict):
            speaker = first_of(value, SPEAKER) or speaker
            waiting.extend(
                (f"{path}.{key}".strip("."), one, depth + 1, speaker)
                for key, one in value.items()
                if depth < _DEEPEST and (isinstance(one, list) or _is_walked(key, one))
            )
        elif isinstance(value, list):
            rows = (_named(row) if isinstance(row, list) else row for row in value)
            found.setdefault(path, []).extend(_spoken_by(row, speaker) for row in rows if _is_row(row))
            waiting.extend(
                (f"{path}.*".strip("."), one, depth + 1, speaker)
                for one in value
                if isinstance(one, (dict, list)) and depth < _DEEPEST
            )
    return found


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and row.get("role") not in ("system", "tool")


def _named(row: list[Any]) -> Any:
    """Return a row without names ([start, end, words], also with more before and after it) with names."""
    at = next((at for at, one in enumerate(row) if isinstance(one, str) and one.strip()), None)
    if at is None or at < 2 or not (is_number(row[at - 1]) and is_number(row[at - 2])) or row[at - 2] > row[at - 1]:
        return row
    return {"start": row[at - 2], "end": row[at - 1], "text": row[at]}


def _is_walked(key: str, value: Any) -> bool:
    """Whether an object may have rows in it: one that only says who speaks has none."""
    is_holder = isinstance(value, dict) and any(isinstance(one, list) for one in value.values())
    return isinstance(value, dict) and (key not in SPEAKER or is_holder)


def _spoken_by(row: dict[str, Any], speaker: Any) -> dict[str, Any]:
    """Return a row with its times at the top and a speaker; a row without words as it is."""
    words = text_of(row)
    if not words:
        return row
    found = dict(flat_row(row))
    if not isinstance(first_of(row, TEXT), str):
        found[TEXT[0]] = words
    if speaker is not None and first_of(row, SPEAKER) is None:
        found["speaker"] = speaker
    return found


def _fits(rows: list[Any]) -> bool:
    sample = rows[:200]
    spoken = sum(bool(text_of(row)) and len(row) > 1 for row in sample)
    return spoken * 5 >= len(sample) * 4 > 0


def _is_timed(rows: list[Any]) -> bool:
    sample = [row for row in rows[:200] if isinstance(row, dict)]
    timed = sum(read_offset(first_of(row, START), Unit.SECONDS) is not None for row in sample)
    return timed * 5 >= len(sample) * 4 > 0


def _unit(rows: list[Any], path: str) -> Unit:
    """Return the unit in which people speak as fast as people do."""
    sample = [row for row in rows[:2_000] if isinstance(row, dict)]
    names = {name for row in sample for name in (next((key for key in START if row.get(key) is not None), ""),)}
    if names and names <= MILLISECONDS:
        return Unit.MILLISECONDS
    paces = list(_paces(sample))
    if not paces:
        return Unit.SECONDS
    pace = median(paces)  # in words a unit
    fits = [
        unit for unit in (Unit.SECONDS, Unit.MILLISECONDS) if _SPOKEN_PACE[0] <= pace * unit.value <= _SPOKEN_PACE[1]
    ]
    if len(fits) == 1:
        return fits[0]
    if any(isinstance(first_of(row, START), float) and first_of(row, START) % 1 for row in sample):
        return Unit.SECONDS
    last = max(first_of(row, START) for row in sample if is_number(first_of(row, START)))
    raise InvalidError(
        f"The times of `{path or '$'}` may be seconds ({last:,.0f} s in all) or milliseconds ({last / 1000:,.1f} s);"
        " neither fits the words. Convert them to native JSON, in seconds.",
        param=path or None,
    )


def _paces(sample: list[Any]) -> Iterator[float]:
    for index, row in enumerate(sample):
        start, end, length = (first_of(row, names) for names in (START, END, DURATION))
        if end is None and is_number(start):
            following = first_of(sample[index + 1], START) if index + 1 < len(sample) else None
            end = start + length if is_number(length) else following
        if is_number(start) and is_number(end) and end > start:
            yield max(len(text_of(row).split()), 1) / (end - start)
