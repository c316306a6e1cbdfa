"""Recognises which shape a JSON document has, and reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from earmark.errors import InvalidError
from earmark.transcripts.drafts import settle
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.text.plain import ESTIMATED, consecutive, estimate_prose
from earmark.transcripts.types import Candidate, ParsedTranscript, Segment
from earmark.transcripts.vendors import apart, players, transcribers, word_services
from earmark.transcripts.vendors.field_names import START
from earmark.transcripts.vendors.native import read_native
from earmark.transcripts.vendors.reading import Reading, first_of, get
from earmark.transcripts.vendors.row_shapes import ROW_SHAPES
from earmark.transcripts.vendors.unknown import find_rows, moment_of, read_unknown, title_of
from earmark.transcripts.words import group_words

_UNKNOWN: Final = (
    "The JSON has no rows with words that are known: native (`segments`), whisper (`segments` with `text`, or"
    " `transcription`), Deepgram (`results.channels`), AssemblyAI (`utterances` or `words` with `text`), or another"
    " list of objects with text and times."
)


@dataclass(frozen=True, slots=True)
class Adapter:
    """A shape of JSON: how it is recognised, and read."""

    format: str
    recognises: Callable[[Any], bool]
    read: Callable[[Any, Repairs], Reading]
    reason: str


def _is_native(document: Any) -> bool:
    segments = get(document, "segments")
    if not isinstance(segments, list):
        return isinstance(document, dict) and "segments" in document and find_rows(document) is None
    rows = [row for row in segments[:200] if isinstance(row, dict)]
    if rows and not any("start" in row for row in rows) and any(first_of(row, START) is not None for row in rows):
        return False  # rows with other names for their times
    return not rows or any("text" in row for row in rows)


def text_within(document: Any) -> str | None:
    """Return the text that a document has instead of rows, None if it has rows or no text."""
    if not isinstance(document, dict):
        return None
    found = next((one for key in _HOLDS_TEXT if isinstance(one := document.get(key), str) and one.strip()), None)
    return None if found is None or find_rows(document) is not None else found


def _is_bare_text(document: Any) -> bool:
    return text_within(document) is not None


def _read_bare_text(document: Any, repairs: Repairs) -> Reading:
    return Reading((), text=text_within(document), name=title_of(document), recorded=moment_of(document))


_HOLDS_TEXT: Final = (
    "text", "transcript", "transcription", "transcript_text", "full_transcript", "content", "body", "srt", "vtt",
    "webvtt", "captions", "subtitles", "markdown",
)  # fmt: skip


ADAPTERS: Final = (
    Adapter("deepgram", transcribers.is_deepgram, transcribers.read_deepgram, "`results.channels`"),
    Adapter("aws", word_services.is_aws, word_services.read_aws, "`results.items` with `type`"),
    Adapter("speechmatics", word_services.is_speechmatics, word_services.read_speechmatics, "`results` of timed words"),
    Adapter("watson", apart.is_watson, apart.read_watson, "`results` with `timestamps`"),
    Adapter("google", word_services.is_google, word_services.read_google, "`results` with `alternatives`"),
    Adapter("azure", word_services.is_azure, word_services.read_azure, "`recognizedPhrases`"),
    Adapter("rev", word_services.is_rev, word_services.read_rev, "`monologues`"),
    Adapter("elevenlabs", word_services.is_elevenlabs, word_services.read_elevenlabs, "`words` with `type`"),
    Adapter(
        "assemblyai", transcribers.is_assemblyai, transcribers.read_assemblyai, "`text` with `utterances` or `words`"
    ),
    Adapter("apple", apart.is_apple, apart.read_apple, "`attributedString` with `timeRange`"),
    Adapter("youtube-json3", players.is_json3, players.read_json3, "`events` with `tStartMs`"),
    Adapter("otter", players.is_otter, players.read_otter, "`transcripts` with `start_offset`"),
    *(
        Adapter(
            shape.format,
            shape.recognises,
            shape.read,
            f"rows of {shape.format}",
        )
        for shape in ROW_SHAPES
        if shape.format != "otter"
    ),
    Adapter("transformers", transcribers.is_transformers, transcribers.read_transformers, "`chunks` with `timestamp`"),
    Adapter("whisper-cpp", transcribers.is_whisper_cpp, transcribers.read_whisper_cpp, "`transcription` is a list"),
    Adapter("whisper", transcribers.is_whisper, transcribers.read_whisper, "`segments` with keys of Whisper"),
    Adapter("native", _is_native, read_native, "`segments` with `text`"),
    Adapter("json-rows", lambda document: find_rows(document) is not None, read_unknown, "rows with words"),
    Adapter("json-text", _is_bare_text, _read_bare_text, "only `text`"),
)


_LISTS: Final = ("", "data.lifelogs", "lifelogs", "conversations", "memories", "transcripts", "data.transcripts",
                 "meetings",
                 "recordings", "data", "items", "results")  # fmt: skip
_GENERAL: Final = frozenset({"native", "json-rows", "json-text"})
"""What anything may be, found by looking at all of it: tried last."""
_MEETINGS: Final = frozenset({"omi", "limitless", "readai", "otter", "fireflies", "granola"})
"""Formats that describe one meeting each; the others may be pieces of one."""


def split_document(document: Any) -> list[Any]:
    """Return the recordings of an export that holds several; a list of the document itself otherwise."""
    for path in _LISTS:
        items = get(document, path)
        if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
            continue
        fitting = [item for item in items if any(adapter.recognises(item) for adapter in _WHOLE)]
        if len(fitting) * 5 >= len(items) * 4:
            return fitting
    return [document]


_WHOLE: Final = tuple(adapter for adapter in ADAPTERS if adapter.format in _MEETINGS)


def read_document(document: Any, repairs: Repairs) -> ParsedTranscript:
    """Read a JSON transcript, recognised by its shape.

    Raises: InvalidError if the shape is unknown or too much of the content can't be read.
    """
    if isinstance(form := get(document, "format"), str) and form.startswith("earmark.ask-session/"):
        raise InvalidError("This is an exported Ask session: import it with POST /v1/ask/sessions/import.")
    known = [adapter for adapter in ADAPTERS if adapter.format not in _GENERAL and adapter.recognises(document)]
    fitting = known or [adapter for adapter in ADAPTERS if adapter.recognises(document)]
    if not fitting:
        raise InvalidError(_UNKNOWN, param="segments")
    adapter = fitting[0]
    reading = adapter.read(document, repairs)
    segments, engine = _segments(reading, repairs)
    return ParsedTranscript(
        segments, reading.language, reading.provider, engine, reading.name, reading.recorded, reading.metadata,
        format=adapter.format, candidates=tuple(Candidate(one.format, one.reason) for one in fitting),
    )  # fmt: skip


def _segments(reading: Reading, repairs: Repairs) -> tuple[tuple[Segment, ...], str]:
    if reading.text is not None:
        return estimate_prose(reading.text), ESTIMATED
    drafts = list(reading.drafts)
    if reading.is_untimed:
        repairs.check(len(drafts))
        return consecutive((draft.speaker, draft.text) for draft in drafts), ESTIMATED
    if reading.is_words:
        return settle(drafts, repairs, join=group_words), "import"
    return settle(drafts, repairs), "import"
