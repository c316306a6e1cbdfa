"""Reads SubStation Alpha (.ass, .ssa): the Dialogue lines of [Events], in the order its Format line names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from earmark.transcripts.drafts import Draft, settle
from earmark.transcripts.limits import Line
from earmark.transcripts.markup import decode_entities
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.speakers import Names, learn_names
from earmark.transcripts.stamps import clock_ms
from earmark.transcripts.types import ParsedTranscript

_FIELDS: Final = ("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text")
_OVERRIDE: Final = re.compile(r"\{[^{}]*\}")
_BREAK: Final = re.compile(r"\\[Nn]")
_DRAWING: Final = re.compile(r"\{[^{}]*\\p[1-9]")


def read_substation(lines: Sequence[str], repairs: Repairs) -> ParsedTranscript:
    """Read the spoken lines; drawings and comments are none.

    Raises: InvalidError if too many lines can't be read, or there are no words.
    """
    rows = list(_rows(lines, repairs))
    names = learn_names(text for _, fields, text in rows if not (fields.get("name") or fields.get("actor")))
    return ParsedTranscript(settle(_drafts(rows, names), repairs), format="substation")


def _rows(lines: Sequence[str], repairs: Repairs) -> Iterator[tuple[Line, dict[str, str], str]]:
    order: Sequence[str] = _FIELDS
    is_events = False
    for number, line in enumerate(lines, start=1):
        bare = line.strip()
        if bare.startswith("["):
            is_events = bare.lower() == "[events]"
        kind, _, rest = bare.partition(":")
        if is_events and kind.lower() == "format":
            order = [field.strip().lower() for field in rest.split(",")]
        elif is_events and kind.lower() == "dialogue":
            values = rest.split(",", len(order) - 1)
            if len(values) < len(order):
                repairs.leave_out(Line(number), "fields_missing", "the line has too few fields")
                continue
            fields = dict(zip(order, map(str.strip, values), strict=True))
            yield Line(number), fields, _words(fields.get("text", ""))


def _words(text: str) -> str:
    if _DRAWING.search(text):
        return ""
    plain = _BREAK.sub("\n", _OVERRIDE.sub("", text)).replace("\\h", " ")
    return " ".join(decode_entities(plain).split())


def _drafts(rows: Sequence[tuple[Line, dict[str, str], str]], names: Names) -> Iterator[Draft]:
    for place, fields, text in rows:
        speaker, words = (
            (fields.get("name") or fields["actor"], text)
            if fields.get("name") or fields.get("actor")
            else names.split(text)
        )
        yield Draft(place, words, clock_ms(fields.get("start", "")), clock_ms(fields.get("end", "")), speaker)
