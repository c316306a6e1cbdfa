"""Adapters for Deepgram, AssemblyAI and every dialect of Whisper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from earmark.transcripts.drafts import Draft
from earmark.transcripts.language import parse_vendor_language
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.vendors.offsets import Unit
from earmark.transcripts.vendors.reading import JsonObject, Keys, Reading, are_words, get, read_list, read_rows

_WHISPER_ITEM_KEYS: Final = frozenset({"tokens", "seek", "avg_logprob", "no_speech_prob", "words", "temperature"})
_ASSEMBLYAI_KEYS: Final = frozenset({"audio_duration", "acoustic_model", "status", "language_model", "speech_model"})
_SPEAKERS: Final = ("speaker", "speaker_id", "speaker_label", "speaker_name")
_SECONDS: Final = Keys(speaker=_SPEAKERS)
_WORDS: Final = Keys(
    ("punctuated_word", "word", "text"), speaker=_SPEAKERS, confidence=("confidence", "probability", "score")
)


def is_deepgram(document: Any) -> bool:
    """Whether a document is Deepgram's: `results.channels`."""
    return isinstance(get(document, "results.channels"), list)


def read_deepgram(document: Any, repairs: Repairs) -> Reading:
    """Read utterances, else the sentences of paragraphs, else words, of each channel; times in seconds."""
    results = document["results"]
    channels = results["channels"]
    language = parse_vendor_language(next((get(one, "detected_language") for one in channels), None))
    is_multichannel = len(channels) > 1
    if results.get("utterances"):
        rows = read_list(results, "utterances", "results.utterances")
        drafts = read_rows(rows, "results.utterances", repairs, replace(_SECONDS, text=("transcript",)))
        return Reading(_with_channels(drafts, rows) if is_multichannel else drafts, language, "deepgram")
    is_words = not any(_paragraphs(one) for one in channels)
    drafts = []
    for index, one in enumerate(channels):
        drafts += _labelled(list(_channel(one, index, repairs)), index if is_multichannel else None)
    return Reading(drafts, language, "deepgram", is_words=is_words)


def is_assemblyai(document: Any) -> bool:
    """Whether a document is AssemblyAI's: `text` with `utterances` or `words`, and a key that others don't have."""
    if not isinstance(document, dict) or "segments" in document or "text" not in document:
        return False
    has_mark = not _ASSEMBLYAI_KEYS.isdisjoint(document) or "language_code" in document
    return has_mark and ("utterances" in document or "words" in document)


def read_assemblyai(document: Any, repairs: Repairs) -> Reading:
    """Read utterances, else words, else plain text; times in milliseconds."""
    language = parse_vendor_language(document.get("language_code"))
    keys = replace(_SECONDS, unit=Unit.MILLISECONDS)
    if document.get("utterances"):
        rows = read_list(document, "utterances", "utterances")
        return Reading(read_rows(rows, "utterances", repairs, keys), language, "assemblyai")
    text = document.get("text")
    if document.get("words") or not isinstance(text, str):
        rows = read_list(document, "words", "words")
        return Reading(read_rows(rows, "words", repairs, keys), language, "assemblyai", is_words=True)
    return Reading((), language, "assemblyai", text=text)


def is_whisper_cpp(document: Any) -> bool:
    """Whether a document is whisper.cpp's: `transcription` is a list."""
    return isinstance(get(document, "transcription"), list)


def read_whisper_cpp(document: Any, repairs: Repairs) -> Reading:
    """Read `transcription` rows with `offsets` in milliseconds, or `timestamps` of the clock."""
    rows = [_flat_times(row) for row in document["transcription"]]
    keys = Keys(start=("from",), end=("to",), speaker=_SPEAKERS, unit=Unit.MILLISECONDS)
    language = parse_vendor_language(get(document, "result.language"))
    return Reading(read_rows(rows, "transcription", repairs, keys), language, "whisper")


def is_whisper(document: Any) -> bool:
    """Whether a document is Whisper's (openai, faster-whisper, WhisperX, `verbose_json`), or has its shape."""
    segments = get(document, "segments")
    if not isinstance(segments, list):
        return isinstance(document, dict) and "task" in document and isinstance(document.get("words"), list)
    if "task" in document or "text" in document or "word_segments" in document:
        return _have_text(segments)
    has_times = not segments or any(get(item, "start") is not None for item in segments[:20])
    return has_times and any(isinstance(item, dict) and not _WHISPER_ITEM_KEYS.isdisjoint(item) for item in segments)


def read_whisper(document: Any, repairs: Repairs) -> Reading:
    """Read `segments`, or `words` if there are only those; times in seconds."""
    language = parse_vendor_language(document.get("language"))
    if isinstance(document.get("words"), list) and not document.get("segments"):
        return Reading(read_rows(document["words"], "words", repairs, _WORDS), language, "whisper", is_words=True)
    rows = [_with_speaker_of_words(row) for row in document["segments"]]
    return Reading(read_rows(rows, "segments", repairs, _SECONDS), language, "whisper")


def is_transformers(document: Any) -> bool:
    """Whether a document is of transformers' speech pipeline: `chunks` with `timestamp` pairs."""
    chunks = get(document, "chunks")
    return isinstance(chunks, list) and any(isinstance(get(chunk, "timestamp"), list) for chunk in chunks[:20])


def read_transformers(document: Any, repairs: Repairs) -> Reading:
    """Read `chunks`; the last end may be null. Chunks of one word each are joined."""
    spoken = document.get("speakers")  # with a diarizer: the same chunks with speakers
    has_speakers = isinstance(spoken, list) and bool(spoken) and isinstance(get(spoken[0], "timestamp"), list)
    path = "speakers" if has_speakers else "chunks"
    rows = [_flat_pair(chunk) for chunk in document[path]]
    drafts = read_rows(rows, path, repairs, _SECONDS)
    return Reading(drafts, provider="whisper", is_words=are_words(drafts))


def _with_speaker_of_words(row: Any) -> Any:
    """Give a segment without a speaker the one of most of its words."""
    words = get(row, "words")
    if not isinstance(words, list) or any(row.get(name) is not None for name in _SPEAKERS):
        return row
    counts = Counter(who for word in words if isinstance(who := get(word, "speaker"), (str, int)))
    return {**row, "speaker": counts.most_common(1)[0][0]} if counts else row


def _have_text(segments: list[Any]) -> bool:
    return not segments or any(isinstance(get(item, "text"), str) for item in segments[:20])


def _flat_times(row: Any) -> Any:
    times = get(row, "offsets") or get(row, "timestamps")
    return {**row, **{key: times.get(key) for key in ("from", "to")}} if isinstance(times, dict) else row


def _flat_pair(chunk: Any) -> Any:
    pair = get(chunk, "timestamp")
    if not isinstance(pair, list) or len(pair) != 2:
        return chunk
    return {**chunk, "start": pair[0], "end": pair[1]}


def _channel(channel: Any, index: int, repairs: Repairs) -> Iterator[Draft]:
    path = f"results.channels.{index}.alternatives"
    alternatives = read_list(channel, "alternatives", path)
    best = alternatives[0] if alternatives else None
    if paragraphs := _paragraphs(channel):
        for at, paragraph in enumerate(paragraphs):
            inner = f"{path}.0.paragraphs.paragraphs.{at}.sentences"
            sentences = read_list(paragraph, "sentences", inner)
            spoken = [
                {**one, "speaker": get(paragraph, "speaker")} if isinstance(one, dict) else one for one in sentences
            ]
            yield from read_rows(spoken, inner, repairs, _SECONDS)
    elif words := get(best, "words"):
        yield from read_rows(words if isinstance(words, list) else [], f"{path}.0.words", repairs, _WORDS)


def _paragraphs(channel: Any) -> list[Any]:
    alternatives = get(channel, "alternatives")
    best = alternatives[0] if isinstance(alternatives, list) and alternatives else None
    paragraphs = get(best, "paragraphs.paragraphs")
    return paragraphs if isinstance(paragraphs, list) else []


def _with_channels(drafts: list[Draft], rows: list[Any]) -> list[Draft]:
    """Name the channel of each utterance: every channel numbers its speakers from 0."""
    for draft in drafts:
        row: JsonObject = rows[draft.place.index] if hasattr(draft.place, "index") else {}
        channel = row.get("channel")
        _labelled([draft], channel if isinstance(channel, int) and not isinstance(channel, bool) else None)
    return drafts


def _labelled(drafts: list[Draft], channel: int | None) -> list[Draft]:
    for draft in drafts if channel is not None else ():
        draft.speaker = f"CHANNEL_{channel} {draft.speaker}" if draft.speaker else f"CHANNEL_{channel}"
    return drafts
