"""The output of whisper, Deepgram and AssemblyAI."""

from __future__ import annotations

import json
from typing import Any

import pytest

from earmark.errors import InvalidError
from earmark.transcripts import parse_transcript
from earmark.transcripts.types import ParsedTranscript, Segment


def parse(document: Any) -> ParsedTranscript:
    return parse_transcript(json.dumps(document).encode(), media_type="application/json")


def refused(document: Any) -> InvalidError:
    with pytest.raises(InvalidError) as caught:
        parse(document)
    return caught.value


WHISPER_SEGMENT = {
    "id": 0, "seek": 0, "start": 0.0, "end": 2.5604, "text": " We ship.", "tokens": [50364, 12],
    "temperature": 0.0, "avg_logprob": -0.2, "compression_ratio": 1.1, "no_speech_prob": 0.01,
}  # fmt: skip


def test_whisper_json_is_read() -> None:
    parsed = parse({"text": " We ship.", "segments": [WHISPER_SEGMENT], "language": "en"})
    assert parsed == ParsedTranscript((Segment(0, 2_560, "We ship."),), "en", "whisper", "import")


def test_whisper_verbose_json_names_its_language_in_english() -> None:
    parsed = parse(
        {
            "task": "transcribe",
            "language": "english",
            "duration": 3,
            "text": "x",
            "segments": [WHISPER_SEGMENT],
        }
    )
    assert (parsed.language, parsed.provider) == ("en", "whisper")


@pytest.mark.parametrize("key", ["tokens", "seek", "avg_logprob", "no_speech_prob"])
def test_whisper_is_recognised_by_any_key_of_its_segments(key: str) -> None:
    parsed = parse({"segments": [{"start": 0, "end": 1, "text": "a"}, {"start": 1, "end": 2, "text": "b", key: 0}]})
    assert parsed.provider == "whisper"


def test_whisper_segments_without_text_are_dropped() -> None:
    blank = {**WHISPER_SEGMENT, "text": " "}
    assert parse({"segments": [blank, WHISPER_SEGMENT]}).segments == (Segment(0, 2_560, "We ship."),)


def test_whisper_words_without_segments_are_grouped_into_sentences() -> None:
    words = [("We", 0, 0.5), ("ship.", 0.5, 1), ("Now", 1, 1.2)]
    parsed = parse(
        {"task": "transcribe", "text": "x", "words": [{"word": w, "start": s, "end": e} for w, s, e in words]}
    )
    assert parsed.segments == (Segment(0, 1_000, "We ship."), Segment(1_000, 1_200, "Now"))


def test_whisper_diarized_speakers_are_read() -> None:
    parsed = parse({"text": "x", "segments": [{"start": 0, "end": 1, "text": "a", "speaker": "SPEAKER_01"}]})
    assert parsed.segments[0].speaker == "SPEAKER_01"


def test_whisper_segment_that_ends_before_it_starts_is_repaired() -> None:
    parsed = parse({"text": "", "segments": [{**WHISPER_SEGMENT, "start": 3}]})
    assert parsed.segments == (Segment(3_000, 3_001, "We ship."),)
    assert [(warning.index, warning.code) for warning in parsed.warnings] == [(0, "ends_before_start")]


def test_whisper_cpp_offsets_are_milliseconds() -> None:
    row = {
        "timestamps": {"from": "00:00:00,000", "to": "00:00:03,160"},
        "offsets": {"from": 0, "to": 3_160},
        "text": " Hi.",
    }
    parsed = parse({"systeminfo": "", "result": {"language": "de"}, "transcription": [row]})
    assert parsed == ParsedTranscript((Segment(0, 3_160, "Hi."),), "de", "whisper")


def test_whisper_cpp_end_that_is_no_time_is_estimated() -> None:
    parsed = parse({"transcription": [{"offsets": {"from": 0, "to": "x"}, "text": "a"}]})
    assert parsed.segments == (Segment(0, 400, "a"),)


def word(text: str, start: float, end: float, **more: Any) -> dict[str, Any]:
    return {
        "word": text.strip(".").lower(),
        "punctuated_word": text,
        "start": start,
        "end": end,
        "confidence": 0.5,
        **more,
    }


def deepgram(*alternatives: dict[str, Any], **results: Any) -> dict[str, Any]:
    return {
        "metadata": {},
        "results": {"channels": [{"alternatives": [one]} for one in alternatives], **results},
    }


def test_deepgram_utterances_take_precedence() -> None:
    utterance = {
        "start": 0.08,
        "end": 1.5,
        "confidence": 0.9,
        "channel": 0,
        "transcript": "We ship.",
        "speaker": 0,
    }
    parsed = parse(deepgram({"transcript": "x", "words": [word("x", 0, 1)]}, utterances=[utterance]))
    assert parsed == ParsedTranscript((Segment(80, 1_500, "We ship.", "SPEAKER_0", 0.9),), None, "deepgram")


def test_deepgram_paragraphs_become_sentences_of_their_speaker() -> None:
    sentences = [{"text": "We ship.", "start": 0, "end": 1}, {"text": "Now.", "start": 1, "end": 2}]
    parsed = parse(deepgram({"paragraphs": {"paragraphs": [{"sentences": sentences, "speaker": 1}]}}))
    assert parsed.segments == (
        Segment(0, 1_000, "We ship.", "SPEAKER_1"),
        Segment(1_000, 2_000, "Now.", "SPEAKER_1"),
    )


def test_deepgram_words_break_at_sentences_speakers_and_pauses() -> None:
    words = [
        word("We", 0, 0.2, speaker=0),
        word("ship.", 0.2, 0.5, speaker=0),
        word("When", 0.5, 0.7, speaker=0),
        word("Friday", 0.7, 1, speaker=1),
        word("maybe", 3, 3.5, speaker=1),
    ]
    said = [(s.start_ms, s.end_ms, s.text, s.speaker) for s in parse(deepgram({"words": words})).segments]
    assert said == [
        (0, 500, "We ship.", "SPEAKER_0"),
        (500, 700, "When", "SPEAKER_0"),
        (700, 1_000, "Friday", "SPEAKER_1"),
        (3_000, 3_500, "maybe", "SPEAKER_1"),
    ]


def test_deepgram_confidence_of_words_is_their_mean() -> None:
    words = [word("a", 0, 1, confidence=0.5), word("b", 1, 2, confidence=1)]
    assert parse(deepgram({"words": words})).segments[0].confidence == 0.75


def test_deepgram_chinese_words_are_joined_without_spaces() -> None:
    words = [{"word": "我们", "start": 0, "end": 1}, {"word": "发布", "start": 1, "end": 2}]
    assert parse(deepgram({"words": words})).segments[0].text == "我们发布"


def test_deepgram_channels_are_different_speakers() -> None:
    parsed = parse(deepgram({"words": [word("a", 1, 2)]}, {"words": [word("b", 0, 1, speaker=0)]}))
    assert [(s.text, s.speaker) for s in parsed.segments] == [
        ("b", "CHANNEL_1 SPEAKER_0"),
        ("a", "CHANNEL_0"),
    ]


def test_deepgram_detected_language_is_read() -> None:
    document = deepgram({"words": [word("a", 0, 1)]})
    document["results"]["channels"][0]["detected_language"] = "pt-BR"
    assert parse(document).language == "pt-BR"


def test_deepgram_silence_is_refused() -> None:
    assert refused(deepgram({"transcript": "", "words": []})).message == "The transcript has no words."


def test_deepgram_word_that_ends_before_it_starts_is_repaired() -> None:
    parsed = parse(deepgram({"words": [word("a", 0, 1), word("b", 2, 1)]}))
    assert [(one.start_ms, one.text) for one in parsed.segments] == [(0, "a b")]
    assert [(warning.index, warning.code) for warning in parsed.warnings] == [(1, "ends_before_start")]


def assemblyai(**changes: Any) -> dict[str, Any]:
    return {
        "id": "x",
        "status": "completed",
        "language_code": "en_us",
        "text": "We ship.",
        "words": [],
        **changes,
    }


def test_assemblyai_utterances_are_milliseconds() -> None:
    utterance = {
        "start": 250,
        "end": 1_500,
        "text": "We ship.",
        "speaker": "A",
        "confidence": 0.97,
        "words": [],
    }
    parsed = parse(assemblyai(utterances=[utterance]))
    assert parsed == ParsedTranscript((Segment(250, 1_500, "We ship.", "A", 0.97),), "en-US", "assemblyai")


def test_assemblyai_words_become_sentences() -> None:
    words = [
        {"text": t, "start": s, "end": s + 100, "speaker": None} for t, s in (("We", 0), ("ship.", 100), ("Now", 200))
    ]
    said = [(s.start_ms, s.end_ms, s.text) for s in parse(assemblyai(utterances=None, words=words)).segments]
    assert said == [(0, 200, "We ship."), (200, 300, "Now")]


def test_assemblyai_bare_text_gets_estimated_times() -> None:
    parsed = parse(assemblyai())
    assert parsed == ParsedTranscript((Segment(0, 800, "We ship."),), "en-US", "assemblyai", "import/estimated")


def test_assemblyai_failed_transcript_is_refused() -> None:
    assert refused(assemblyai(status="error", text=None, words=None)).param == "words"


def test_invalid_vendor_confidence_is_ignored() -> None:
    utterance = {"start": 0, "end": 1, "text": "a", "confidence": 1.5}
    assert parse(assemblyai(utterances=[utterance])).segments[0].confidence is None


def test_vendor_speaker_too_long_is_cut() -> None:
    utterance = {"start": 0, "end": 1, "text": "a", "speaker": "x" * 129}
    assert parse(assemblyai(utterances=[utterance])).segments[0].speaker == "x" * 64


@pytest.mark.parametrize(
    ("given", "stored"),
    [("english", "en"), ("Portuguese", "pt"), ("en_us", "en-US"), ("en_uk", "en-GB"), ("zh", "zh"),
     ("multi", None), ("klingonese", None), ("", None), (5, None), (None, None), ("jw", "jv")],
)  # fmt: skip
def test_vendor_language_becomes_a_tag_or_none(given: Any, stored: str | None) -> None:
    assert parse(assemblyai(language_code=given)).language == stored


@pytest.mark.parametrize("odd", [[], {}, [1], {"a": 1}, None, 5, True])
@pytest.mark.parametrize("field", ["speaker", "speaker_info", "elements"])
def test_rev_with_any_value_where_a_monologue_has_one_is_read_or_refused(field: str, odd: Any) -> None:
    words = [{"type": "text", "value": "The", "ts": 0.0, "end_ts": 0.5}]
    document = {
        "speakers": [{"id": odd, "name": "Ines"}],
        "monologues": [{"speaker": 0, "elements": words, field: odd}, {"speaker": 0, "elements": words}],
    }
    assert parse_transcript(json.dumps(document).encode()).segments


def test_elevenlabs_with_words_of_no_usual_type_is_still_read() -> None:
    words = [{"type": [], "text": "The", "start": 0, "end": 1}, {"type": "word", "text": "hive.", "start": 1, "end": 2}]
    parsed = parse_transcript(json.dumps({"words": words}).encode())
    assert [one.text for one in parsed.segments] == ["The hive."]
