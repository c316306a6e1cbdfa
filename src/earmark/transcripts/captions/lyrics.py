"""Reads LRC: `[mm:ss.xx] words`, several times before one line, and tags such as [ti:] and [offset:]."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from earmark.transcripts.drafts import Draft, settle
from earmark.transcripts.limits import Line
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.speakers import learn_names
from earmark.transcripts.stamps import clock_ms
from earmark.transcripts.timing import estimate_time_ms
from earmark.transcripts.types import ParsedTranscript

_TIME: Final = re.compile(r"\[(\d{1,3}:\d{2}(?:[.:]\d{1,3})?)\]")
_TAG: Final = re.compile(r"\[(ti|ar|al|au|by|offset|length|re|ve|la)\s*:([^\]]*)\]\s*", re.IGNORECASE)
_WORD_TIME: Final = re.compile(r"<\d{1,3}:\d{2}(?:[.:]\d{1,3})?>")


def is_lyrics(lines: Sequence[str]) -> bool:
    """Whether a file is LRC: tags of its own, or times with hundredths at the beginning of most lines."""
    filled = [line.strip() for line in lines if line.strip()]
    timed = sum(bool(re.match(r"\[\d{1,3}:\d{2}\.\d{2}\]", line)) for line in filled)
    tags = sum(bool(_TAG.fullmatch(line)) for line in filled)
    return timed > 0 and (tags > 0 or timed * 5 >= len(filled) * 4) and (timed + tags) * 5 >= len(filled) * 4


def read_lyrics(lines: Sequence[str], repairs: Repairs) -> ParsedTranscript:
    """Read the lines by time; each lasts until the next, or as long as its words take.

    Raises: InvalidError if there are no words.
    """
    rows, tags = _rows(lines)
    shift = tags.get("offset", "0").replace("+", "").strip()
    shift_ms = int(shift) if shift.removeprefix("-").isdecimal() and len(shift) < 8 else 0
    rows.sort(key=lambda row: row[1])
    names = learn_names(words for _, _, words in rows if words)
    drafts = list(_drafts(rows, shift_ms))
    for draft in drafts:
        draft.speaker, draft.text = names.split(draft.text)
    title = tags.get("ti", "").strip() or None
    return ParsedTranscript(settle(drafts, repairs), name=title, format="lrc")


def _rows(lines: Sequence[str]) -> tuple[list[tuple[Line, int, str]], dict[str, str]]:
    rows: list[tuple[Line, int, str]] = []
    tags: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        bare = line.strip()
        if match := _TAG.fullmatch(bare):
            tags[match[1].lower()] = match[2]
            continue
        times = []
        while match := _TIME.match(bare):
            times.append(clock_ms(match[1]))
            bare = bare[match.end() :]
        words = " ".join(_WORD_TIME.sub("", bare).split())
        rows += [(Line(number), at_ms, words) for at_ms in times if at_ms is not None]
    return rows, tags


def _drafts(rows: Sequence[tuple[Line, int, str]], shift_ms: int) -> Iterator[Draft]:
    for position, (place, at_ms, words) in enumerate(rows):
        if not words:
            continue
        start_ms = max(at_ms - shift_ms, 0)  # a positive offset shows the words sooner
        following = max(rows[position + 1][1] - shift_ms, 0) if position + 1 < len(rows) else None
        end_ms = following if following is not None and following > start_ms else start_ms + estimate_time_ms(words)
        yield Draft(place, words, start_ms, end_ms)
