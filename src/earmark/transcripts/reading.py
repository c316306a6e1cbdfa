"""Reads a transcript file: its content decides what it is; name and content type are hints."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import orjson

from earmark.errors import InvalidError
from earmark.strict_json import parse_json
from earmark.transcripts.captions.lyrics import read_lyrics
from earmark.transcripts.captions.reader import read_captions
from earmark.transcripts.captions.sami import read_sami
from earmark.transcripts.captions.substation import read_substation
from earmark.transcripts.captions.timed_text import read_timed_text
from earmark.transcripts.detection import Detected, detect
from earmark.transcripts.encodings import decode, split_lines
from earmark.transcripts.markup import plain_html
from earmark.transcripts.refusals import refuse_binary, refuse_text, refuse_xml
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.speakers import Names
from earmark.transcripts.tables import read_table
from earmark.transcripts.text.chats import NAMELESS_CHAT, read_chat
from earmark.transcripts.text.dates import find_date
from earmark.transcripts.text.headed import read_headed
from earmark.transcripts.text.plain import dialogue_names, heads_of, read_dialogue, read_prose
from earmark.transcripts.types import ParsedTranscript, RecordedAt
from earmark.transcripts.vendors.participants import participants_in
from earmark.transcripts.vendors.shapes import ADAPTERS, read_document, split_document, text_within
from earmark.transcripts.vendors.unknown import moment_of, title_of
from earmark.transcripts.word_documents import is_word_document, word_text

FORMATS: Final = (
    "webvtt", "subrip", "sbv", "time-ranges", "ttml", "sami", "substation", "lrc", "csv", "tsv",
    "text-timed", "chat", "text-dialogue", "text-prose", *(adapter.format for adapter in ADAPTERS),
)  # fmt: skip
_FEW_KEYS: Final = 8
_HINTS: Final = {
    ".json": "json", "application/json": "json", ".vtt": "webvtt", ".srt": "subrip",
    "text/vtt": "webvtt", "application/x-subrip": "subrip", "text/srt": "subrip",
}  # fmt: skip


def parse_transcript(
    body: bytes, *, media_type: str | None = None, filename: str | None = None, charset: str | None = None
) -> ParsedTranscript:
    """Parse a transcript file.

    Args:
        body: the file's bytes.
        media_type: without parameters; a hint.
        filename: a hint; a date in it is when it was recorded if the file doesn't say.
        charset: the encoding if the sender knows it.

    Raises:
        InvalidError: it is no transcript, or too much of it can't be read; the message names the line or index,
            the problem, and what to do.
    """
    found = _parse(body, media_type, filename, charset)
    if len(found) > 1:
        raise InvalidError(f"The file holds {len(found):,} recordings; `earmark import` makes one of each.")
    return found[0][1]


def parse_transcripts(
    body: bytes, *, filename: str | None = None, charset: str | None = None
) -> list[tuple[str, ParsedTranscript]]:
    """Parse a file that may hold several recordings, as exports of whole services do.

    Returns: each transcript with the SHA-256 of its bytes (the whole file's if it holds one).
    Raises: InvalidError as `parse_transcript`; with several, those that can't be read are left out if any can.
    """
    return _parse(body, None, filename, charset)


def _parse(
    body: bytes, media_type: str | None, filename: str | None, charset: str | None
) -> list[tuple[str, ParsedTranscript]]:
    repairs = Repairs()
    if is_word_document(body):
        text, encoding = word_text(body), "docx"
    else:
        refuse_binary(body)
        text, encoding = decode(body, repairs, charset=charset)
    lines = split_lines(text)
    refuse_text(text, lines)
    hint = _hint(media_type, filename)
    found = detect(text, lines, hint=hint)
    digest = hashlib.sha256(body).hexdigest()
    if found.candidates[0].format == "json" or (hint == "json" and found.candidates[0].format == "text"):
        documents = split_document(_load(text, lines))
        if len(documents) > 1:
            return _read_each(documents, filename)
        parsed = _read_inner(documents[0], hint) or read_document(documents[0], repairs)
        parsed = _with_participants(parsed, documents[0])
    else:
        parsed = _read(found, text, lines, repairs)
    candidates = parsed.candidates or found.candidates
    return [(digest, _finish(replace(parsed, encoding=encoding, candidates=candidates), repairs, filename))]


def _load(text: str, lines: list[str]) -> Any:
    """Return a JSON document; of JSON Lines, the list of their objects."""
    filled = [line for line in lines if line.strip()]
    if len(filled) > 1 and all(line.strip()[0] == "{" and line.strip()[-1] == "}" for line in filled):
        return [parse_json(line.encode("utf-8", "replace")) for line in filled]
    return parse_json(text.encode("utf-8", "replace"))


def _read_inner(document: Any, hint: str | None) -> ParsedTranscript | None:
    """Read the text that a document has instead of rows, if it is captions or has times; None otherwise."""
    held = text_within(document) if isinstance(document, dict) and len(document) <= _FEW_KEYS else None
    if held is None:
        return None
    text = plain_html(held)
    lines = split_lines(text)
    found = detect(text, lines, hint=hint)
    if found.candidates[0].format in ("text", "json", "csv", "tsv"):
        return None
    parsed = _read(found, text, lines, Repairs())
    return replace(
        parsed, name=parsed.name or title_of(document), recorded=parsed.recorded or moment_of(document)
    )  # fmt: skip


def _read_each(documents: list[Any], filename: str | None) -> list[tuple[str, ParsedTranscript]]:
    read: list[tuple[str, ParsedTranscript]] = []
    refusal: InvalidError | None = None
    for document in documents:
        repairs = Repairs()
        digest = hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()
        try:
            parsed = _with_participants(read_document(document, repairs), document)
            read.append((digest, _finish(parsed, repairs, filename)))
        except InvalidError as error:
            refusal = error
    if refusal is not None and not read:
        raise refusal
    return read


def _with_participants(parsed: ParsedTranscript, document: Any) -> ParsedTranscript:
    people = participants_in(document) if parsed.metadata is None else []
    return replace(parsed, metadata={"participants": people}) if people else parsed


def _finish(parsed: ParsedTranscript, repairs: Repairs, filename: str | None) -> ParsedTranscript:
    named = find_date(filename) if filename else None
    recorded = parsed.recorded or named
    if parsed.format == "chat" and filename and not filename.startswith(NAMELESS_CHAT):
        parsed = replace(parsed, name=None)  # the app has named the file after the group
    if recorded and named and recorded.is_day and not named.is_day and _local_day(named) == _local_day(recorded):
        recorded = named  # the name has the time of day, too
    return replace(parsed, recorded=recorded, warnings=tuple(repairs.warnings), warnings_total=repairs.total)


def _local_day(recorded: RecordedAt) -> date:
    return (recorded.moment + timedelta(minutes=recorded.offset_minutes or 0)).date()


def _hint(media_type: str | None, filename: str | None) -> str | None:
    suffix = "." + filename.rpartition(".")[2].lower() if filename else ""
    return _HINTS.get(suffix) or _HINTS.get(media_type or "")


def _read(found: Detected, text: str, lines: list[str], repairs: Repairs) -> ParsedTranscript:
    form = found.candidates[0].format
    if form == "ttml":
        return read_timed_text(text, repairs)
    if form == "sami":
        return read_sami(text, repairs)
    refuse_xml(text)
    if form == "substation":
        return read_substation(lines, repairs)
    if form == "lrc":
        return read_lyrics(lines, repairs)
    if found.table is not None:
        return read_table(lines, found.table, repairs)
    if form == "chat":
        return read_chat(lines, repairs)
    if form == "text-timed":
        return read_headed(found.text_lines, repairs)
    if form == "text":
        return _read_text(found, text)
    return read_captions(lines, repairs, form=form)


def _read_text(found: Detected, text: str) -> ParsedTranscript:
    if not found.text_lines:
        raise InvalidError("The transcript has no words.", param="segments")
    lines = found.text_lines
    if heads := heads_of(lines):
        return read_dialogue(lines, Names(frozenset()), heads)
    names = dialogue_names(lines)
    return read_prose(text, lines) if names is None else read_dialogue(lines, names)
