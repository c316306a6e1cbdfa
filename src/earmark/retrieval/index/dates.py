"""Finds dates in a question, and how close a recording's date is to them."""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NAMES: Final = (  # not from `calendar`, whose names follow the server's locale; accents are folded away
    "january february march april may june july august september october november december",
    "januar februar marz april mai juni juli august september oktober november dezember",
    "janner feber marz april mai juni juli august september oktober november dezember",
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "jan feb mar apr may jun jul aug sept oct nov dec",
)
"""English, German (and Austrian), French, Spanish, Italian, Portuguese, Dutch, English abbreviations."""
_MONTHS: Final = {name: number for names in _NAMES for number, name in enumerate(names.split(), start=1)}
_MONTH: Final = "|".join(sorted(_MONTHS, key=len, reverse=True))
_SPOKEN: Final = re.compile(
    rf"(?:\b(?P<before>\d{{1,2}})(?:st|nd|rd|th|er|e|\.)?(?:\s+(?:of|de|di))?\s+)?\b(?P<month>{_MONTH})\b\.?"
    r"(?:\s+(?:the\s+)?(?P<after>\d{1,2})(?:st|nd|rd|th)?\b)?(?:,?\s+(?:de\s+|del\s+)?(?P<year>(?:19|20)\d\d)\b)?",
    re.ASCII,
)
_ISO: Final = re.compile(r"\b((?:19|20)\d\d)-(\d\d)-(\d\d)\b", re.ASCII)
_DOTTED: Final = re.compile(r"\b(?P<day>\d{1,2})\. ?(?P<month>\d{1,2})\. ?(?P<year>(?:19|20)\d\d)\b", re.ASCII)
_COUNTED: Final = re.compile(  # 2026年3月12日, 3월 12일
    r"(?:(?P<year>(?:19|20)\d\d)\s?(?:年|년)\s?)?(?<!\d)(?P<month>\d{1,2})\s?(?:月|월)(?:\s?(?P<day>\d{1,2})\s?(?:日|號|号|일))?"
)
_YEAR: Final = re.compile(r"\b((?:19|20)\d\d)\b", re.ASCII)
_ALSO_OTHERS: Final = frozenset(
    {"april", "may", "june", "august", "march", "mar", "jan", "jun", "mars", "mayo", "mai", "mei", "marco", "julio"}
)
"""Months that are also names or other words: alone, they need a word like "in" before them."""
_INTRODUCES_MONTH: Final = re.compile(
    r"\b(?:in|of|by|since|until|till|during|last|this|next|the|early|mid|late|around|im|seit|bis|anfang|mitte|ende|en|"
    r"de|du|fin|debut|depuis|mois|desde|hasta|em|ate|nel|da|fino|sinds|tot|begin|eind)[\s-]+\Z"
)

_PLANNED_AHEAD_DAYS: Final = 7.0
_TOLD_AFTERWARDS_DAYS: Final = 14.0
_MS_PER_DAY: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class DateMention:
    """A year, a month or a day; parts not given are None."""

    year: int | None
    month: int | None
    day: int | None


def is_month(word: str) -> bool:
    """Whether a folded word is a month's name in one of those languages."""
    return word in _MONTHS


def find_dates(question: str) -> tuple[DateMention, ...]:
    """Return a question's dates: "12 May 2026", "on March 3rd", "in November", "2026-05-12".

    Recognised are months in seven languages, dates as 12.3.2026 and 2026年3月12日;
    a bare year counts only where no finer date was found.
    """
    text = _without_accents(question)
    found = [DateMention(*map(int, match.groups())) for match in _ISO.finditer(text)]
    found += [_mention(match, match["month"]) for pattern in (_DOTTED, _COUNTED) for match in pattern.finditer(text)]
    for match in _SPOKEN.finditer(text):
        is_alone = not (match["before"] or match["after"] or match["year"])
        before = text[: match.start("month")]
        if not (is_alone and match["month"] in _ALSO_OTHERS and not _INTRODUCES_MONTH.search(before)):
            day = match["before"] or match["after"]
            year = int(match["year"]) if match["year"] else None
            found.append(DateMention(year, _MONTHS[match["month"]], int(day) if day else None))
    if not found:
        found = [DateMention(int(match[1]), None, None) for match in _YEAR.finditer(text)]
    return tuple(mention for mention in found if _is_possible(mention))


def _without_accents(text: str) -> str:
    folded = text.casefold()
    if folded.isascii():
        return folded
    bare = "".join(one for one in unicodedata.normalize("NFD", folded) if not unicodedata.combining(one))
    return unicodedata.normalize("NFC", bare)


def _mention(match: re.Match[str], month: str) -> DateMention:
    year, day = match["year"], match["day"]
    return DateMention(int(year) if year else None, int(month), int(day) if day else None)


def closeness(mentions: Sequence[DateMention], recorded_at_ms: Sequence[int | None]) -> NDArray[np.float64]:
    """Return each recording's closeness to the nearest date: 1 within it, then decaying.

    Plans are discussed shortly before their date, past events for longer after it.
    A date without a year takes the best fitting year around the recordings.

    Shapes: R times, None where unknown -> [R]. Units: 0..1; the fall is exp(-days / 7) before and
        exp(-days / 14) after.
    """
    import numpy as np  # here, so that analysing text alone stays cheap to import

    nearest = np.zeros(len(recorded_at_ms))
    known = np.array([time is not None for time in recorded_at_ms], np.bool_)
    if not mentions or not known.any():
        return nearest
    days = np.array([time or 0 for time in recorded_at_ms], np.int64)[known] // _MS_PER_DAY
    years = set((np.unique(days.astype("datetime64[D]").astype("datetime64[Y]")).astype(np.int64) + 1970).tolist())
    around = sorted(year for year in {near + by for near in years for by in (-1, 0, 1)} if MINYEAR <= year <= MAXYEAR)
    found = np.zeros(len(days))
    for mention in mentions:
        for year in (mention.year,) if mention.year else around:
            first, last = _span(mention, year)
            too_early, too_late = np.maximum(first - days, 0), np.maximum(days - last, 0)
            fall = too_early / _PLANNED_AHEAD_DAYS + too_late / _TOLD_AFTERWARDS_DAYS
            found = np.maximum(found, np.exp(-fall))
    nearest[known] = found
    return nearest


def _span(mention: DateMention, year: int) -> tuple[int, int]:
    """Return the first and last day, counted from 1970."""
    first_month, last_month = (mention.month, mention.month) if mention.month else (1, 12)
    length = calendar.monthrange(year, last_month)[1]
    # 29 February of another year is taken as the 28th.
    first_day, last_day = (min(mention.day, length),) * 2 if mention.day else (1, length)
    return _days(date(year, first_month, first_day)), _days(date(year, last_month, last_day))


def _days(day: date) -> int:
    return day.toordinal() - date(1970, 1, 1).toordinal()


def _is_possible(mention: DateMention) -> bool:
    if mention.month is None:
        return True
    if not 1 <= mention.month <= 12:
        return False
    longest = calendar.monthrange(mention.year or 2_000, mention.month)[1]  # 2000 was a leap year
    return mention.day is None or 1 <= mention.day <= longest
