"""earmark's own JSON, and recognising a document's shape."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from earmark.errors import InvalidError
from earmark.transcripts import parse_transcript
from earmark.transcripts.types import ParsedTranscript, RecordedAt, Segment

GOOD: dict[str, Any] = {"start": 0, "end": 1, "text": "hello"}


def parse(document: Any) -> ParsedTranscript:
    return parse_transcript(json.dumps(document).encode(), media_type="application/json")


def refused(document: Any) -> InvalidError:
    with pytest.raises(InvalidError) as caught:
        parse(document)
    return caught.value


def repaired(**changes: Any) -> tuple[Segment, list[tuple[int | None, str]]]:
    """Return the changed second segment as stored, and what is said about it."""
    parsed = parse({"segments": [{**GOOD, "text": "first"}, {**GOOD, **changes}]})
    return parsed.segments[-1], [(warning.index, warning.code) for warning in parsed.warnings]


def left_out(**changes: Any) -> InvalidError:
    """Return the refusal of a file whose only segment is this one."""
    return refused({"segments": [{**GOOD, **changes}]})


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
    assert parsed.recorded == RecordedAt(datetime(2026, 5, 20, 10, 0, 0, 500_000, tzinfo=UTC), 120)
    assert parsed.metadata == {"a": 1}


@pytest.mark.parametrize("field", ["created_at", "createdAt", "timestamp", "updated_at"])
@pytest.mark.parametrize("rows", ["segments", "lines"])
def test_when_a_file_was_made_is_not_when_it_was_recorded(rows: str, field: str) -> None:
    parsed = parse({rows: [GOOD, {**GOOD, "start": 1, "end": 2}], field: "2026-05-20T12:00:00Z"})
    assert parsed.recorded is None


@pytest.mark.parametrize("field", ["started_at", "recordedAt", "date"])
def test_the_beginning_that_a_file_names_is_when_it_was_recorded(field: str) -> None:
    parsed = parse({"segments": [GOOD], "created_at": "2026-11-01T08:00:00Z", field: "2026-05-20T12:00:00Z"})
    assert parsed.recorded == RecordedAt(datetime(2026, 5, 20, 12, tzinfo=UTC), None)


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
def test_native_segment_without_words_is_dropped(text: str) -> None:
    assert repaired(text=text) == (Segment(0, 1_000, "first"), [])


@pytest.mark.parametrize("text", [None, 5, ["a"], True])
def test_native_segment_whose_text_is_no_string_is_left_out_and_said(text: Any) -> None:
    assert repaired(text=text) == (Segment(0, 1_000, "first"), [(1, "no_text")])
    error = left_out(text=text)
    assert (error.message, error.details) == ("Item 0: `segments.0` has no text.", {"index": 0})


@pytest.mark.parametrize("start", [True, "x", None, [], {}, 1e300])
def test_native_start_that_is_no_time_is_taken_from_the_segment_before(start: Any) -> None:
    assert repaired(start=start, end=3) == (Segment(1_000, 3_000, "hello"), [(1, "start_missing")])


@pytest.mark.parametrize("end", [True, "x", None, [], {}, 1e300])
def test_native_end_that_is_no_time_is_estimated(end: Any) -> None:
    assert repaired(start=2, end=end) == (Segment(2_000, 2_400, "hello"), [(1, "end_missing")])


@pytest.mark.parametrize(
    ("start", "end"), [("2.0", "4.0"), ("00:00:02.000", "00:00:04,000"), ("2s", "4.0s"), ("PT2S", "PT4S")]
)
def test_native_times_in_strings_are_read(start: str, end: str) -> None:
    assert repaired(start=start, end=end) == (Segment(2_000, 4_000, "hello"), [])


def test_native_time_below_zero_is_zero_if_it_is_nearly_that_and_left_out_otherwise() -> None:
    assert repaired(start=-0.5) == (Segment(0, 1_000, "hello"), [(1, "negative_time")])
    assert repaired(start=-5)[1] == [(1, "negative_time")]


def test_native_time_after_168_hours_is_left_out() -> None:
    assert repaired(start=604_801, end=604_802) == (Segment(0, 1_000, "first"), [(1, "too_late")])


def test_native_168_hours_are_accepted() -> None:
    assert parse({"segments": [{**GOOD, "end": 604_800}]}).segments[0].end_ms == 604_800_000


def test_native_end_before_start_becomes_one_millisecond_after_it() -> None:
    assert repaired(start=2, end=1.5) == (Segment(2_000, 2_001, "hello"), [(1, "ends_before_start")])


@pytest.mark.parametrize("confidence", [-0.1, 1.1, True, "high", []])
def test_native_confidence_outside_0_to_1_is_none(confidence: Any) -> None:
    assert repaired(confidence=confidence)[0].confidence is None


@pytest.mark.parametrize("speaker", ["", " \n", [], {}, "\u0001"])
def test_native_speaker_that_names_nobody_is_none(speaker: Any) -> None:
    assert repaired(speaker=speaker) == (Segment(0, 1_000, "hello"), [])


def test_native_speaker_over_128_units_is_cut_and_said() -> None:
    segment, said = repaired(speaker="x" * 129)
    assert (segment.speaker, said) == ("x" * 64, [(1, "speaker_cut")])


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


def test_native_segment_that_is_not_an_object_is_left_out() -> None:
    parsed = parse({"segments": [GOOD, [0, 1, "a"]]})
    assert [(warning.index, warning.message) for warning in parsed.warnings] == [
        (1, "`segments.1` must be an object; it was left out.")
    ]


def test_file_of_which_more_than_three_items_and_a_tenth_are_unreadable_is_refused_with_five_reasons() -> None:
    bad = {"start": 0, "end": 1}
    assert parse({"segments": [*[GOOD] * 5, *[bad] * 3]}).warnings_total == 3
    error = refused({"segments": [*[GOOD] * 5, *[bad] * 6]})
    assert error.message.startswith("6 of 11 items can't be read. Item 5: `segments.5` has no text. Item 6: ")
    assert error.message.count("Item") == 5
    assert parse({"segments": [*[GOOD] * 60, *[bad] * 6]}).warnings_total == 6


def test_at_most_100_warnings_are_returned_with_their_total() -> None:
    parsed = parse({"segments": [{**GOOD, "end": -1}] * 150})
    assert (len(parsed.warnings), parsed.warnings_total) == (100, 150)


def test_native_no_segments_is_refused() -> None:
    assert refused({"segments": []}).message == "The transcript has no words."


@pytest.mark.parametrize("document", [{}, [], {"text": ""}, {"results": []}, {"words": []}])
def test_json_of_unknown_shape_is_refused_with_the_known_shapes(document: Any) -> None:
    error = refused(document)
    assert error.param == "segments"
    assert all(name in error.message for name in ("native", "whisper", "Deepgram", "AssemblyAI"))


def test_warnings_and_errors_never_quote_the_transcript() -> None:
    changes: list[dict[str, Any]] = [
        {"end": "zebra"},
        {"speaker": "zebra" * 40},
        {"text": ["zebra"]},
        {"start": "zebra"},
    ]
    for change in changes:
        parsed = parse({"segments": [{**GOOD, "text": "first"}, {**GOOD, **change}]})
        assert parsed.warnings
        assert all("zebra" not in warning.message for warning in parsed.warnings)
    assert "zebra" not in left_out(text=["zebra"]).message
