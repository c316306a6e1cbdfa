"""Parses Deepgram's output: utterances, else paragraphs, else words per channel; times in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from earmark.transcripts.items import (
    JsonObject,
    read_items,
    read_span,
    read_text,
    read_vendor_confidence,
    read_vendor_speaker,
)
from earmark.transcripts.language import parse_vendor_language
from earmark.transcripts.limits import Item
from earmark.transcripts.normalise import build_segments
from earmark.transcripts.types import ParsedTranscript, Segment
from earmark.transcripts.words import group_words


def parse_deepgram(document: JsonObject) -> ParsedTranscript:
    """Parse `{"results": {"channels": […], "utterances"?: […]}}`.

    Raises: InvalidError naming the item at fault.
    """
    results = document["results"]
    is_multichannel = len(results["channels"]) > 1
    drafts = _utterances(results, is_multichannel) if results.get("utterances") else _channels(results)
    return ParsedTranscript(build_segments(drafts), _language(results), "deepgram")


def _utterances(results: JsonObject, is_multichannel: bool) -> Iterator[Segment]:
    for place, item in read_items(results, "utterances", "results.utterances"):
        channel = item.get("channel") if is_multichannel else None
        text = read_text(item, place, "transcript")
        speaker = _speaker(item, place, channel)
        yield Segment(*read_span(item, place), text, speaker, read_vendor_confidence(item))


def _channels(results: JsonObject) -> Iterator[Segment]:
    channels = list(read_items(results, "channels", "results.channels"))
    for place, item in channels:
        best = next(read_items(item, "alternatives", f"{place.path}.{place.index}.alternatives"), None)
        if best is None:
            continue
        channel = place.index if len(channels) > 1 else None
        path = f"{best[0].path}.0"
        if _paragraphs(best[1]):
            yield from _sentences(best[1]["paragraphs"], f"{path}.paragraphs.paragraphs", channel)
        elif best[1].get("words"):
            yield from group_words(_words(best[1], f"{path}.words", channel))


def _paragraphs(alternative: JsonObject) -> Any:
    paragraphs = alternative.get("paragraphs")
    return paragraphs.get("paragraphs") if isinstance(paragraphs, dict) else None


def _sentences(holder: JsonObject, path: str, channel: int | None) -> Iterator[Segment]:
    for place, paragraph in read_items(holder, "paragraphs", path):
        speaker = _speaker(paragraph, place, channel)
        for inner, sentence in read_items(paragraph, "sentences", f"{path}.{place.index}.sentences"):
            yield Segment(*read_span(sentence, inner), read_text(sentence, inner), speaker)


def _words(alternative: JsonObject, path: str, channel: int | None) -> Iterator[Segment]:
    for place, item in read_items(alternative, "words", path):
        text = read_text(item, place, "punctuated_word" if "punctuated_word" in item else "word")
        speaker = _speaker(item, place, channel)
        yield Segment(*read_span(item, place), text, speaker, read_vendor_confidence(item))


def _speaker(item: JsonObject, place: Item, channel: object) -> str | None:
    """Return the speaker's label; each channel numbers its speakers from 0, so it is included."""
    speaker = read_vendor_speaker(item, place)
    if not isinstance(channel, int) or isinstance(channel, bool):
        return speaker
    return f"CHANNEL_{channel} {speaker}" if speaker else f"CHANNEL_{channel}"


def _language(results: JsonObject) -> str | None:
    """Return the language detected in the first channel; a requested language isn't in the output."""
    for _, channel in read_items(results, "channels", "results.channels"):
        return parse_vendor_language(channel.get("detected_language"))
    return None
