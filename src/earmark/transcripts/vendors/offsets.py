"""Reads a time of a JSON document in every notation: numbers, "2.0", "1.4s", "00:00:02.000", "PT0.1S", dates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, Final, TypeGuard

from earmark.transcripts.stamps import clock_ms, seconds_ms

_DURATION: Final = re.compile(
    r"P(?:(\d{1,3})D)?T?(?:(\d{1,4})H)?(?:(\d{1,6})M)?(?:(\d{1,7})(?:[.,](\d{1,9}))?S)?", re.ASCII
)
_NUMBER: Final = re.compile(r"-?\d{1,15}(?:\.\d{1,12})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
# No recording is this long in any unit below, and every day since 2001 is later.
_EPOCH_S: Final = 978_307_200
_EPOCH_MS: Final = _EPOCH_S * 1_000
_LARGEST: Final = 1e16


class Unit(IntEnum):
    """What a number counts; the value is how many make a second."""

    SECONDS = 1
    MILLISECONDS = 1_000
    SAMPLES = 16_000
    TICKS = 10_000_000


@dataclass(frozen=True, slots=True)
class Offset:
    """A time in milliseconds: since the start of the recording, or since 1970 if `is_absolute`."""

    ms: int
    is_absolute: bool = False


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value is a JSON number; in Python `True` is an integer, too."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def read_offset(value: Any, unit: Unit) -> Offset | None:
    """Return the time a value stands for, None if it is none."""
    if is_number(value):
        return _from_number(value, unit)
    if isinstance(value, dict):
        return _from_object(value)
    return _from_text(value.strip(), unit) if isinstance(value, str) and len(value) <= 40 else None


def read_moment(value: Any) -> datetime | None:
    """Return the UTC time of an RFC 3339 date and time, or of an epoch number; None if it is neither."""
    offset = read_offset(value, Unit.SECONDS)
    if offset is None or not offset.is_absolute:
        return None
    return datetime.fromtimestamp(offset.ms / 1_000, UTC)


def _from_number(value: float, unit: Unit) -> Offset | None:
    if not -_LARGEST < value < _LARGEST:
        return None
    if unit in (Unit.SECONDS, Unit.MILLISECONDS):
        if _EPOCH_S <= value < _EPOCH_S * 10 and unit is Unit.SECONDS:
            return Offset(round(value * 1_000), is_absolute=True)
        if _EPOCH_MS <= value < _EPOCH_MS * 10:
            return Offset(round(value), is_absolute=True)
    return Offset(round(value * 1_000 / unit))


def _from_object(value: dict[str, Any]) -> Offset | None:
    """Read `{"seconds": "1", "nanos": 400000000}`."""
    seconds, nanos = value.get("seconds", 0), value.get("nanos", 0)
    if not {"seconds", "nanos"} & value.keys() or not is_number(nanos):
        return None
    whole = read_offset(seconds, Unit.SECONDS)
    return None if whole is None else Offset(whole.ms + round(nanos / 1_000_000))


def _from_text(text: str, unit: Unit) -> Offset | None:
    if _NUMBER.fullmatch(text):
        return _from_number(float(text), unit)
    if (ms := clock_ms(text)) is not None or (ms := seconds_ms(text)) is not None:
        return Offset(ms)
    match = _DURATION.fullmatch(text)
    if match is not None and any(match.groups()):
        days, hours, minutes, seconds = (int(group or 0) for group in match.groups()[:4])
        whole_s = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
        return Offset(whole_s * 1_000 + int((match[5] or "0")[:3].ljust(3, "0")))
    return _from_date(text)


def _from_date(text: str) -> Offset | None:
    if len(text) < 16 or not text[:4].isdecimal():
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return Offset(round(moment.timestamp() * 1_000), is_absolute=True)
