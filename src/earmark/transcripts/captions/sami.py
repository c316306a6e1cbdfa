"""Reads SAMI (`.smi`): `<SYNC Start=ms>` blocks, each until the next; of several languages the one that says most."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from earmark.transcripts.drafts import Draft, settle
from earmark.transcripts.limits import Line
from earmark.transcripts.markup import break_lines, decode_entities
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.speakers import learn_names
from earmark.transcripts.timing import estimate_time_ms
from earmark.transcripts.types import ParsedTranscript

_SYNC: Final = re.compile(r"<SYNC\s[^<>]{0,40}?Start\s?=\s?[\"']?(-?\d{1,9})[^<>]{0,80}>", re.IGNORECASE | re.ASCII)
_CLASS: Final = re.compile(r"<P\b[^<>]{0,80}?Class\s?=\s?[\"']?(\w{1,40})[^<>]{0,80}>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]{0,400}>|<!--|-->")
_TITLE: Final = re.compile(r"<TITLE>([^<>]{1,200})</TITLE>", re.IGNORECASE)
_Row = tuple[int, int, str, str]  # line, start, class, words


def is_sami(text: str) -> bool:
    """Whether a text is SAMI."""
    return text.lstrip("\ufeff \t\r\n")[:5].upper() == "<SAMI" and _SYNC.search(text) is not None


def read_sami(text: str, repairs: Repairs) -> ParsedTranscript:
    """Read the blocks of the language that says most; an empty one ends what is shown.

    Raises: InvalidError if there are no words.
    """
    rows = _rows(text)
    counts = Counter(language for _, _, language, words in rows if words)
    language = counts.most_common(1)[0][0] if counts else ""
    spoken = sorted((row for row in rows if row[2] == language or not row[3]), key=lambda row: row[1])
    names = learn_names(row[3] for row in spoken if row[3])
    drafts = []
    for at, (line, start_ms, _, words) in enumerate(spoken):
        if words:
            later = next((row[1] for row in spoken[at + 1 : at + 50] if row[1] > start_ms), None)
            speaker, said = names.split(words)
            end_ms = later if later is not None else start_ms + estimate_time_ms(words)
            drafts.append(Draft(Line(line), said, start_ms, end_ms, speaker))
    title = _TITLE.search(text[:20_000])
    name = " ".join(decode_entities(title[1]).split()) if title else ""
    return ParsedTranscript(settle(drafts, repairs), name=name or None, format="sami")


def _rows(text: str) -> list[_Row]:
    marks = list(_SYNC.finditer(text))
    rows: list[_Row] = []
    line, counted = 1, 0
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        line += text.count("\n", counted, mark.start())
        counted = mark.start()
        inner = text[mark.end() : following.start() if following else len(text)]
        found = _CLASS.search(inner)
        words = " ".join(decode_entities(_TAG.sub("", break_lines(inner).replace("\n", " "))).split())
        rows.append((line, int(mark[1]), found[1] if found else "", words))
    return rows
