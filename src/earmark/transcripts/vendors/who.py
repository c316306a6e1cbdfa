"""Finds who speaks where a document lists speakers apart from the words: by id, or by time."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Final

from earmark.transcripts.drafts import Draft
from earmark.transcripts.speakers import is_name
from earmark.transcripts.stamps import clock_ms
from earmark.transcripts.vendors.field_names import END, SPEAKER, START, text_of
from earmark.transcripts.vendors.offsets import Unit, read_offset
from earmark.transcripts.vendors.reading import first_of, read_speaker

_LISTED: Final = frozenset(
    "speakers participants people attendees users members speaker_list speakerlist persons voices".split()
)
_IDS: Final = ("id", "speaker_id", "speakerId", "key", "label", "uuid", "user_id", "userId")
_NAMES: Final = (
    "name", "display_name", "displayName", "speaker_name", "speakerName", "full_name", "fullName", "user_name", "label",
)  # fmt: skip
_MOST_WAITING: Final = 100_000
_DEEPEST: Final = 6


def by_speaker(document: Any) -> Any:
    """Return as one list the rows of a document that has a list of them for each speaker (`{"Ada": [...]}`).

    Of `{"00:00:04": "words"}`, too. Other documents are returned as they are.
    """
    if not isinstance(document, dict) or len(document) < 2:
        return document
    if all(isinstance(text, str) and clock_ms(key) is not None for key, text in document.items()):
        return [{"start": key, "text": text} for key, text in document.items()]
    spoken = {name: rows for name, rows in document.items() if isinstance(rows, list) and is_name(name)}
    rows = [(name, row) for name, rows in spoken.items() for row in rows]
    if len(spoken) < 2 or len(spoken) < len(document) or not all(isinstance(row, dict) for _, row in rows):
        return document
    named = [{**row, SPEAKER[0]: name} for name, row in rows if text_of(row)]
    return sorted(named, key=_start_ms) if len(named) == len(rows) else document


def _start_ms(row: dict[str, Any]) -> int:
    start = read_offset(first_of(row, START), Unit.SECONDS)
    return 0 if start is None else start.ms


def names_by_id(document: Any) -> dict[str, str]:
    """Return the names of the speakers that a document lists with their ids; a number by its digits."""
    found: dict[str, str] = {}
    for key, rows in _lists(document):
        if key.lower() not in _LISTED:
            continue
        for row in rows:
            name, marks = first_of(row, _NAMES), (row.get(one) for one in _IDS)
            if isinstance(name, str) and name.strip():
                found |= {str(mark): name.strip() for mark in marks if isinstance(mark, (str, int))}
    return found


def with_names(rows: list[Any], names: dict[str, str]) -> list[Any]:
    """Give rows whose speaker is an id that the document names that name."""
    if not names:
        return rows
    return [_with_name(row, names) if isinstance(row, dict) else row for row in rows]


def _with_name(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    who = first_of(row, SPEAKER)
    name = names.get(str(who)) if isinstance(who, (str, int)) else None
    return row if name is None else {**row, SPEAKER[0]: name}


def name_by_time(drafts: Sequence[Draft], document: Any, unit: Unit) -> None:
    """Give drafts without speakers those of a list of turns (speaker and times, no words) of the same document."""
    if not drafts or any(draft.speaker for draft in drafts):
        return
    turns = sorted(_turns(document, unit))
    starts = [start for start, _ in turns]
    names = names_by_id(document)
    for draft in drafts if turns else ():
        middle = (
            draft.start_ms if draft.end_ms is None or draft.start_ms is None else (draft.start_ms + draft.end_ms) // 2
        )
        at = -1 if middle is None else bisect_right(starts, middle) - 1
        if at >= 0:
            draft.speaker = names.get(turns[at][1], turns[at][1])


def _turns(document: Any, unit: Unit) -> list[tuple[int, str]]:
    best: list[tuple[int, str]] = []
    for _, rows in _lists(document):
        found = [turn for row in rows if (turn := _turn(row, unit)) is not None]
        if len(found) == len(rows) and len(found) > len(best):
            best = found
    return best


def _turn(row: dict[str, Any], unit: Unit) -> tuple[int, str] | None:
    who = read_speaker(first_of(row, ("speaker", "speaker_label", "speakerLabel", "speaker_id", "speakerId", "label")))
    start = read_offset(first_of(row, START), unit)
    if who is None or start is None or start.is_absolute or text_of(row):
        return None
    return (
        (start.ms, who) if first_of(row, END) is not None or first_of(row, ("duration", "time")) is not None else None
    )


def _lists(document: Any) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the lists of objects near the top of a document, with the key each is at."""
    waiting: deque[tuple[str, Any, int]] = deque([("", document, 0)])
    while waiting and len(waiting) < _MOST_WAITING:
        key, value, depth = waiting.popleft()
        if depth > _DEEPEST:
            continue
        if isinstance(value, dict):
            waiting.extend((name, one, depth + 1) for name, one in value.items() if isinstance(one, (dict, list)))
        elif value and all(isinstance(row, dict) for row in value[:20]):
            yield key, [row for row in value if isinstance(row, dict)]
            waiting.extend((key, one, depth + 1) for one in value[:20])
