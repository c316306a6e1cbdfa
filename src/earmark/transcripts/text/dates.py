"""Finds the date, and the time if there is one, in file names and headings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from earmark.transcripts.types import RecordedAt

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janvier janv enero ene gennaio januari janeiro stycznia",
            "february feb februar février fevrier févr febrero febbraio februari fevereiro lutego",
            "march mar märz maerz mars marzo maart março marca",
            "april apr avril avr abril abr aprile kwietnia",
            "may mai mayo maggio mei maio maja",
            "june jun juni juin junio giugno junho czerwca",
            "july jul juli juillet juil julio luglio julho lipca",
            "august aug août aout agosto augustus sierpnia",
            "september sep sept septembre septiembre settembre setembro września",
            "october oct oktober okt octobre octubre ottobre outubro października",
            "november nov novembre noviembre novembro listopada",
            "december dec dezember dez décembre decembre diciembre dicembre dezembro grudnia",
        ),
        start=1,
    )
    for name in names.split()
}
_CLOCK: Final = (
    r"(?:[T ,_@–-]{1,4}(?:[(（]?[一-龠월화수목금토일][)）]?요?일? ?)?"
    r"(?P<cjk>오전|오후|午前|午後|上午|下午)? ?(?:at |um |à |a las |alle |ore |om |às |o |klo )?(?P<hour>\d{1,2})"
    r"(?P<sep>[:.h_\-])(?P<minute>\d{2})"
    r"(?:(?:(?P=sep))(?P<second>\d{2}))?"
    r"(?:\.\d{1,9})?(?:\s?(?P<half>[AaPp])\.?[Mm]\.?)?"
    r"(?:\s?(?P<zone>Z\b|UTC|GMT)?(?P<offset>\s?[+−-]\d{1,2}(?::?\d{2})?)?)?)?"
)
_MONTH_NAME: Final = r"(?P<month>[^\W\d_]{3,12})\.?"
_FORMS: Final = tuple(
    re.compile(form)
    for form in (
        r"(?<!\d)(?P<prefix>GMT|UTC)?(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})"
        r"(?:[T_-](?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?(?P<zone>Z)?)?(?!\d)",
        r"(?<!\d)(?P<year>(?:19|20)\d{2})[-/._](?P<month>\d{1,2})[-/._](?P<day>\d{1,2})(?!\d)" + _CLOCK,
        rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?\s(?:de |of )?{_MONTH_NAME},?\s"
        r"(?:de |of )?(?P<year>(?:19|20)\d{2})(?!\d)" + _CLOCK,
        rf"\b{_MONTH_NAME}\s(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s(?P<year>(?:19|20)\d{{2}})(?!\d)" + _CLOCK,
        rf"(?<!\d)(?P<day>\d{{1,2}})-{_MONTH_NAME}-(?P<year>(?:19|20)\d{{2}})(?!\d)" + _CLOCK,
        r"(?<!\d)(?P<year>(?:19|20)\d{2})[年년] ?(?P<month>\d{1,2})[月월] ?(?P<day>\d{1,2})[日일]?"
        r"(?:[ T(（][^\d오午上下]{0,10}(?P<cjk>오전|오후|午前|午後|上午|下午)?"
        r"[^\d]{0,4}(?P<hour>\d{1,2})[:時시时](?P<minute>\d{2})(?P<second>)?)?",
        r"(?<!\d)(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>(?:19|20)\d{2})(?!\d)" + _CLOCK,
        r"(?<!\d)(?P<first>\d{1,2})[/-](?P<other>\d{1,2})[/-](?P<year>(?:19|20)\d{2})(?!\d)" + _CLOCK,
    )
)


_NUMERIC: Final = re.compile(r"(?<!\d)\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)\d{2}(?!\d)")
_DAY_AND_MONTH: Final = re.compile(r"\b([^\W\d_]{3,12})\.? \d{1,2}\b|\b\d{1,2}\.? ([^\W\d_]{3,12})\b")


def find_date(text: str) -> RecordedAt | None:
    """Return the first date in a line; None if there is none, or it can be read in two ways (05/06/2026)."""
    for form in _FORMS:
        for match in form.finditer(text[:300]):
            if found := _build(match):
                return found
    return None


_STAMPED: Final = re.compile(
    r"(?<!\d)(\d{1,2})([./-])(\d{1,2})\2(\d{2}|\d{4}),?[ \t]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s?([AaPp])\.?[Mm]\b)?",
    re.ASCII,
)
_EPOCH_MS: Final = re.compile(r"#startMs=(\d{13})(?!\d)", re.ASCII)


def find_telling_stamps(stamps: Iterable[str]) -> list[str]:
    """Return the first stamp that can only begin with a day, and the first that can only begin with a month.

    They tell `find_stamped_date` which of the two comes first as all stamps together do.
    """
    found: dict[int, str] = {}
    for stamp in stamps:
        if (match := _STAMPED.search(stamp)) is not None:
            for place in (1, 3):
                if int(match[place]) > 12:
                    found.setdefault(place, stamp)
        if len(found) == 2:
            break
    return list(found.values())


def find_stamped_date(stamps: Sequence[str]) -> RecordedAt | None:
    """Return the date and time of the first of lines that begin with one, as chats do.

    Which of day and month comes first, the lines tell together; None if they don't.
    """
    if not stamps:
        return None
    if (epoch := _EPOCH_MS.search(stamps[0])) is not None:
        return RecordedAt(datetime.fromtimestamp(int(epoch[1]) / 1_000, UTC), 0)
    if (whole := find_date(stamps[0])) is not None:
        return None if whole.is_day else whole
    found = [match for stamp in stamps if (match := _STAMPED.search(stamp)) is not None]
    if not found or _STAMPED.search(stamps[0]) is None:
        return None
    first = found[0]
    is_day_first = first[2] == "." or any(int(one[1]) > 12 for one in found)
    if not is_day_first and not any(int(one[3]) > 12 for one in found):
        return None
    day, month = (first[1], first[3]) if is_day_first else (first[3], first[1])
    year = int(first[4]) + (2_000 if len(first[4]) == 2 else 0)
    hour = int(first[5]) if not first[8] else int(first[5]) % 12 + (12 if first[8] in "Pp" else 0)
    try:
        return RecordedAt(
            datetime(year, int(month), int(day), hour, int(first[6]), int(first[7] or 0), tzinfo=UTC), None
        )
    except ValueError:
        return None


def mentions_date(text: str) -> bool:
    """Whether a line has a date, also one without a year (May 20) or that can be read in two ways."""
    if find_date(text) is not None or _NUMERIC.search(text):
        return True
    return any((one[1] or one[2]).lower() in _MONTHS for one in _DAY_AND_MONTH.finditer(text[:300]))


def _build(match: re.Match[str]) -> RecordedAt | None:
    parts = match.groupdict()
    day_and_month = _day_and_month(parts)
    if day_and_month is None:
        return None
    day, month = day_and_month
    offset = _offset_minutes(parts)
    try:
        if parts.get("hour") is None:
            return RecordedAt(datetime(int(parts["year"] or 0), month, day, tzinfo=UTC), None, is_day=True)
        local = datetime(
            int(parts["year"] or 0), month, day, _hour(parts), int(parts["minute"] or 0), int(parts["second"] or 0),
            tzinfo=UTC,
        )  # fmt: skip
    except (ValueError, OverflowError):
        return None
    return RecordedAt(local - timedelta(minutes=offset or 0), offset)


def _day_and_month(parts: dict[str, str | None]) -> tuple[int, int] | None:
    if (first := parts.get("first")) is not None:
        one, other = int(first), int(parts["other"] or 0)
        if one == other:
            return one, other
        # Which comes first differs from country to country; only a number above 12 tells.
        if (one > 12) == (other > 12):
            return None
        return (one, other) if one > 12 else (other, one)
    month = parts["month"] or ""
    number = int(month) if month.isdecimal() else _MONTHS.get(month.lower())
    return None if number is None else (int(parts["day"] or 0), number)


_HALVES: Final = {"오전": "a", "午前": "a", "上午": "a", "오후": "p", "午後": "p", "下午": "p"}


def _hour(parts: dict[str, str | None]) -> int:
    hour = int(parts["hour"] or 0)
    half = _HALVES.get(parts.get("cjk") or "") or parts.get("half")
    return hour if not half else hour % 12 + (12 if half in "Pp" else 0)


def _offset_minutes(parts: dict[str, str | None]) -> int | None:
    """Return the minutes east of UTC; None if the text names no zone."""
    shift = (parts.get("offset") or "").strip().replace("−", "-")
    if shift:
        digits = shift[1:].replace(":", "")
        minutes = int(digits[:2]) * 60 + int(digits[2:] or 0) if len(digits) > 2 else int(digits) * 60
        if minutes > 14 * 60:
            return None
        return -minutes if shift[0] == "-" else minutes
    return 0 if parts.get("zone") or parts.get("prefix") else None
