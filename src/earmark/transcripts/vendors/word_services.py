"""Adapters for speech services that write single words: AWS, Google, Speechmatics, Rev.ai, ElevenLabs; and Azure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from earmark.transcripts.drafts import Draft
from earmark.transcripts.language import parse_vendor_language
from earmark.transcripts.limits import Item
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.vendors.offsets import Offset, Unit, read_offset
from earmark.transcripts.vendors.reading import (
    JsonObject,
    Keys,
    Reading,
    first_of,
    get,
    read_confidence,
    read_rows,
    read_speaker,
)

_NO_SPACE_BEFORE: Final = frozenset(".,!?;:…。，、！？；：)]}»”’%")


def is_aws(document: Any) -> bool:
    """Whether a document is AWS Transcribe's: `results.items` with `type`."""
    items = get(document, "results.items")
    return isinstance(items, list) and all(isinstance(item, dict) and "type" in item for item in items[:20])


def read_aws(document: Any, repairs: Repairs) -> Reading:
    """Read `results.items`; times are seconds in strings, punctuation has none."""
    speakers = _aws_speakers(document)
    drafts = _joined_marks(
        (
            (_timed_word(item, Item("results.items", index), ("content",), speakers), item.get("type") == "punctuation")
            for index, item in enumerate(get(document, "results.items"))
            if isinstance(item, dict)
        )
    )
    language = parse_vendor_language(get(document, "results.language_code"))
    return Reading(drafts, language, is_words=True)


def is_speechmatics(document: Any) -> bool:
    """Whether a document is Speechmatics' json-v2: `results` of words with `alternatives` and `start_time`."""
    results = get(document, "results")
    if not isinstance(results, list) or not results:
        return False
    return any(isinstance(one, dict) and "alternatives" in one and "start_time" in one for one in results[:20])


def read_speechmatics(document: Any, repairs: Repairs) -> Reading:
    """Read words; punctuation `attaches_to` the word before."""
    results = document["results"]
    drafts = _joined_marks(
        (
            (_timed_word(item, Item("results", index), ("content",), {}), item.get("type") == "punctuation")
            for index, item in enumerate(results)
            if isinstance(item, dict)
        )
    )
    language = parse_vendor_language(get(document, "metadata.transcription_config.language"))
    return Reading(drafts, language, is_words=True)


def is_rev(document: Any) -> bool:
    """Whether a document is Rev.ai's: `monologues` of `elements`."""
    return isinstance(get(document, "monologues"), list)


def read_rev(document: Any, repairs: Repairs) -> Reading:
    """Read `monologues[].elements[]`; `punct` elements hold the spaces, too."""
    return Reading(_joined_marks(_rev_elements(document)), is_words=True)


def is_elevenlabs(document: Any) -> bool:
    """Whether a document is ElevenLabs Scribe's: `words` with `type`."""
    words = get(document, "words")
    if not isinstance(words, list):
        return False
    return any(isinstance(word, dict) and word.get("type") in ("word", "spacing", "audio_event") for word in words[:50])


def read_elevenlabs(document: Any, repairs: Repairs) -> Reading:
    """Read `words` in seconds; spacing is none, sounds are words of their own."""
    spoken = [word for word in document["words"] if isinstance(word, dict) and word.get("type") != "spacing"]
    keys = Keys(speaker=("speaker_id", "speaker"), confidence=())
    language = _three_letters(document.get("language_code"))
    return Reading(read_rows(spoken, "words", repairs, keys), language, "elevenlabs", is_words=True)


def is_google(document: Any) -> bool:
    """Whether a document is Google Speech-to-Text's: `results` with `alternatives` of `transcript`."""
    results = _google_results(document)
    if not isinstance(results, list) or not results:
        return False
    best = [get(one, "alternatives") for one in results[:20]]
    return any(isinstance(some, list) and some and get(some[0], "transcript") is not None for some in best)


def read_google(document: Any, repairs: Repairs) -> Reading:
    """Read words with their times (v1: `startTime`, v2: `startOffset`), else whole results.

    With speaker labels, v1 repeats all words in the last result, with their `speakerTag`: that one alone counts.
    """
    results = [one for one in _google_results(document) if isinstance(one, dict)]
    language = parse_vendor_language(next((one.get("languageCode") for one in results if "languageCode" in one), None))
    last = _google_words(results[-1:])
    if any(first_of(word, ("speakerTag", "speakerLabel")) for word in last) and len(last) * 2 > len(
        _google_words(results)
    ):
        return Reading(_google_drafts(last, repairs), language, is_words=True)
    if words := _google_words(results):
        return Reading(_google_drafts(words, repairs), language, is_words=True)
    return Reading(_google_whole(results), language)


def is_azure(document: Any) -> bool:
    """Whether a document is Azure's batch transcription: `recognizedPhrases`."""
    return isinstance(get(document, "recognizedPhrases"), list)


def read_azure(document: Any, repairs: Repairs) -> Reading:
    """Read phrases; ticks of 100 ns, or ISO 8601 durations."""
    return Reading(_azure_phrases(document), parse_vendor_language(get(document, "recognizedPhrases.0.locale")))


def _timed_word(item: JsonObject, place: Item, text_keys: tuple[str, ...], speakers: dict[str, str]) -> Draft:
    """Return the word of an item with `alternatives`; its start is None for punctuation."""
    alternatives = item.get("alternatives")
    best = (
        alternatives[0] if isinstance(alternatives, list) and alternatives and isinstance(alternatives[0], dict) else {}
    )
    start, end = (read_offset(item.get(key), Unit.SECONDS) for key in ("start_time", "end_time"))
    speaker = read_speaker(first_of(item, ("speaker_label", "channel_label", "channel"))) or read_speaker(
        first_of(best, ("speaker",))
    )
    text = first_of(best, text_keys)
    return Draft(
        place, text if isinstance(text, str) else "", _ms(start), _ms(end),
        speaker or speakers.get(str(item.get("start_time"))), read_confidence(best.get("confidence")),
    )  # fmt: skip


def _ms(offset: Offset | None) -> int | None:
    return None if offset is None else offset.ms


def _best(holder: Any, key: str = "alternatives") -> JsonObject:
    """Return the first of the alternatives, an empty object if there is none."""
    found = get(holder, key)
    return found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}


def _aws_speakers(document: Any) -> dict[str, str]:
    """Return the speaker of each word by its start, for files whose items don't name it."""
    segments = get(document, "results.speaker_labels.segments")
    found: dict[str, str] = {}
    for segment in segments if isinstance(segments, list) else ():
        items = get(segment, "items")
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict) and isinstance(label := item.get("speaker_label"), str):
                found[str(item.get("start_time"))] = label
    return found


def _joined_marks(words: Iterator[tuple[Draft, bool]]) -> Iterator[Draft]:
    """Append each mark to the word before it."""
    pending: Draft | None = None
    for draft, is_mark in words:
        if is_mark or (draft.start_ms is None and draft.text[:1] in _NO_SPACE_BEFORE):
            if pending is not None:
                pending.text += draft.text.strip()
            continue
        if pending is not None:
            yield pending
        pending = draft
    if pending is not None:
        yield pending


def _rev_elements(document: Any) -> Iterator[tuple[Draft, bool]]:
    listed = get(document, "speakers")
    people = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    names = {str(one.get("id")): one.get("name") for one in people}
    for index, monologue in enumerate(document["monologues"]):
        elements = get(monologue, "elements")
        number = get(monologue, "speaker")
        speaker = read_speaker(get(monologue, "speaker_info.display_name")) or read_speaker(
            names.get(str(number)) or number
        )
        for inner, element in enumerate(elements if isinstance(elements, list) else ()):
            if not isinstance(element, dict) or not isinstance(text := element.get("value"), str):
                continue
            start, end = (
                read_offset(first_of(element, keys), Unit.SECONDS)
                for keys in (("ts", "timestamp"), ("end_ts", "end_timestamp"))
            )
            place = Item(f"monologues.{index}.elements", inner)
            draft = Draft(
                place, text, _ms(start), _ms(end), speaker,
                read_confidence(element.get("confidence")),
            )  # fmt: skip
            yield draft, element.get("type") == "punct"


def _google_results(document: Any) -> Any:
    return next((found for at in ("results", "response.results") if (found := get(document, at)) is not None), None)


def _google_words(results: list[Any]) -> list[JsonObject]:
    words: list[JsonObject] = []
    for one in results:
        found = _best(one).get("words")
        words += [word for word in found if isinstance(word, dict)] if isinstance(found, list) else []
    return words


def _google_drafts(words: list[JsonObject], repairs: Repairs) -> list[Draft]:
    keys = Keys(
        ("word",), ("startTime", "startOffset"), ("endTime", "endOffset"), speaker=("speakerTag", "speakerLabel")
    )
    drafts = read_rows(words, "results.words", repairs, keys)
    if drafts and drafts[0].start_ms is None:  # v2 leaves out an offset of 0
        drafts[0].start_ms = 0
    return drafts


def _google_whole(results: list[Any]) -> Iterator[Draft]:
    start_ms = 0
    for index, one in enumerate(results):
        text = _best(one).get("transcript")
        end = read_offset(first_of(one, ("resultEndTime", "resultEndOffset")), Unit.SECONDS)
        if isinstance(text, str):
            yield Draft(Item("results", index), text, start_ms, None if end is None else end.ms)
        start_ms = start_ms if end is None else end.ms


def _azure_phrases(document: Any) -> Iterator[Draft]:
    phrases = document["recognizedPhrases"]
    channels = {phrase.get("channel") for phrase in phrases if isinstance(phrase, dict)}
    for index, phrase in enumerate(phrases):
        best = _best(phrase, "nBest")
        text = best.get("display")
        if not isinstance(phrase, dict) or not isinstance(text, str):
            continue
        start = read_offset(phrase.get("offsetInTicks"), Unit.TICKS) or read_offset(phrase.get("offset"), Unit.TICKS)
        length = read_offset(phrase.get("durationInTicks"), Unit.TICKS) or read_offset(
            phrase.get("duration"), Unit.TICKS
        )
        speaker = read_speaker(phrase.get("speaker"))
        if speaker is None and len(channels) > 1:
            speaker = f"CHANNEL_{phrase.get('channel')}"
        yield Draft(
            Item("recognizedPhrases", index), text, _ms(start),
            None if start is None or length is None else start.ms + length.ms, speaker,
            read_confidence(best.get("confidence")),
        )  # fmt: skip


_THREE_LETTERS: Final = dict(
    pair.split("=")
    for pair in (
        "eng=en deu=de ger=de fra=fr fre=fr spa=es ita=it por=pt nld=nl dut=nl pol=pl rus=ru ukr=uk jpn=ja kor=ko"
        " zho=zh chi=zh cmn=zh ara=ar hin=hi tur=tr swe=sv nor=no dan=da fin=fi ces=cs cze=cs ell=el gre=el hun=hu"
        " ron=ro rum=ro"
    ).split()
)


def _three_letters(value: Any) -> str | None:
    """Return the tag of a language by its code of two or three letters."""
    return parse_vendor_language(_THREE_LETTERS.get(value.lower(), value) if isinstance(value, str) else value)
