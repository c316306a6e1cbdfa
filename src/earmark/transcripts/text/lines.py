"""Reads one line of text in every layout of name, time and words; which layout a file has is decided elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from earmark.errors import InvalidError
from earmark.transcripts.limits import MAX_TIME_MS, MS_PER_WORD
from earmark.transcripts.normalise import clean_text
from earmark.transcripts.speakers import is_name
from earmark.transcripts.stamps import CLOCK, DATE, OF_DAY, clock_ms, spoken_ms, stamp_ms

# 168 hours at one word a line.
MAX_LINES: Final = MAX_TIME_MS // MS_PER_WORD
_HEAD_CHARS: Final = 160
_NAME_CHARS: Final = 80

_EMPHASIS: Final = re.compile(r"\*{1,3}|_{2,3}|`")
_MARKED: Final = re.compile(r"[ \t>#+-]{0,12}(?:\*{1,3}|_{2,3}|`)")
_LIST_MARK: Final = re.compile(r"(?:#{1,6}|[-*+•>])[ \t]+")
_LINK: Final = re.compile(r"\[([^\[\]]{1,60})\]\([^()\s]{1,300}\)")
_TIME: Final = rf"(?:{OF_DAY}|{CLOCK})"
_BRACKETED: Final = rf"(?:{OF_DAY}|{CLOCK}|\d{{1,6}}\.\d{{1,3}} ?s?|\d{{1,6}} ?s)"
_GAP: Final = r"[ \t]*+(?:[-–—|:·•,][ \t]*+)?"
_RANGE_MARK: Final = r" ?(?:-{1,2}>?|[–—→]|to|bis) ?"
_OPEN, _CLOSE = r"[\[(<{]", r"[\])>}]"
# Bracketed anywhere; bare only where nothing else can be meant.
_LEADING: Final = re.compile(
    rf"@?(?:{_OPEN} ?{DATE}(?P<inside>{_BRACKETED}) ?{_CLOSE}"
    rf"|{DATE}(?P<bare>{_TIME}|\d{{1,6}}(?:\.\d{{1,3}})?s)(?=[\s\-–—|:]|$)){_GAP}",
    re.ASCII,
)
_RANGE: Final = re.compile(
    rf"{_OPEN}? ?(?P<start>{_BRACKETED}){_RANGE_MARK}(?P<end>{_BRACKETED}) ?{_CLOSE}?{_GAP}", re.ASCII
)
_TRAILING: Final = re.compile(
    rf"{_OPEN} ?{DATE}(?P<inside>{_BRACKETED})(?:{_RANGE_MARK}(?P<until>{_BRACKETED}))? ?{_CLOSE}:?$"
    rf"|(?<=[\s,|·•–—@-]){DATE}(?P<bare>{_TIME})(?:{_RANGE_MARK}(?P<to>{_TIME}))?:?$",
    re.ASCII,
)
_INNER: Final = re.compile(
    rf"{_OPEN} ?{DATE}(?P<inside>{_BRACKETED})(?:{_RANGE_MARK}(?P<until>{_BRACKETED}))? ?{_CLOSE}[ \t]*:?(?=\s)"
    rf"|(?<=\s)(?P<bare>{_TIME})[ \t]*[:|–-](?=\s)",
    re.ASCII,
)
_NUMBERED: Final = re.compile(r"[ \t]*(\d{1,6})[.)]?[ \t]+(?=[^\W\d_]|[\"'“„])")
_SPOKEN: Final = re.compile(r"(?:\d{1,3} ?[a-zA-Zé]{1,9}[ ,]{0,2}){1,3}", re.ASCII)
_SPOKEN_AT_END: Final = re.compile(
    r"(?<=\s)(\d{1,3} [a-zA-Zé]{1,9}(?:,? \d{1,2} [a-zA-Zé]{1,9}){0,2}) ?(?:\d{1,2}(?::\d{2}){1,2})?$"
)
_JOINED: Final = re.compile(r"(\d{1,2}:\d{2}(?::\d{2})?)(\d{1,2} [a-zA-Zé, 0-9]{1,40})")
_HASHED: Final = re.compile(r"#(\d{1,2}:\d{2}:\d{2})[-.,](\d{1,3})#", re.ASCII)  # f4 and easytranscript
_LIMITLESS: Final = re.compile(
    r"[>\s-]{0,8}\[([^\[\]]{1,80})\]\(#startMs=(\d{10,14})(?:&|&amp;)endMs=(\d{10,14})\):?[ \t]*(.*)", re.ASCII
)
_NAME_EDGES: Final = " \t:*_,|·•–—-@"


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line that isn't blank.

    `kind`: `time` (a time alone), `head` (name and time), `stamped` (time, then words), `named` (name, time, words)
    or `words`; `likely`: a head whose name isn't written like one (`mueller_k  0:03`), which the file must confirm.
    `end_ms` if the line gives a range. `is_bare`: the time has no brackets, so that it may be a time of day that
    somebody mentions. `is_of_day`: it is one.
    """

    number: int  # counted from 1
    raw: str
    kind: str
    start_ms: int | None = None
    end_ms: int | None = None
    name: str | None = None
    words: str = ""
    is_bare: bool = False
    is_of_day: bool = False
    is_after_blank: bool = False


def without_numbers(lines: Sequence[str]) -> Sequence[str]:
    """Take off the numbers with which a file counts most of its lines, as court reporters do."""
    filled = [line for line in lines if line.strip()]
    numbers = [int(match[1]) for line in filled if (match := _NUMBERED.match(line))]
    steps = sum(later == earlier + 1 or later == 1 for earlier, later in pairwise(numbers))
    if len(numbers) < 3 or len(numbers) * 5 < len(filled) * 4 or steps * 5 < (len(numbers) - 1) * 4:
        return lines
    return [_NUMBERED.sub("", line, count=1) for line in lines]


def read_text_lines(lines: Sequence[str]) -> list[TextLine]:
    """Return the lines with words or times; marks of Markdown's code blocks are none.

    Raises: InvalidError if there are more than the longest recording has.
    """
    found: list[TextLine] = []
    is_after_blank = True
    for number, line in enumerate(lines, start=1):
        raw = clean_text(line)
        if "#" in raw:
            raw = _HASHED.sub(r"[\1.\2]", raw)
        if not raw.strip("> ") or raw.startswith("```"):
            is_after_blank = True
            continue
        if len(found) >= MAX_LINES:
            raise InvalidError(f"The text has more than {MAX_LINES:,} lines of words.")
        found.append(replace(_read(number, raw), is_after_blank=is_after_blank))
        is_after_blank = False
    return found


def unmarked(raw: str) -> str:
    """Return a line without Markdown's list mark, links and emphasis, if it begins with such marks."""
    if "](" in raw[:_HEAD_CHARS]:
        raw = _LINK.sub(r"[\1]", raw, count=1)
    if raw[0] not in "#-*+•>_`":
        return raw
    bare = _LIST_MARK.sub("", raw, count=1) if _LIST_MARK.match(raw) else raw
    return (_EMPHASIS.sub("", bare) if _MARKED.match(raw) else bare).strip() or raw


def _read(number: int, raw: str) -> TextLine:
    if (match := _LIMITLESS.match(raw)) is not None:
        return _linked(number, raw, match)
    bare = unmarked(raw)
    if any(character.isdigit() for character in bare[:_HEAD_CHARS]):
        for layout in _LAYOUTS:
            if (line := layout(number, raw, bare)) is not None:
                return line
    return TextLine(number, raw, "words", words=bare)


def _linked(number: int, raw: str, match: re.Match[str]) -> TextLine:
    """Read `> [Name](#startMs=…&endMs=…): words`, as Limitless exports it; the times count from 1970."""
    name = f"Speaker {match[1]}" if match[1].isdecimal() else match[1]
    return TextLine(
        number, raw, "named", int(match[2]), int(match[3]), name=name, words=match[4].strip(), is_of_day=True
    )  # fmt: skip


def _alone(number: int, raw: str, bare: str) -> TextLine | None:
    """Read `1 minute 11 seconds`, also with the clock time after it that screen readers skip."""
    match = _SPOKEN.match(bare.strip("[]() .:")) if len(bare) <= 40 else None
    if match is None or (start_ms := spoken_ms(match[0])) is None:
        return None
    rest = bare.strip("[]() .:")[match.end() :].strip()
    if rest and clock_ms(rest) is None:
        return None
    return TextLine(number, raw, "time", start_ms)


def _joined(number: int, raw: str, bare: str) -> TextLine | None:
    """Read `0:033 secondswords`, as YouTube's page is copied: a time, the same time for screen readers, and words."""
    match = _JOINED.match(bare)
    if match is None:
        return None
    start_ms = clock_ms(match[1])
    for end in range(len(match[2]), 1, -1):
        if start_ms is not None and spoken_ms(match[2][:end]) == start_ms:
            return TextLine(number, raw, "stamped", start_ms, words=match[2][end:].strip() + bare[match.end() :])
    return None


def _range(number: int, raw: str, bare: str) -> TextLine | None:
    match = _RANGE.match(bare)
    if match is None:
        return None
    start_ms, end_ms = stamp_ms(match["start"]), stamp_ms(match["end"])
    if start_ms is None or end_ms is None or end_ms < start_ms:
        return None
    words = bare[match.end() :].strip()
    return TextLine(number, raw, "stamped" if words else "time", start_ms, end_ms, words=words)


def _leading(number: int, raw: str, bare: str) -> TextLine | None:
    match = _LEADING.match(bare)
    if match is None or (start_ms := stamp_ms(match["inside"] or match["bare"])) is None:
        return None
    words = bare[match.end() :].strip()
    return TextLine(
        number, raw, "stamped" if words else "time", start_ms, words=words,
        is_bare=match["inside"] is None and bare[0] != "@",
        is_of_day=_is_of_day(match),
    )  # fmt: skip


def _trailing(number: int, raw: str, bare: str) -> TextLine | None:
    """Read `Name  0:03`, `Name (00:03):` and `[Name] 10:03:22`."""
    match = _TRAILING.search(bare) if len(bare) <= _HEAD_CHARS else None
    if match is None:
        return _trailing_spoken(number, raw, bare)
    start_ms = stamp_ms(match["inside"] or match["bare"])
    name = bare_name(bare[: match.start()])
    if start_ms is None or not name or len(name) > _NAME_CHARS:
        return None
    end_ms = stamp_ms(match["until"] or match["to"] or "")
    if is_name(name):
        kind = "head"
    elif name[-1] not in ".!?;" and len(name.split()) <= 6:
        kind = "likely"
    else:
        return None
    return TextLine(number, raw, kind, start_ms, end_ms, name=name, words=bare, is_of_day=_is_of_day(match))


def _trailing_spoken(number: int, raw: str, bare: str) -> TextLine | None:
    """Read `Name 0 minutes 3 seconds`, also with `0:03` after it."""
    match = _SPOKEN_AT_END.search(bare) if len(bare) <= _HEAD_CHARS else None
    name = bare_name(bare[: match.start()]) if match else ""
    if match is None or not name or not is_name(name) or (start_ms := spoken_ms(match[1])) is None:
        return None
    return TextLine(number, raw, "head", start_ms, name=name, words=bare)


def _inner(number: int, raw: str, bare: str) -> TextLine | None:
    """Read `Name [00:03] words`, `Name (00:03): words` and `Name 00:03: words`."""
    match = _INNER.search(bare[:_HEAD_CHARS])
    if match is None:
        return None
    start_ms = stamp_ms(match["inside"] or match["bare"])
    name, words = bare_name(bare[: match.start()]), bare[match.end() :].lstrip(" \t:*_").strip()
    if start_ms is None or not words or not name or not is_name(name):
        return None
    return TextLine(
        number, raw, "named", start_ms, stamp_ms(match["until"] or ""), name, words, is_of_day=_is_of_day(match)
    )


def bare_name(text: str) -> str:
    """Return a name without brackets around all of it, and without what separates it."""
    name = text.strip(_NAME_EDGES)
    if len(name) > 2 and name[0] in "[<(" and name[-1] in "])>":
        name = name[1:-1].strip(_NAME_EDGES)
    return name


def _is_of_day(match: re.Match[str]) -> bool:
    """Whether a time has AM or PM, or a date before it."""
    time = match["inside"] or match["bare"]
    return time.rstrip(".").lower().endswith("m") or any(map(str.isdigit, match[0].split(time)[0]))


_LAYOUTS: Final[tuple[Callable[[int, str, str], TextLine | None], ...]] = (
    _joined,
    _range,
    _alone,
    _leading,
    _trailing,
    _inner,
)


def times_of(lines: Sequence[TextLine]) -> Iterator[int]:
    """Yield the start times in the file's order."""
    return (line.start_ms for line in lines if line.start_ms is not None)
