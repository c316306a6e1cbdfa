"""UTC times: stored as integer microseconds since 1970, shown in whole seconds."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_RFC3339 = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})\Z", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_US = (datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_LAST_US = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


def now_us() -> int:
    """Return the current time in microseconds since 1970."""
    return time.time_ns() // 1_000


@lru_cache(maxsize=65_536)
def render_seconds(seconds: int) -> str:
    """Render seconds since 1970 as `2026-05-20T10:23:45Z`."""
    moment = _EPOCH + timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment.year >= 1000 else f"{moment:%Y-%m-%dT%H:%M:%SZ}".zfill(20)


def render_time(time_us: int) -> str:
    """Render as `2026-05-20T10:23:45Z`: whole seconds, rounded down."""
    return render_seconds(time_us // 1_000_000)


def render_time_or_none(time_us: int | None) -> str | None:
    """Render a time, or return None for None."""
    return None if time_us is None else render_seconds(time_us // 1_000_000)


def parse_time(text: str) -> int:
    """Return microseconds since 1970 for an RFC 3339 time.

    Raises: ValueError if it is malformed, lacks an offset, names a day that does not exist, or is outside
        the years 1 to 9999 in UTC, which `render_time` could not show.
    Source: RFC 3339, section 5.6 (a leap second counts as the second after it).
    """
    match = _RFC3339.match(text)
    if match is None:
        raise ValueError("not an RFC 3339 time with an offset")
    year, month, day, hour, minute, second = (int(part) for part in match.group(1, 2, 3, 4, 5, 6))
    leap = second == 60
    moment = datetime(year, month, day, hour, minute, 59 if leap else second, tzinfo=UTC)
    micros = int((match.group(7) or "0").ljust(6, "0")[:6])
    total = (moment - _EPOCH) // timedelta(microseconds=1) + micros + (1_000_000 if leap else 0)
    total -= _offset_us(match.group(8))
    if not _FIRST_US <= total <= _LAST_US:
        raise ValueError("outside the years 1 to 9999")
    return total


def _offset_us(text: str) -> int:
    if text in "Zz":
        return 0
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError("no such offset")
    return (1 if text[0] == "+" else -1) * (hours * 60 + minutes) * 60_000_000


def render_offset(offset_ms: int) -> str:
    """Render an offset in audio as `mm:ss`, or `h:mm:ss` from an hour on."""
    seconds = offset_ms // 1_000
    hours, minutes, seconds = seconds // 3_600, seconds // 60 % 60, seconds % 60
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


def render_moment(moment: datetime) -> str:
    """Render a UTC time as `2026-05-20T10:23:45Z`."""
    return render_time(to_us(moment))


def render_local(moment: datetime, offset_min: int | None) -> str:
    """Render a UTC time as of where it was: `2026-05-20T12:23:45+02:00`; with `Z` if the offset is 0 or unknown."""
    if not offset_min:
        return render_moment(moment)
    hours, minutes = divmod(abs(offset_min), 60)
    local = render_moment(moment + timedelta(minutes=offset_min)).removesuffix("Z")
    return f"{local}{'-' if offset_min < 0 else '+'}{hours:02}:{minutes:02}"


def to_us(moment: datetime) -> int:
    """Return the microseconds since 1970 of a UTC time."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def local_us(time_us: int, offset_min: int | None) -> int:
    """Return the time as clocks at the place showed it; UTC if its offset is unknown."""
    return min(max(time_us + (offset_min or 0) * 60_000_000, _FIRST_US), _LAST_US)


def render_at_place(time_us: int, offset_min: int | None, *, is_day: bool = False) -> str:
    """Render a time as clocks at the place showed it: with its offset, `Z` if that is unknown; or only the day."""
    if is_day:
        return local_day(time_us, offset_min)
    there = render_time(local_us(time_us, offset_min))
    if offset_min is None:
        return there
    hours, minutes = divmod(abs(offset_min), 60)
    return f"{there[:-1]}{'-' if offset_min < 0 else '+'}{hours:02}:{minutes:02}"


def local_day(time_us: int, offset_min: int | None) -> str:
    """Render the day as it was at the place, `2026-05-20`."""
    return render_time(local_us(time_us, offset_min))[:10]


def offset_of(text: str) -> int | None:
    """Return the minutes east of UTC with which an RFC 3339 time is written; None for `Z`, which names no place."""
    match = _RFC3339.match(text)
    if match is None or match.group(8) in "Zz":
        return None
    return _offset_us(match.group(8)) // 60_000_000
