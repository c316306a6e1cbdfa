"""Reads times as people and tools write them: 0:03, 01:02:03.450, 00:00:03:12, 1 minute 11 seconds, 2.40s, 10:03 AM."""

from __future__ import annotations

import re
from typing import Final

# Frames (`:12`) are matched and left out, as the file doesn't say how many make a second.
_CLOCK: Final = re.compile(
    r"(?:(\d{1,6})[:;])?(\d{1,3})[:;](\d{1,2})(?:[.,;:] ?(\d{3,9})|[.,](\d{1,2})|[:;]\d{2}(?:\.\d{1,2})?)?", re.ASCII
)
_DOTTED: Final = re.compile(r"(\d{1,2})\.(\d{2})\.(\d{2})[.,](\d{1,3})", re.ASCII)
_SECONDS: Final = re.compile(r"(\d{1,7})(?:[.,](\d{1,9}))? ?s(?:ec(?:onds?)?)?", re.ASCII | re.IGNORECASE)
_BARE_SECONDS: Final = re.compile(r"(\d{1,7})[.,](\d{1,9})", re.ASCII)
_OF_DAY: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))? ?([AP])\.?M\.?", re.ASCII | re.IGNORECASE)
_AMOUNT: Final = re.compile(r"(\d{1,3}) ?([^\W\d_]{1,9})[.,]?", re.ASCII | re.IGNORECASE)
_UNITS: Final = {
    **dict.fromkeys(
        "h hr hrs hour hours std stunde stunden heure heures hora horas ora ore uur uren".split(), 3_600_000
    ),
    **dict.fromkeys("m min mins minute minutes minuten minuto minutos minuti minuut".split(), 60_000),
    **dict.fromkeys(
        "s sec secs second seconds sek sekunde sekunden seconde secondes"
        " segundo segundos secondo secondi seconden".split(),
        1_000,
    ),
}  # fmt: skip
CLOCK: Final = r"(?:\d{1,6}[:;])?\d{1,3}[:;]\d{2}(?:[.,;:]\d{1,9})?(?:[.]\d{1,2})?(?![\d:])"
"""A clock time in a text; whether it is one, `clock_ms` says."""
OF_DAY: Final = r"\d{1,2}:\d{2}(?::\d{2})? ?[AaPp]\.?[Mm]\b\.?"
DATE: Final = r"(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4},? )?"
"""A date that may stand before a time, as in chats."""
HALF_DAY_MS: Final = 12 * 3_600_000


def clock_ms(text: str) -> int | None:
    """Return the milliseconds of a clock time, None if it isn't one (61 seconds, 99 minutes after hours)."""
    if match := _CLOCK.fullmatch(text):
        return _total_ms(match[1], match[2], match[3], match[4] or match[5])
    if match := _DOTTED.fullmatch(text):
        return _total_ms(match[1], match[2], match[3], match[4])
    return None


def seconds_ms(text: str) -> int | None:
    """Return the milliseconds of `2.40s`, `12 s` or `12.5`, None if it isn't such a number."""
    match = _SECONDS.fullmatch(text) or _BARE_SECONDS.fullmatch(text)
    return None if match is None else int(match[1]) * 1_000 + _decimals_ms(match[2])


def spoken_ms(text: str) -> int | None:
    """Return the milliseconds of `1 minute 11 seconds`, `1h 2m 3s` or `3 Sekunden`, None if it isn't such a time."""
    rest, total, largest = text.strip(), 0, None
    while rest:
        match = _AMOUNT.match(rest)
        unit = _UNITS.get(match[2].lower()) if match else None
        if match is None or unit is None or (largest is not None and unit >= largest):
            return None
        total, largest = total + int(match[1]) * unit, unit
        rest = rest[match.end() :].lstrip(" ,")
    return None if largest is None else total


def time_of_day_ms(text: str) -> int | None:
    """Return the milliseconds since midnight of `10:03 AM`, None if it isn't such a time."""
    match = _OF_DAY.fullmatch(text.strip())
    if match is None or not 1 <= int(match[1]) <= 12:
        return None
    hours = int(match[1]) % 12 + (12 if match[4] in "Pp" else 0)
    return _total_ms(str(hours), match[2], match[3] or "0", None)


def stamp_ms(text: str) -> int | None:
    """Return the milliseconds of a time in any of these notations, None if it is none."""
    for read in (clock_ms, time_of_day_ms, seconds_ms, spoken_ms):
        if (ms := read(text)) is not None:
            return ms
    return None


def _total_ms(hours: str | None, minutes: str, seconds: str, decimals: str | None) -> int | None:
    if int(seconds) > 59 or (hours is not None and int(minutes) > 59):
        return None
    whole_s = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return whole_s * 1_000 + _decimals_ms(decimals)


def _decimals_ms(decimals: str | None) -> int:
    return int((decimals or "0")[:3].ljust(3, "0"))
