"""Reads items of JSON lists; errors name the item and field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from earmark.errors import InvalidError
from earmark.transcripts.limits import MAX_HOURS, MAX_TIME_MS, Item
from earmark.transcripts.normalise import clean_speaker, clean_text

JsonObject = Mapping[str, Any]


def read_items(holder: JsonObject, key: str, path: str) -> Iterator[tuple[Item, JsonObject]]:
    """Yield the objects of the list `holder[key]`; `path` is the list's dotted name.

    Raises: InvalidError if it isn't a list, or an item isn't an object.
    """
    items = holder.get(key)
    if not isinstance(items, list):
        raise InvalidError(f"`{path}` must be an array.", param=path)
    for index, item in enumerate(items):
        place = Item(path, index)
        if not isinstance(item, dict):
            raise place.error("", "must be an object")
        yield place, item


def read_span(
    item: JsonObject, place: Item, *, ms_per_unit: int = 1_000, keys: tuple[str, str] = ("start", "end")
) -> tuple[int, int]:
    """Return start and end in milliseconds, rounded.

    Raises: InvalidError unless both are numbers within the longest recording, in order.
    """
    start, end = (_read_time(item, key, place, ms_per_unit) for key in keys)
    if end < start:
        raise place.error(keys[1], f"must not be less than `{keys[0]}`")
    return round(start * ms_per_unit), round(end * ms_per_unit)


def _read_time(item: JsonObject, key: str, place: Item, ms_per_unit: int) -> float:
    value = item.get(key)
    most = MAX_TIME_MS // ms_per_unit
    if not is_number(value) or not 0 <= value <= most:
        unit = "seconds" if ms_per_unit == 1_000 else "milliseconds"
        raise place.error(key, f"must be a number of {unit} from 0 to {most} ({MAX_HOURS} hours)")
    return value


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value is a JSON number; in Python `True` is an integer, too."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def read_text(item: JsonObject, place: Item, key: str = "text") -> str:
    """Return the cleaned text, possibly empty.

    Raises: InvalidError if it isn't a string.
    """
    value = item.get(key)
    if not isinstance(value, str):
        raise place.error(key, "must be a string")
    return clean_text(value)


def read_vendor_speaker(item: JsonObject, place: Item) -> str | None:
    """Return the speaker, `SPEAKER_0` for the number 0.

    Raises: InvalidError if it is neither a string, a whole number, nor null, or too long.
    """
    value = item.get("speaker")
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"SPEAKER_{value}"
    if value is not None and not isinstance(value, str):
        raise place.error("speaker", "must be a string or a whole number")
    return clean_speaker(value, place)


def read_vendor_confidence(item: JsonObject) -> float | None:
    """Return the confidence if valid, else None: a transcript is useful without it."""
    value = item.get("confidence")
    return float(value) if is_number(value) and 0 <= value <= 1 else None
