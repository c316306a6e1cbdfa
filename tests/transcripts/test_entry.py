"""Entry rules common to all formats."""

from __future__ import annotations

import json

import pytest

from earmark.errors import InvalidError
from earmark.transcripts import parse_transcript
from earmark.transcripts.limits import count_units
from earmark.transcripts.normalise import cut_text
from earmark.transcripts.types import Segment


def native(*rows: tuple[float, float, str]) -> tuple[Segment, ...]:
    segments = [{"start": start, "end": end, "text": text, "speaker": "Ada"} for start, end, text in rows]
    return parse_transcript(json.dumps({"segments": segments}).encode(), media_type="application/json").segments


def test_text_of_10000_units_is_not_cut() -> None:
    assert len(native((0, 1, "x" * 10_000))) == 1


def test_long_text_is_cut_at_the_last_sentence_end_that_fits() -> None:
    first, second = "x" * 5_000 + " End.", "Y" * 2_000 + " " + "z" * 7_000
    assert cut_text(f"{first} {second}") == [first, second]


def test_long_text_without_sentences_is_cut_at_spaces() -> None:
    assert cut_text("x" * 6_000 + " " + "y" * 6_000) == ["x" * 6_000, "y" * 6_000]


def test_long_text_cut_right_before_a_space_loses_nothing() -> None:
    assert cut_text("x" * 10_000 + " " + "y") == ["x" * 10_000, "y"]


def test_long_text_without_spaces_is_cut_at_10000_units() -> None:
    assert [len(part) for part in cut_text("x" * 25_000)] == [10_000, 10_000, 5_000]


def test_long_text_is_never_cut_inside_a_surrogate_pair() -> None:
    parts = cut_text("x" + "\U0001f600" * 6_000)  # 1 + 2 * 4,999 units fit, one unit more would not
    assert [count_units(part) for part in parts] == [9_999, 2_002]
    assert "".join(parts) == "x" + "\U0001f600" * 6_000


def test_parts_of_a_long_segment_share_its_time_by_length_and_have_its_speaker() -> None:
    segments = native((1, 5, "x" * 10_000 + "y" * 10_000))
    assert segments == (
        Segment(1_000, 3_000, "x" * 10_000, "Ada"),
        Segment(3_000, 5_000, "y" * 10_000, "Ada"),
    )


def test_parts_of_a_segment_without_duration_last_one_millisecond_each() -> None:
    assert [(s.start_ms, s.end_ms) for s in native((1, 1, "x" * 25_000))] == [
        (1_000, 1_001),
        (1_001, 1_002),
        (1_002, 1_003),
    ]


def test_parts_of_a_long_segment_are_sorted_among_the_others() -> None:
    segments = native((0, 4, "x" * 20_000), (1, 2, "other"))
    assert [segment.start_ms for segment in segments] == [0, 1_000, 2_000]


def test_more_segments_than_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earmark.transcripts.normalise.MAX_SEGMENTS", 3)
    body = b"WEBVTT\n\n00:00.000 --> 00:01.000\n" + b"<v>a" * 4
    with pytest.raises(InvalidError, match=r"more than 1,000,000 segments"):
        parse_transcript(body, media_type="text/vtt")


def test_long_text_is_cut_after_the_closing_quote_mark() -> None:
    first = "X" * 9_998 + ".”"
    assert cut_text(f"{first} Then more.") == [first, "Then more."]


def test_long_text_of_very_many_sentences_is_cut_at_the_last_that_fits() -> None:
    assert cut_text("Abc. " * 3_000) == [("Abc. " * 2_000).strip(), ("Abc. " * 1_000).strip()]
