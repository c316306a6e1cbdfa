"""Recognises which known JSON shape a document has, and parses it."""

from __future__ import annotations

from typing import Any, Final

from earmark.errors import InvalidError
from earmark.strict_json import parse_json
from earmark.transcripts.assemblyai import parse_assemblyai
from earmark.transcripts.deepgram import parse_deepgram
from earmark.transcripts.items import JsonObject
from earmark.transcripts.native import parse_native
from earmark.transcripts.types import ParsedTranscript
from earmark.transcripts.whisper import parse_whisper, parse_whisper_cpp

_WHISPER_ITEM_KEYS: Final = frozenset({"tokens", "seek", "avg_logprob", "no_speech_prob"})
_ASSEMBLYAI_KEYS: Final = frozenset({"audio_duration", "language_code", "acoustic_model", "status"})
_UNKNOWN: Final = (
    "The JSON has none of the four known shapes: native (`segments`), whisper (`segments` with `text`, or"
    " `transcription`), Deepgram (`results.channels`), AssemblyAI (`utterances` or `words` with `text`)."
)


def parse_json_transcript(body: bytes) -> ParsedTranscript:
    """Parse a JSON transcript, recognised by its shape.

    Raises: InvalidError if the shape is unknown or the content invalid.
    """
    document = parse_json(body)
    if isinstance(document, dict):
        if _is_deepgram(document):
            return parse_deepgram(document)
        if _is_assemblyai(document):
            return parse_assemblyai(document)
        if isinstance(document.get("transcription"), list):
            return parse_whisper_cpp(document)
        if _is_whisper(document):
            return parse_whisper(document)
        if "segments" in document:
            return parse_native(document)
    raise InvalidError(_UNKNOWN, param="segments")


def _is_deepgram(document: JsonObject) -> bool:
    results = document.get("results")
    return isinstance(results, dict) and isinstance(results.get("channels"), list)


def _is_assemblyai(document: JsonObject) -> bool:
    if "segments" in document or "text" not in document or _ASSEMBLYAI_KEYS.isdisjoint(document):
        return False
    return "utterances" in document or "words" in document


def _is_whisper(document: JsonObject) -> bool:
    segments: Any = document.get("segments")
    if not isinstance(segments, list):
        return "task" in document and isinstance(document.get("words"), list)
    if "task" in document or "text" in document:
        return True
    return any(isinstance(item, dict) and not _WHISPER_ITEM_KEYS.isdisjoint(item) for item in segments)
