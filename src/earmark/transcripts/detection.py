"""Decides what a text file is: looks at the whole of it and ranks the formats it may have, with reasons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from earmark.transcripts.captions.cues import count_cues
from earmark.transcripts.captions.lyrics import is_lyrics
from earmark.transcripts.captions.sami import is_sami
from earmark.transcripts.refusals import begins_as_json
from earmark.transcripts.tables import Table, find_table
from earmark.transcripts.text.chats import is_chat
from earmark.transcripts.text.ending_stamps import with_stamps_in_front
from earmark.transcripts.text.headed import confirm_times, is_headed
from earmark.transcripts.text.lines import TextLine, read_text_lines, without_numbers
from earmark.transcripts.types import Candidate

_SBV: Final = re.compile(r"\s*\d{1,3}:\d\d:\d\d\.\d{1,3},\d{1,3}:\d\d:\d\d\.\d{1,3}\s*")
_TIMED_XML: Final = re.compile(r"<(?:[A-Za-z]+:)?(?:tt|timedtext|transcript)[\s>]")
_COMMA: Final = re.compile(r"\d\d,\d{1,3}\s*-{1,2}>")


@dataclass(frozen=True, slots=True)
class Detected:
    """The ranked formats of a text, and what was read on the way: its lines if it is text, its table if it is one."""

    candidates: tuple[Candidate, ...]
    text_lines: list[TextLine]
    table: Table | None = None


def detect(text: str, lines: Sequence[str], *, hint: str | None) -> Detected:
    """Return the formats a text may have, the likeliest first.

    Args:
        hint: the format that name or content type suggest; it breaks ties, and never overrules the content.
    """
    if begins_as_json(text):  # no line of it can be a cue's
        return Detected((Candidate("json", "it begins as JSON"),), [])
    structured, table = _structured(text, lines)
    found = [*structured, *_captions(lines, hint)]
    text_lines: list[TextLine] = []
    if not found and is_chat(lines):
        found = [Candidate("chat", "its lines begin with date, time and sender")]
    if not found:
        text_lines = confirm_times(with_stamps_in_front(read_text_lines(without_numbers(lines))))
        found = list(_texts(text_lines))
    return Detected(tuple(found), text_lines, table)


def _structured(text: str, lines: Sequence[str]) -> tuple[list[Candidate], Table | None]:
    if text.lstrip()[:1] == "<" and _TIMED_XML.search(text[:20_000]):
        return [Candidate("ttml", "it is XML with timed text")], None
    if is_sami(text):
        return [Candidate("sami", "it is SAMI with SYNC blocks")], None
    if "[Events]" in text and re.search(r"^Dialogue:", text, re.MULTILINE):
        return [Candidate("substation", "it has [Events] with Dialogue lines")], None
    if is_lyrics(lines):
        return [Candidate("lrc", "most lines begin with [mm:ss.xx]")], None
    if (table := find_table(lines)) is not None:
        form = "tsv" if table.delimiter == "\t" else "csv"
        return [Candidate(form, "it is a table with columns of words, and of times or speakers")], table
    return [], None


def _captions(lines: Sequence[str], hint: str | None) -> list[Candidate]:
    filled = sum(bool(line.strip()) for line in lines)
    has_header = (
        next((line.removeprefix("\ufeff") for line in lines if line.strip()), "").split(" ")[0].strip() == "WEBVTT"
    )
    cues = count_cues(lines)
    if has_header:
        return [Candidate("webvtt", "it begins with WEBVTT"), *([Candidate("subrip", "cues")] if cues else [])]
    if not cues or cues * 12 < filled:
        return []
    reason = f"{cues:,} lines with two times"
    if any(_SBV.fullmatch(line) for line in lines[:50]):
        return [Candidate("sbv", f"{reason}, separated by a comma")]
    if sum(map(_is_printed, lines)) * 2 > filled:
        return [Candidate("time-ranges", f"{reason} in brackets")]
    names = ["subrip", "webvtt"]
    is_webvtt = hint == "webvtt" or (hint != "subrip" and not any(_COMMA.search(line) for line in lines[:200]))
    return [Candidate(name, reason) for name in (reversed(names) if is_webvtt else names)]


def _is_printed(line: str) -> bool:
    """Whether a line begins with times in brackets and goes on."""
    bare = line.strip()
    return bare[:1] in ("[", "(") and bare[-1] not in ")]" and ("]" in bare or ")" in bare)


def _texts(lines: Sequence[TextLine]) -> list[Candidate]:
    found = []
    if is_headed(lines):
        timed = sum(line.start_ms is not None for line in lines)
        found.append(Candidate("text-timed", f"{timed:,} lines with a time"))
    found.append(Candidate("text", "it is text without times" if not found else "it may be text without times"))
    return found
