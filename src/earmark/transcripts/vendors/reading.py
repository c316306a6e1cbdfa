"""What an adapter makes of a JSON document, and how rows of objects become drafts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from earmark.clock import offset_of
from earmark.errors import InvalidError
from earmark.transcripts.drafts import Draft
from earmark.transcripts.limits import MAX_NAME_UNITS, Item, is_longer
from earmark.transcripts.normalise import clean_text
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.types import RecordedAt
from earmark.transcripts.vendors.offsets import Offset, Unit, is_number, read_moment, read_offset

JsonObject = Mapping[str, Any]

_NAMES: Final = (
    "name", "display_name", "displayName", "full_name", "username", "label", "personName", "speaker", "email", "id",
)  # fmt: skip
_PLAUSIBLE: Final = (0.15, 15.0)  # words a second while somebody speaks
_ABSURD: Final = (0.02, 40.0)


@dataclass(frozen=True, slots=True)
class Keys:
    """The names that a row's fields may have, the first that is there counts; `unit` of its times."""

    text: tuple[str, ...] = ("text",)
    start: tuple[str, ...] = ("start",)
    end: tuple[str, ...] = ("end",)
    duration: tuple[str, ...] = ()
    speaker: tuple[str, ...] = ("speaker",)
    confidence: tuple[str, ...] = ("confidence",)
    unit: Unit = Unit.SECONDS


@dataclass(slots=True)
class Reading:
    """An adapter's result. `is_words`: the drafts are single words, to be joined into sentences."""

    drafts: Iterable[Draft]
    language: str | None = None
    provider: str | None = None
    name: str | None = None
    recorded: RecordedAt | None = None
    metadata: JsonObject | None = None
    is_words: bool = False
    is_untimed: bool = False
    text: str | None = None  # instead of drafts: words without times


def get(document: Any, path: str) -> Any:
    """Return the value at a dotted path of objects and lists, None if there is none; "" is the document."""
    for key in filter(None, path.split(".")):
        if isinstance(document, list) and key.isdecimal() and int(key) < len(document):
            document = document[int(key)]
        elif isinstance(document, dict):
            document = document.get(key)
        else:
            return None
    return document


def first_of(item: JsonObject, keys: Sequence[str]) -> Any:
    """Return the value of the first key that is there and not null."""
    for key in keys:  # a loop: half the time of a generator, for each field of each word
        if (value := item.get(key)) is not None:
            return value
    return None


def read_list(holder: Any, key: str, path: str) -> list[Any]:
    """Return the list at `key`.

    Raises: InvalidError if there is none.
    """
    items = holder.get(key) if isinstance(holder, dict) else None
    if not isinstance(items, list):
        raise InvalidError(f"`{path}` must be an array.", param=path)
    return items


def read_rows(rows: Sequence[Any], path: str, repairs: Repairs, keys: Keys) -> list[Draft]:
    """Return a draft for each row; one without words or that isn't an object is left out.

    The unit of the times is checked against the words: if nobody can speak that fast or slowly, and in another
    unit they can, that one is taken, and said.
    """
    unit = _check_unit(rows, keys, repairs)
    found = [
        draft for index, row in enumerate(rows) if (draft := _read_row(row, Item(path, index), repairs, keys, unit))
    ]
    return _relative(found)


def are_words(drafts: list[Draft]) -> bool:
    """Whether drafts are single words rather than utterances."""
    single = sum(len(draft.text.split()) == 1 for draft in drafts)
    return len(drafts) > 2 and single * 3 >= len(drafts) * 2


def read_name(value: Any) -> str | None:
    """Return a title that a recording's name can be, None otherwise."""
    if not isinstance(value, str) or not (name := " ".join(value.split())):
        return None
    return None if is_longer(name, MAX_NAME_UNITS) else name


def read_recorded(value: Any) -> RecordedAt | None:
    """Return a date and time, with the offset it is written with."""
    moment = read_moment(value)
    if moment is None:
        return None
    return RecordedAt(moment, offset_of(value) if isinstance(value, str) else None)


def read_speaker(value: Any) -> str | None:
    """Return a speaker's name or label, `SPEAKER_0` for the number 0; None if the value names nobody."""
    if isinstance(value, dict):
        return read_speaker(first_of(value, _NAMES))
    if isinstance(value, list):
        return read_speaker(value[0]) if value else None
    if isinstance(value, int) and not isinstance(value, bool):
        return f"SPEAKER_{value}"
    return value.strip() or None if isinstance(value, str) else None


def read_confidence(value: Any) -> float | None:
    """Return a confidence from 0 to 1; None otherwise: a transcript is useful without it."""
    if isinstance(value, str):
        offset = value.strip()
        value = float(offset) if offset.replace(".", "", 1).isdecimal() and len(offset) < 12 else None
    return float(value) if is_number(value) and 0 <= value <= 1 else None


def _read_row(row: Any, place: Item, repairs: Repairs, keys: Keys, unit: Unit) -> Draft | None:
    if not isinstance(row, dict):
        repairs.leave_out(place, "not_an_object", f"`{place.path}.{place.index}` must be an object")
        return None
    text = first_of(row, keys.text)
    if not isinstance(text, str):
        if text is not None or not _is_pause(row):
            repairs.leave_out(place, "no_text", f"`{place.path}.{place.index}` has no text")
        return None
    if not clean_text(text):
        return None
    start, end = _times(row, keys, unit)
    return Draft(
        place, text, None if start is None else start.ms, None if end is None else end.ms,
        read_speaker(first_of(row, keys.speaker)), read_confidence(first_of(row, keys.confidence)),
    )  # fmt: skip


def _is_pause(row: JsonObject) -> bool:
    """Whether a row without text is of a kind that has none."""
    return row.get("type") in ("pause", "silence", "spacing", "music", "noise")


def _times(row: JsonObject, keys: Keys, unit: Unit) -> tuple[Offset | None, Offset | None]:
    start = read_offset(first_of(row, keys.start), unit)
    end = read_offset(first_of(row, keys.end), unit)
    if end is None and start is not None and keys.duration:
        duration = read_offset(first_of(row, keys.duration), unit)
        end = None if duration is None else Offset(start.ms + duration.ms, start.is_absolute)
    return start, end


def _relative(drafts: list[Draft]) -> list[Draft]:
    """Count from the first draft if the times are dates."""
    starts = [draft.start_ms for draft in drafts if draft.start_ms is not None]
    if not starts or min(starts) < 10**11:
        return drafts
    zero = min(starts)
    for draft in drafts:
        draft.start_ms = None if draft.start_ms is None else draft.start_ms - zero
        draft.end_ms = None if draft.end_ms is None else draft.end_ms - zero
    return drafts


def _check_unit(rows: Sequence[Any], keys: Keys, repairs: Repairs) -> Unit:
    paces = list(_paces(rows, keys))
    if not paces or keys.unit not in (Unit.SECONDS, Unit.MILLISECONDS):
        return keys.unit
    pace = median(paces)
    if _ABSURD[0] <= pace <= _ABSURD[1]:
        return keys.unit
    other = Unit.MILLISECONDS if keys.unit is Unit.SECONDS else Unit.SECONDS
    changed = pace * other.value / keys.unit.value
    if not _PLAUSIBLE[0] <= changed <= _PLAUSIBLE[1]:
        return keys.unit
    repairs.note(None, "unit_changed", f"the times make sense only as {other.name.lower()}, and were read so.")
    return other


def _paces(rows: Sequence[Any], keys: Keys) -> Iterator[float]:
    """Yield the words a second of rows that have numbers for times, in the unit declared."""
    for row in rows[:2_000]:
        if not isinstance(row, dict):
            continue
        text, start, end = (first_of(row, names) for names in (keys.text, keys.start, keys.end))
        if end is None and keys.duration and is_number(start) and is_number(length := first_of(row, keys.duration)):
            end = start + length
        if isinstance(text, str) and is_number(start) and is_number(end) and end > start:
            yield max(len(text.split()), 1) / ((end - start) / keys.unit.value)
