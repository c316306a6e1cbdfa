"""Adapters for documents that are lists of rows: a declaration each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from earmark.transcripts.language import parse_vendor_language
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.vendors.offsets import Unit
from earmark.transcripts.vendors.reading import Keys, Reading, are_words, get, read_name, read_recorded, read_rows


@dataclass(frozen=True, slots=True)
class RowShape:
    """A vendor's rows: where they are (`at`, dotted paths), what a row must have, and the names of its fields.

    `needs`: each row has one key of each group; `marks`: keys of the document of which it has one, if any are given.
    """

    format: str
    at: tuple[str, ...]
    needs: tuple[tuple[str, ...], ...]
    keys: Keys
    marks: tuple[str, ...] = ()
    provider: str | None = None
    language: tuple[str, ...] = ("language", "language_code")
    name: tuple[str, ...] = ("title",)
    recorded: tuple[str, ...] = ()

    def find(self, document: Any) -> tuple[str, list[Any]] | None:
        """Return the path and the rows of a document of this shape, None for others."""
        if self.marks and not any(get(document, mark) is not None for mark in self.marks):
            return None
        for path in self.at:
            rows = get(document, path)
            if isinstance(rows, list) and rows and self._fits(rows):
                return path, rows
        return None

    def recognises(self, document: Any) -> bool:
        """Whether a document has this shape."""
        return self.find(document) is not None

    def read(self, document: Any, repairs: Repairs) -> Reading:
        """Read a document that `find` recognised."""
        path, rows = self.find(document) or ("", [])
        rows = [row for row in rows if not _is_title(row)]
        drafts = read_rows(rows, path or "$", repairs, self.keys)
        return Reading(
            drafts,
            is_words=are_words(drafts),
            language=next(filter(None, (parse_vendor_language(get(document, at)) for at in self.language)), None),
            provider=self.provider,
            name=next(filter(None, (read_name(get(document, at)) for at in self.name)), None),
            recorded=next(filter(None, (read_recorded(get(document, at)) for at in self.recorded)), None),
        )

    def _fits(self, rows: list[Any]) -> bool:
        rows = [row for row in rows[:200] if not _is_title(row)]
        sample = [row for row in rows if isinstance(row, dict)]
        fitting = sum(all(any(key in row for key in group) for group in self.needs) for row in sample)
        return fitting * 5 >= len(rows) * 4 > 0


def _is_title(row: Any) -> bool:
    """Whether a row is a heading among what was said, as Limitless writes them."""
    return str(get(row, "type")).startswith("heading")


_NAMED: Final = ("speaker_name", "speakerName", "speaker", "speaker_id", "name")

ROW_SHAPES: Final = (
    RowShape(
        "fireflies",
        ("", "sentences", "transcript.sentences", "data.transcript.sentences"),
        (("sentence", "raw_text"), ("start_time",)),
        Keys(("sentence", "raw_text", "text"), ("start_time",), ("end_time",), speaker=_NAMED),
        name=("title", "transcript.title", "data.transcript.title"),
        recorded=("dateString", "date", "data.transcript.dateString", "data.transcript.date"),
    ),
    RowShape(
        "readai",
        ("transcript.speaker_blocks", "speaker_blocks"),
        (("words",), ("start_time",), ("speaker",)),
        Keys(("words",), ("start_time",), ("end_time",)),
        recorded=("start_time",),
    ),
    RowShape(
        "omi",
        ("transcript_segments",),
        (("text",), ("start",)),
        Keys(speaker=("speaker_name", "person_name", "speaker", "speaker_id")),
        name=("structured.title", "title"),
        recorded=("started_at", "created_at"),
    ),
    RowShape(
        "limitless",
        ("contents", "data.lifelog.contents", "lifelog.contents"),
        (("content",), ("startOffsetMs", "startTime")),
        Keys(("content",), ("startOffsetMs", "startTime"), ("endOffsetMs", "endTime"), speaker=("speakerName",),
             unit=Unit.MILLISECONDS),
        name=("title", "data.lifelog.title", "lifelog.title"),
        recorded=("startTime", "data.lifelog.startTime", "lifelog.startTime"),
    ),
    RowShape(
        "granola",
        ("", "transcript", "entries"),
        (("text",), ("start_timestamp",)),
        Keys(start=("start_timestamp",), end=("end_timestamp",), speaker=("speaker", "source")),
        recorded=("created_at",),
    ),
    RowShape(
        "otter",
        ("speech.transcripts", "transcripts"),
        (("transcript",), ("start_offset",)),
        Keys(("transcript",), ("start_offset",), ("end_offset",),
             speaker=("speaker_name", "speaker_id", "speaker_model_label"),
             unit=Unit.SAMPLES),
        name=("speech.title", "title"),
        recorded=("speech.start_time", "speech.created_at"),
    ),
    RowShape(
        "podcast",
        ("segments",),
        (("body",), ("startTime",)),
        Keys(("body",), ("startTime",), ("endTime",)),
    ),
    RowShape(
        "youtube-rows",
        ("", "transcript", "captions"),
        (("text",), ("start",), ("duration", "dur")),
        Keys(end=("end",), duration=("duration", "dur")),
    ),
    RowShape(
        "gladia",
        ("result.transcription.utterances", "transcription.utterances"),
        (("text",), ("start",)),
        Keys(),
        language=("result.transcription.languages.0", "transcription.language"),
    ),
    RowShape(
        "azure-fast",
        ("phrases",),
        (("text",), ("offsetMilliseconds", "offset")),
        Keys(start=("offsetMilliseconds", "offset"), end=(), duration=("durationMilliseconds", "duration"),
             unit=Unit.MILLISECONDS),
        marks=("combinedPhrases", "durationMilliseconds", "phrases"),
    ),
    RowShape(
        "venice",
        ("timestamps.segment", "timestamps.segments"),
        (("text",), ("start",)),
        Keys(),
        language=("language",),
    ),
)  # fmt: skip
