"""Reads what stands above a transcript: title, date, attendees, duration. None of it was said."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from earmark.transcripts.footers import is_footer
from earmark.transcripts.limits import MAX_NAME_UNITS, is_longer
from earmark.transcripts.speakers import is_name
from earmark.transcripts.stamps import spoken_ms
from earmark.transcripts.text.dates import find_date
from earmark.transcripts.text.lines import TextLine, unmarked
from earmark.transcripts.titles import meeting_title
from earmark.transcripts.types import RecordedAt

_MOST_LINES: Final = 40
_LONGEST_TITLE: Final = 120
_LONG_TITLE: Final = 12  # words
_KEYS: Final = (
    r"(?:meeting |call |event |recording |session )?(?:title|topic|subject|name|date|time|id|start|end|link|notes?)"
    r"|date(?: and time|/time)?|time|start(?:ed|s)?(?: time| at)?|end(?:ed)?(?: time| at)?|duration|length"
    r"|(?:meeting |call |event )?(?:attendees?|participants?)|speakers?|invited(?: people)?|present|host|organi[sz]er"
    r"|recorded by|location|place|language"
    r"|recorded(?: (?:on|at))?|recording|created(?: (?:on|at|by))?|exported(?: (?:on|at))?|uploaded|updated"
    r"|(?:audio )?source|url|link|file(?: ?name)?|meeting|event|transcript(?:ion)?|summary keywords|keywords"
    r"|tags?|type|category"
    r"|view recording|workspace|aliases|status"
    r"|datum|uhrzeit|dauer|titel|thema|betreff|teilnehmer(?:innen)?|teilnehmende|anwesend|ort|sprache|beginn|ende"
    r"|durée|titre|sujet|lieu|heure|présents|langue|fecha|hora|duración|título|asunto|asistentes|participantes|lugar"
    r"|data|ora|durata|titolo|partecipanti|luogo|duur|deelnemers|onderwerp|datum en tijd"
)
_FIELD: Final = re.compile(rf"(?P<key>{_KEYS}) ?[:：=](?P<value>.*)", re.IGNORECASE)
_PEOPLE: Final = re.compile(
    r"(?:meeting |call |event )?(?:attendees?|participants?)|speakers?|invited(?: people)?|present"
    r"|teilnehmer(?:innen)?|teilnehmende|anwesend|asistentes"
    r"|participantes|présents|partecipanti|deelnemers",
    re.IGNORECASE,
)
_WHEN: Final = re.compile(
    r"date.*|time|start.*|recorded.*|created.*|(?:meeting|call|event|recording|session) (?:date|time|start)"
    r"|datum.*|beginn|fecha|data",
    re.IGNORECASE,
)
MEASURE: Final = re.compile(
    r"(?:total |recording |meeting |call |audio )?(?:duration|length|time|date)|start(?:ed)?(?: time| at)?"
    r"|end(?:ed)?(?: time| at)?|durée|dauer|duración|durata|duur|datum|uhrzeit|beginn|heure|hora|時間|时长|시간",
    re.IGNORECASE,
)
"""What names a time in a heading, and nobody."""
_TITLES: Final = re.compile(
    r"(?:meeting |call |event |recording |session )?(?:title|topic|subject|name)|meeting|event|titel|thema|betreff"
    r"|titre|sujet|título|asunto|titolo|onderwerp",
    re.IGNORECASE,
)
_LABEL: Final = re.compile(
    r"(?:full |meeting |call )?(?:transcript(?:ion)?|transkript(?:ion)?|transcripción|trascrizione|notes?"
    r"|summary|chat|captions?"
    r"|summary keywords|keywords|chapters?|transcript \(auto-generated\)|\w+ \(auto-generated\))s?:?",
    re.IGNORECASE,
)
_TRANSCRIPT: Final = re.compile(
    r"(?:(?:full |meeting |call |audio |video |verbatim )?(?:transcript(?:ion)?|transkript(?:ion)?|transcripción"
    r"|trascrizione)(?: \(auto-generated\))?"
    r"|文字记录|文字記錄|转写(?:结果|内容)?|逐字稿|文字起こし|전사|회의록|음성 기록)[:：]?",
    re.IGNORECASE,
)
_KEYWORDS: Final = re.compile(
    r"(?:summary )?keywords:?|关键词[:：]?|關鍵詞[:：]?|キーワード[:：]?|키워드[:：]?", re.IGNORECASE
)
_SUFFIX: Final = re.compile(r" ?[-–—|:] ?(?:transcript(?:ion)?|transkript|notes?) ?$", re.IGNORECASE)
_PARENTHESES: Final = re.compile(r"\([^()]{3,60}\)")
_RULE: Final = re.compile(r"[-=_*~#\s]{3,}")


@dataclass(slots=True)
class Heading:
    """What a heading says, and the lines that don't belong to it and so may have been said."""

    title: str | None = None
    recorded: RecordedAt | None = None
    participants: list[str] = field(default_factory=list)
    rest: list[TextLine] = field(default_factory=list)


def read_heading(lines: Sequence[TextLine]) -> Heading:
    """Read the lines above the first turn."""
    heading = Heading()
    expects_people = is_skipped = False
    for position, line in enumerate(lines):
        text = _bare(line)
        if is_skipped:  # the words below "Summary keywords"
            is_skipped = False
            continue
        is_skipped = _KEYWORDS.fullmatch(text) is not None
        if _TRANSCRIPT.fullmatch(text):  # what stands above it is a summary
            heading.rest.clear()
            expects_people = False
        elif is_skipped or _RULE.fullmatch(text) or _LABEL.fullmatch(text) or is_footer(text):
            expects_people = False
        elif match := _FIELD.fullmatch(text):
            expects_people = _read_field(heading, match["key"], match["value"].strip())
        elif _PEOPLE.fullmatch(text.rstrip(":")):
            expects_people = True
        elif expects_people and _are_people(text):
            heading.participants += _split_people(text)
        elif not _read_title(heading, text, position, line):
            heading.rest.append(line)
    return heading


def transcript_label(lines: Sequence[TextLine]) -> int:
    """Return the place of the last line that only says "Transcript" and has words below it, -1 if there is none."""
    found = (at for at in range(len(lines) - 2, -1, -1) if len(lines[at].raw) < 60)
    return next((at for at in found if _TRANSCRIPT.fullmatch(_bare(lines[at]))), -1)


def is_said(line: TextLine) -> bool:
    """Whether a line above the first time may have been said: it ends as a sentence does, or is long."""
    return line.raw.rstrip("\"'”’»)*_ ")[-1:] in (*".!?…。！？", "") or len(line.raw.split()) > _LONG_TITLE


def _bare(line: TextLine) -> str:
    text = unmarked(line.raw).strip()
    at = 0
    while at < len(text) and (
        text[at].isspace() or unicodedata.category(text[at]) in ("So", "Sk", "Mn", "Cf")
    ):  # emoji
        at += 1
    text = text[at:]
    text = text.strip("_").strip() if text[:1] == "_" == text[-1:] else text
    return text[1:-1] if text[:1] == "(" and text[-1:] == ")" and ":" in text else text


def split_heading(lines: Sequence[TextLine]) -> int:
    """Return how many lines at the beginning of a text without times are `Key: value` fields, dates and labels."""
    count = 0
    for at, line in enumerate(lines[:_MOST_LINES]):
        text = _bare(line)
        is_title = count == at and line.raw[:2] == "# "
        is_dated = count == at and find_date(text) is not None and len(text) <= _LONGEST_TITLE and text[-1] not in ".!?"
        if is_title or is_dated or any(form.fullmatch(text) for form in (_FIELD, _LABEL, _RULE)) or is_footer(text):
            count = at + 1
        elif at > count + 1:
            break
    return count


def is_heading_like(lines: Sequence[TextLine]) -> bool:
    """Whether lines above the first turn may be a heading: not many, and without long sentences.

    What stands above a line "Transcript" may be a summary of any length.
    """
    lines = lines[transcript_label([*lines, *lines[-1:]]) + 1 :]
    return len(lines) <= _MOST_LINES and all(len(line.raw) <= 400 for line in lines)


def _read_field(heading: Heading, key: str, value: str) -> bool:
    """Take a `Key: value` line; return whether names are to follow."""
    if _PEOPLE.fullmatch(key):
        heading.participants += _split_people(value)
        return not value
    if _WHEN.fullmatch(key) and heading.recorded is None:
        heading.recorded = find_date(value)
    elif _TITLES.fullmatch(key) and value:
        title = meeting_title(value)
        if title != value and heading.recorded is None:
            heading.recorded = find_date(value)
        heading.title = _cut(title)
    return False


def _read_title(heading: Heading, text: str, position: int, line: TextLine) -> bool:
    """Take a title or a line that is little more than a date; return whether it was one."""
    if not text or spoken_ms(text) is not None:
        return True
    found = find_date(text)
    if found is not None and heading.recorded is None:
        heading.recorded = found
    is_title = heading.title is None and position <= 2 and len(text) <= _LONGEST_TITLE and text[-1] not in ".!?…,;"
    if is_title and (found is None or sum(map(str.isalpha, _without_date(text))) > 12):
        heading.title = _cut(meeting_title(_without_date(text)))
        return True
    is_date_like = sum(map(str.isdigit, text)) >= 4 and len(text) <= 60 and text[-1] not in ".!?"
    return (found is not None and len(text) <= _LONGEST_TITLE) or is_date_like


def _without_date(text: str) -> str:
    bare = _SUFFIX.sub("", text)
    if find_date(bare) is not None:
        bare = _PARENTHESES.sub(lambda found: "" if find_date(found[0]) else found[0], bare).strip()
    return _SUFFIX.sub("", bare).strip() or text


def _cut(text: str) -> str | None:
    return None if not text or is_longer(text, MAX_NAME_UNITS) else text


def _are_people(text: str) -> bool:
    return all(map(is_name, _split_people(text)))


def _split_people(text: str) -> list[str]:
    return [name.strip() for name in re.split(r"[,;]|\s(?:and|und|et|y|&)\s", text) if name.strip()][:100]
