"""Reads tables: comma, semicolon or tab separated, with a header that names the columns."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from earmark.errors import InvalidError
from earmark.transcripts.drafts import Draft, settle
from earmark.transcripts.limits import MAX_LINES, Line
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.text.plain import ESTIMATED, consecutive
from earmark.transcripts.types import ParsedTranscript
from earmark.transcripts.vendors.offsets import Unit, read_offset

csv.field_size_limit(1 << 28)  # of the whole process; files are at most 256 MiB
_DELIMITERS: Final = (",", ";", "\t", "|")
_WORDS: Final = frozenset(
    "text transcript sentence utterance content words caption dialogue dialog speech message line comment transcription"
    " transkript texte texto testo".split()
)
_START: Final = frozenset(
    "start start_time starttime begin start_ms startms start_s start_seconds timestamp time time_in timecode from"
    " offset start_timestamp timestamp_ms time_ms in startzeit"
    " beginn timespan start_zeit in_point début inicio zeit".split()
)
_END: Final = frozenset(
    "end end_time endtime stop end_ms endms end_s end_seconds time_out to"
    " end_timestamp out endzeit out_point ende fin".split()
)
_DURATION: Final = frozenset("duration duration_ms dur length dauer".split())
_SPEAKER: Final = frozenset(
    "speaker speaker_name name speaker_label participant who author user role sprecher locuteur".split()
)
_HEADER_LINES: Final = 10
_SAMPLED_ROWS: Final = 200
_BARE: Final = (
    ("start", "end", "speaker", "text"), ("speaker", "start", "end", "text"), ("start", "end", "text"),
    ("start", "speaker", "text"),
)  # fmt: skip
_LONGEST_WORD_MS: Final = 50_000
_HEADER_CHARS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Table:
    """Where a file's table is: its delimiter, the line of its header (None: it has none), and the columns by name."""

    delimiter: str
    header: int | None
    columns: dict[str, int]


def find_table(lines: Sequence[str]) -> Table | None:
    """Return a file's table: below a header with a column of words and another, or of rows that begin with times."""
    filled = [(at, line) for at, line in enumerate(lines[:_HEADER_LINES]) if line.strip()]
    for at, line in filled:
        for delimiter in _DELIMITERS:
            columns = _columns(next(csv.reader([line[:_HEADER_CHARS]], delimiter=delimiter), []))
            others = (_START | _END | _SPEAKER | _DURATION) & columns.keys()
            is_of_speech = bool((_START | _END) & columns.keys()) or len(columns) <= 3
            if len(columns) > 1 and _WORDS & columns.keys() and others and is_of_speech and not _is_prose(columns):
                return Table(delimiter, at, columns)
    return _find_bare_table(lines)


def _is_prose(columns: dict[str, int]) -> bool:
    """Whether what looks like a header is a sentence with commas."""
    return any(len(name) > 40 for name in columns)


def _find_bare_table(lines: Sequence[str]) -> Table | None:
    """Recognise rows without a header: start, end and words (labels of Audacity), a speaker among them or first."""
    filled = [line[:_HEADER_CHARS] for line in lines if line.strip() and not line.startswith("\\")][:_SAMPLED_ROWS]
    for delimiter in "\t,;":
        rows = list(csv.reader(filled, delimiter=delimiter))
        for names in _BARE:
            fitting = sum(_fits(row, names) for row in rows)
            if len(rows) > 1 and fitting * 5 >= len(rows) * 4:
                return Table(delimiter, None, {name: at for at, name in enumerate(names) if name})
    return None


def _fits(row: Sequence[str], names: Sequence[str]) -> bool:
    if len(row) < len(names):
        return False
    times = [read_offset(row[at], Unit.SECONDS) for at, name in enumerate(names) if name in ("start", "end")]
    words = [row[at] for at, name in enumerate(names) if name in ("text", "speaker")]
    has_words = all(word.strip() and read_offset(word, Unit.SECONDS) is None for word in words)
    return has_words and all(time is not None and not time.is_absolute for time in times)


def read_table(lines: Sequence[str], table: Table, repairs: Repairs) -> ParsedTranscript:
    """Read a row a segment; without a column of times they are estimated.

    Raises: InvalidError if too many rows can't be read, or there are no words.
    """
    first = 0 if table.header is None else table.header + 1
    reader = csv.reader((f"{line}\n" for line in lines[first:]), delimiter=table.delimiter, skipinitialspace=True)
    form = "tsv" if table.delimiter == "\t" else "csv"
    columns = table.columns
    drafts: list[Draft] = []
    try:
        for row in reader:
            if _is_ruler(row):
                continue
            if (draft := _draft(row, columns, Line(reader.line_num + first), repairs)) is not None:
                drafts.append(draft)
            if len(drafts) > MAX_LINES:
                raise InvalidError(f"The table has more than {MAX_LINES:,} rows.")
    except csv.Error:
        raise Line(reader.line_num + first).error("row", "can't be read as a table's") from None
    if _at(columns, _START) is None and _at(columns, _END) is None:
        repairs.check(len(drafts))
        segments = consecutive((draft.speaker, draft.text) for draft in drafts)
        return ParsedTranscript(segments, engine=ESTIMATED, format=form)
    if drafts and all(draft.start_ms is None and draft.end_ms is None for draft in drafts):
        raise InvalidError("The table has a column of times, and none of them can be read.")
    return ParsedTranscript(settle(_in_unit(drafts, repairs), repairs), format=form)


def _in_unit(drafts: list[Draft], repairs: Repairs) -> list[Draft]:
    """Take numbers that make sense only as milliseconds for such: as seconds, a word would last minutes."""
    spans = [
        (draft.end_ms - draft.start_ms) / max(len(draft.text.split()), 1)
        for draft in drafts
        if draft.start_ms is not None and draft.end_ms is not None and draft.end_ms > draft.start_ms
    ]
    if not spans or median(spans) < _LONGEST_WORD_MS:
        return drafts
    repairs.note(None, "unit_changed", "the times make sense only as milliseconds, and were read so.")
    for draft in drafts:
        draft.start_ms = None if draft.start_ms is None else draft.start_ms // 1_000
        draft.end_ms = None if draft.end_ms is None else draft.end_ms // 1_000
    return drafts


def _is_ruler(row: Sequence[str]) -> bool:
    """Whether a row is empty, a line of Markdown's, or Audacity's frequencies."""
    cells = [cell.strip() for cell in row if cell.strip()]
    return not cells or cells[0] == "\\" or all(not cell.strip("-: ") for cell in cells)


def _columns(row: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for index, cell in enumerate(row):
        bare = cell.strip().strip("\"'\ufeff").lower()
        name = bare.split("(")[0].strip().replace(" ", "_").replace("-", "_")
        is_ms = "(ms" in bare or "millisec" in bare
        found.setdefault(f"{name}_ms" if is_ms else name, index)
    return found


def _at(columns: dict[str, int], names: frozenset[str]) -> int | None:
    return next((index for name, index in columns.items() if name in names), None)


def _draft(row: Sequence[str], columns: dict[str, int], place: Line, repairs: Repairs) -> Draft | None:
    words = _cell(row, _at(columns, _WORDS))
    if words is None:
        repairs.leave_out(place, "no_text", "the row has no words")
        return None
    start_ms, end_ms, length_ms = (_time(row, columns, names) for names in (_START, _END, _DURATION))
    if end_ms is None and start_ms is not None and length_ms is not None:
        end_ms = start_ms + length_ms
    return Draft(place, words, start_ms, end_ms, _cell(row, _at(columns, _SPEAKER)) or None)


def _time(row: Sequence[str], columns: dict[str, int], names: frozenset[str]) -> int | None:
    index = _at(columns, names)
    value = _cell(row, index)
    if value is None or index is None:
        return None
    name = next(name for name, at in columns.items() if at == index)
    offset = read_offset(value, Unit.MILLISECONDS if name.endswith("ms") else Unit.SECONDS)
    if offset is None and " - " in value:  # a range: its start, or its end
        first, _, last = value.partition(" - ")
        offset = read_offset((last if names is _END else first).strip(), Unit.SECONDS)
    return None if offset is None or offset.is_absolute else offset.ms


def _cell(row: Sequence[str], index: int | None) -> str | None:
    return row[index].strip() if index is not None and index < len(row) else None
