"""Reads exported chats, such as WhatsApp's: a date, a time and a name before each message, in many countries' order.

Nobody wrote what the app adds: who made the group, that it is encrypted, and what stands in place of a picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from earmark.transcripts.drafts import Draft, settle
from earmark.transcripts.limits import Line
from earmark.transcripts.normalise import clean_text
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.stamps import HALF_DAY_MS, clock_ms, time_of_day_ms
from earmark.transcripts.text.dates import find_stamped_date, find_telling_stamps
from earmark.transcripts.text.plain import ESTIMATED, consecutive
from earmark.transcripts.types import ParsedTranscript

NAMELESS_CHAT: Final = "_chat"
"""WhatsApp's name for the file of any chat on iPhones."""
_DATE: Final = r"\d{4}[./-] ?\d{1,2}[./-] ?\d{1,2}\.?|\d{1,2}(?P<mark>[./-])\d{1,2}(?P=mark)(?:\d{4}|\d{2})"
_CLOCK: Final = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?"
_HALF: Final = r"(?:\s?[AaPp]\.?\s?[Mm]\b\.?)?"
_STAMP: Final = re.compile(
    rf"(?P<open>\[)?(?P<date>{_DATE})(?:,| à| um| at| kl\.?)?\s(?P<clock>{_CLOCK})(?P<half>{_HALF})"
    r"(?(open)\]|\s[-–])\s(?P<rest>.*)"
)
_MARK: Final = "\u200e"  # iPhones write it before whatever the app itself says
_MARKS: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SPACES: Final = re.compile("[\u00a0\u202f]")
_SENDER: Final = re.compile(r"([^:\"“”„«»]{1,80}):(?:\s(.*)|$)")  # with a quotation mark it is a notice about a name
_QUOTED: Final = re.compile(r"[\"“„«]([^\"“”„«»]{1,100})[\"”“»]")
# <Media omitted>, <Medien ausgeschlossen>, <Multimedia omitido>, also <This message was edited> behind the words.
_OMITTED: Final = re.compile(r"\s?<[^\W\d_][^<>@/\\]{4,60}>$")
_ATTACHED: Final = re.compile(r"\S.{0,150}\.[A-Za-z0-9]{2,5} \([^()]{5,40}\)")  # IMG-1.jpg (file attached)
_DELETED: Final = re.compile(
    r"(?:this message was deleted|you deleted this message"
    r"|diese nachricht wurde gelöscht|du hast diese nachricht gelöscht"
    r"|ce message a été supprimé|vous avez supprimé ce message|se eliminó este mensaje|eliminaste este mensaje"
    r"|questo messaggio è stato eliminato|hai eliminato questo messaggio|(?:esta )?mensagem (?:foi )?apagada"
    r"|você apagou esta mensagem|dit bericht is verwijderd|je hebt dit bericht verwijderd)\.?",
    re.IGNORECASE,
)
_APPS_OWN: Final = re.compile(rf"{_MARK}(?!POLL|OPTION|Location|Standort)")
_DAY_MS: Final = 2 * HALF_DAY_MS


@dataclass(slots=True)
class _Message:
    """A message, or (no sender) a notice of the app."""

    number: int
    date: str
    of_day_ms: int
    stamp: str
    sender: str | None
    lines: list[tuple[int, str]] = field(default_factory=list)


def is_chat(lines: Sequence[str]) -> bool:
    """Whether a text begins with a dated message or notice, and two or more lines do, one with its sender."""
    filled = (line for line in lines if line.strip("\ufeff \t\r\n" + _MARK))
    if (first := next(filled, None)) is None or _stamped(first) is None:
        return False
    found = [match["rest"] for line in lines if (match := _stamped(line)) is not None]
    return len(found) > 1 and any(_SENDER.match(_MARKS.sub("", rest)) for rest in found)


def read_chat(lines: Sequence[str], repairs: Repairs) -> ParsedTranscript:
    """Read the messages of a chat; its name is the group's, if the app says which.

    Messages of one day have their times if the chat has seconds. Otherwise times are estimated, as a chat of weeks is
    no recording of weeks; a line says where another day begins.

    Raises: InvalidError if nobody wrote anything.
    """
    messages = list(_messages(lines))
    written = [one for one in messages if one.sender is not None and one.lines]
    recorded = find_stamped_date([one.stamp for one in (*written[:1], *messages)])
    name = _group(messages)
    spans = list(_offsets(written))
    if written and written[0].stamp.count(":") > 1 and max(spans, default=0) < _DAY_MS:
        segments = settle(_drafts(written, spans), repairs)
        return ParsedTranscript(segments, name=name, recorded=recorded, format="chat")
    segments = consecutive(_with_days(written))
    return ParsedTranscript(segments, engine=ESTIMATED, name=name, recorded=recorded, format="chat")


def _stamped(line: str) -> re.Match[str] | None:
    return _STAMP.match(_SPACES.sub(" ", line.lstrip("\ufeff" + _MARK)))


def _messages(lines: Sequence[str]) -> Iterator[_Message]:
    current: _Message | None = None
    for number, line in enumerate(lines, start=1):
        match = _stamped(line)
        if match is None:
            if current is not None:
                current.lines += _written(number, line)
            continue
        if current is not None:
            yield current
        current = _begin(number, match)
    if current is not None:
        yield current


def _begin(number: int, match: re.Match[str]) -> _Message:
    clock, half = match["clock"].replace(".", ":"), re.sub(r"[\s.]", "", match["half"])
    of_day_ms = (
        time_of_day_ms(f"{clock} {half}") if half else clock_ms(clock if clock.count(":") > 1 else f"{clock}:00")
    )
    stamp = f"{match['date'].replace(' ', '').rstrip('.')}, {clock}{half}"
    message = _Message(number, match["date"], of_day_ms or 0, stamp, None, [(number, match["rest"])])
    sender = _SENDER.match(match["rest"])
    if sender is None or _MARK in sender[1][1:]:
        return message
    message.sender = _MARKS.sub("", sender[1]).strip().removeprefix("~").strip() or None
    message.lines = list(_written(number, sender[2] or ""))
    return message


def _written(number: int, line: str) -> Iterator[tuple[int, str]]:
    """Yield a line of a message without what the app wrote; nothing if that was all."""
    if _APPS_OWN.match(line):
        return
    words = line.partition(f" {_MARK}")[0] if _APPS_OWN.search(line) else line
    words = clean_text(_OMITTED.sub("", _MARKS.sub("", words)))
    if words and not _ATTACHED.fullmatch(words) and not _DELETED.fullmatch(words):
        yield number, words


def _group(messages: Sequence[_Message]) -> str | None:
    """Return the name of the group in the app's first notice that quotes one."""
    notices = (one.lines[0][1] for one in messages[:20] if one.sender is None and one.lines)
    return next((found[1].strip() for one in notices if (found := _QUOTED.search(one)) is not None), None)


def _offsets(messages: Sequence[_Message]) -> Iterator[int]:
    """Yield the time of each message from the first one on, counting a day for each new date."""
    day, before = 0, messages[0].date if messages else ""
    for one in messages:
        day += one.date != before
        before = one.date
        yield max(day * _DAY_MS + one.of_day_ms - messages[0].of_day_ms, 0)


def _drafts(messages: Sequence[_Message], spans: Sequence[int]) -> Iterator[Draft]:
    for one, start_ms in zip(messages, spans, strict=True):
        yield Draft(Line(one.number), "\n".join(words for _, words in one.lines), start_ms, None, one.sender)


def _with_days(messages: Sequence[_Message]) -> Iterator[tuple[str | None, str]]:
    """Yield who writes what, and between days the date: as year, month and day if their order is known."""
    is_of_days = len({one.date for one in messages}) > 1
    telling = find_telling_stamps(one.stamp for one in messages)
    before = ""
    for one in messages:
        if is_of_days and one.date != before:
            known = find_stamped_date([one.stamp, *telling])
            yield None, known.moment.strftime("%Y-%m-%d") if known is not None else one.date
        before = one.date
        yield from ((one.sender, words) for _, words in one.lines)
