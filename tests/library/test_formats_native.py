"""earmark's own JSON, and recognising a document's shape."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from earmark.errors import InvalidError
from earmark.transcripts import parse_transcript
from earmark.transcripts.types import ParsedTranscript, Segment

GOOD: dict[str, Any] = {"start": 0, "end": 1, "text": "hello"}


def parse(document: Any) -> ParsedTranscript:
    return parse_transcript(json.dumps(document).encode(), media_type="application/json")


def refused(document: Any) -> InvalidError:
    with pytest.raises(InvalidError) as caught:
        parse(document)
    return caught.value


def segment_error(**changes: Any) -> InvalidError:
    return refused({"segments": [GOOD, {**GOOD, **changes}]})


def test_native_contract_example_is_read() -> None:
    segment = {"start": 0.0, "end": 4.2, "speaker": "Ada", "text": "We ship.", "confidence": 0.93}
    parsed = parse({"language": "en", "segments": [segment]})
    assert parsed == ParsedTranscript((Segment(0, 4_200, "We ship.", "Ada", 0.93),), "en", None, "import")


def test_native_name_recorded_at_and_metadata_are_read() -> None:
    parsed = parse(
        {
            "segments": [GOOD],
            "name": "Stand-up",
            "recorded_at": "2026-05-20T12:00:00.5+02:00",
            "metadata": {"a": 1},
        }
    )
    assert parsed.name == "Stand-up"
    assert parsed.recorded_at == datetime(2026, 5, 20, 10, 0, 0, 500_000, tzinfo=UTC)
    assert parsed.metadata == {"a": 1}


def test_native_null_optional_fields_count_as_absent() -> None:
    nothing = dict.fromkeys(("language", "name", "recorded_at", "metadata"))
    parsed = parse({**nothing, "segments": [{**GOOD, "speaker": None, "confidence": None}]})
    assert parsed == ParsedTranscript((Segment(0, 1_000, "hello"),))


def test_native_segments_are_sorted_by_start_and_ties_keep_their_order() -> None:
    rows = [(2, "c"), (1, "a"), (1, "b")]
    parsed = parse({"segments": [{"start": at, "end": 3, "text": text} for at, text in rows]})
    assert [segment.text for segment in parsed.segments] == ["a", "b", "c"]


def test_native_zero_length_segment_becomes_one_millisecond() -> None:
    (segment,) = parse({"segments": [{**GOOD, "start": 2, "end": 2}]}).segments
    assert (segment.start_ms, segment.end_ms) == (2_000, 2_001)


def test_native_text_is_cleaned_of_control_characters_except_tabs_and_breaks() -> None:
    (segment,) = parse({"segments": [{**GOOD, "text": "\ufeff a\u0007\tb\r\nc\u0085\ufeffd\x7f  e \n"}]}).segments
    assert segment.text == "a\tb\r\ncd  e"


@pytest.mark.parametrize("text", ["", "  ", "\u0001\u0002", "\ufeff", "\u3000\n"])
def test_native_empty_text_is_refused_with_its_index(text: str) -> None:
    error = segment_error(text=text)
    assert (error.param, error.details) == ("segments.1.text", {"index": 1})


@pytest.mark.parametrize("text", [None, 5, ["a"], True])
def test_native_text_that_is_not_a_string_is_refused(text: Any) -> None:
    assert segment_error(text=text).param == "segments.1.text"


@pytest.mark.parametrize("value", [True, False, "1", None, -0.001, 604_800.001, 1e300, [], {}])
@pytest.mark.parametrize("field", ["start", "end"])
def test_native_time_that_is_not_a_number_within_168_hours_is_refused(field: str, value: Any) -> None:
    error = segment_error(**{"start": 0, "end": 604_800, field: value})
    assert (error.param, error.details) == (f"segments.1.{field}", {"index": 1})


def test_native_missing_end_is_refused() -> None:
    assert refused({"segments": [{"start": 0, "text": "a"}]}).param == "segments.0.end"


def test_native_168_hours_are_accepted() -> None:
    assert parse({"segments": [{**GOOD, "end": 604_800}]}).segments[0].end_ms == 604_800_000


def test_native_end_before_start_is_refused() -> None:
    error = segment_error(start=2, end=1.5)
    assert error.message == "`segments.1.end` must not be less than `start`."
    assert error.param == "segments.1.end"


@pytest.mark.parametrize("confidence", [-0.1, 1.1, True, "0.5", []])
def test_native_confidence_outside_0_to_1_is_refused(confidence: Any) -> None:
    assert segment_error(confidence=confidence).param == "segments.1.confidence"


@pytest.mark.parametrize("speaker", ["", " \n", "x" * 129, "\U0001f600" * 65, 3, ["Ada"], "\u0001"])
def test_native_speaker_outside_1_to_128_units_is_refused(speaker: Any) -> None:
    assert segment_error(speaker=speaker).param == "segments.1.speaker"


@pytest.mark.parametrize("speaker", ["x" * 128, "\U0001f600" * 64, "A"])
def test_native_speaker_of_1_to_128_units_is_accepted(speaker: str) -> None:
    assert parse({"segments": [{**GOOD, "speaker": speaker}]}).segments[0].speaker == speaker


@pytest.mark.parametrize("language", ["english", "e", "pt_BR", "", 5, "en-", "en--US", "\u0660\u0660"])
def test_native_language_that_is_not_a_tag_is_refused(language: Any) -> None:
    assert refused({"segments": [GOOD], "language": language}).param == "language"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("EN", "en"),
        ("pt-br", "pt-BR"),
        ("ZH-HANT-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("de-1996", "de-1996"),
    ],
)
def test_native_language_case_is_normalised(given: str, stored: str) -> None:
    assert parse({"segments": [GOOD], "language": given}).language == stored


@pytest.mark.parametrize(
    "moment",
    ["2026-05-20T12:00:00", "2026-05-20", "20 May", 5, "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+23:59"],
)
def test_native_recorded_at_that_is_not_a_full_time_is_refused(moment: Any) -> None:
    assert refused({"segments": [GOOD], "recorded_at": moment}).param == "recorded_at"


@pytest.mark.parametrize("name", ["", "x" * 256, 5])
def test_native_name_outside_1_to_255_is_refused(name: Any) -> None:
    assert refused({"segments": [GOOD], "name": name}).param == "name"


def test_native_metadata_of_16_kib_is_accepted_and_a_byte_more_refused() -> None:
    overhead = len('{"a":""}')
    assert parse({"segments": [GOOD], "metadata": {"a": "x" * (16_384 - overhead)}}).metadata
    assert refused({"segments": [GOOD], "metadata": {"a": "x" * (16_385 - overhead)}}).param == "metadata"


@pytest.mark.parametrize("metadata", [[], "a", 1, False])
def test_native_metadata_that_is_not_an_object_is_refused(metadata: Any) -> None:
    assert refused({"segments": [GOOD], "metadata": metadata}).param == "metadata"


@pytest.mark.parametrize("segments", [None, {}, "a", 5])
def test_native_segments_that_are_not_an_array_are_refused(segments: Any) -> None:
    assert refused({"segments": segments}).param == "segments"


def test_native_segment_that_is_not_an_object_is_refused() -> None:
    error = refused({"segments": [GOOD, [0, 1, "a"]]})
    assert (error.param, error.details) == ("segments.1", {"index": 1})


def test_native_no_segments_is_refused() -> None:
    assert refused({"segments": []}).message == "The transcript has no words."


@pytest.mark.parametrize("document", [{}, [], 5, None, {"text": "hello"}, {"results": []}, {"words": []}])
def test_json_of_unknown_shape_is_refused_with_the_four_known_shapes(document: Any) -> None:
    error = refused(document)
    assert error.param == "segments"
    assert all(name in error.message for name in ("native", "whisper", "Deepgram", "AssemblyAI"))


def test_json_errors_never_quote_the_transcript() -> None:
    for changes in (
        {"end": "zebra"},
        {"speaker": "zebra" * 40},
        {"text": ["zebra"]},
        {"confidence": "zebra"},
    ):
        assert "zebra" not in segment_error(**changes).message
