"""SubRip: parsed tolerantly, except for time lines."""

from __future__ import annotations

import pytest

from earmark.errors import InvalidError
from earmark.transcripts import parse_transcript
from earmark.transcripts.types import Segment

TWO = "1\n00:00:01,000 --> 00:00:02,500\nOne\nmore.\n\n2\n01:00:00,000 --> 01:00:01,000\nTwo."


def parse(text: str) -> tuple[Segment, ...]:
    return parse_transcript(text.encode(), media_type="application/x-subrip").segments


def payload(text: str) -> list[tuple[str | None, str]]:
    return [(segment.speaker, segment.text) for segment in parse(f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n")]


def bad_line(text: str) -> int:
    with pytest.raises(InvalidError) as caught:
        parse(text)
    return int(caught.value.details["line"])


@pytest.mark.parametrize(
    "text",
    [
        TWO,
        "\ufeff" + TWO,
        TWO.replace("\n", "\r\n"),
        TWO + "\n\n\n",
        TWO.replace(",", "."),
        TWO.replace("00:00:01,000", "0:00:1,0").replace("02,500", "02,5"),
        TWO.replace("1\n00", "00", 1).replace("2\n01", "01"),
        TWO.replace("\n\n", "\n"),
        TWO.replace("\n\n", "\n \n\t\n"),
        TWO.replace("02,500", "02,500  X1:40 X2:600 Y1:20 Y2:50"),
        TWO.replace("One", "<i>One</i>{\\an8}").replace("Two.", '<font color="red">Two.</font>'),
    ],
)
def test_subrip_common_variants_parse_the_same(text: str) -> None:
    assert parse(text) == (Segment(1_000, 2_500, "One more."), Segment(3_600_000, 3_601_000, "Two."))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ada: hello", [("Ada", "hello")]),
        ("Dr. Ada M. Lovelace: hello", [("Dr. Ada M. Lovelace", "hello")]),
        ("SPEAKER_00: hello", [("SPEAKER_00", "hello")]),
        ("Speaker 1:", []),
        ("田中：こんにちは", [("田中", "こんにちは")]),
        ("https://example.com is up", [(None, "https://example.com is up")]),
        ("at 10:30: go", [(None, "at 10:30: go")]),
        ("12: go", [(None, "12: go")]),
        ("C:\\temp is full", [(None, "C:\\temp is full")]),
        ("one two three four five: go", [(None, "one two three four five: go")]),
        ("X" * 129 + ": go", [(None, "X" * 129 + ": go")]),
        ("X" * 128 + ": go", [("X" * 128, "go")]),
        ("Well, he said: go", [(None, "Well, he said: go")]),
        ("I know\nThing: go", [(None, "I know Thing: go")]),
        ("<laughs> hello", [(None, "<laughs> hello")]),
    ],
)
def test_subrip_only_text_that_looks_like_a_name_is_a_speaker(text: str, said: list[tuple[str | None, str]]) -> None:
    if said:
        assert payload(text) == said
    else:
        with pytest.raises(InvalidError, match="no words"):
            payload(text)


@pytest.mark.parametrize(
    ("times", "span", "code"),
    [
        ("00:00:01,000 -> 00:00:02,000", (1_000, 2_000), None),
        ("00:00:01,000 --> 00:00:xx,000", (1_000, 1_400), "end_missing"),
        ("00:00:01 --> 00:00:02", (1_000, 2_000), None),
        ("00:00:01,000 -->", (1_000, 1_400), "end_missing"),
        ("00:00:02,000 --> 00:00:01,000", (2_000, 2_001), "ends_before_start"),
        ("00.00.01,000 --> 00.00.02,000", (1_000, 2_000), None),
        ("00:00:01:500 --> 00:00:02:500", (1_500, 2_500), None),
        ("00:00:01;500 --> 00:00:02;500", (1_500, 2_500), None),
        ("00:00:01, 500 --> 00:00:02, 500", (1_500, 2_500), None),
        ("0:0:1.5 --> 0:0:2.25", (1_500, 2_250), None),
        ("00:00:01.5000000 → 00:00:02.2500000", (1_500, 2_250), None),
    ],
)
def test_subrip_time_line_is_read_in_every_spelling_or_repaired(
    times: str, span: tuple[int, int], code: str | None
) -> None:
    file = f"1\n00:00:00,000 --> 00:00:00,500\nfine\n\n2\n{times}\nwords\n"
    parsed = parse_transcript(file.encode(), media_type="application/x-subrip")
    assert [(one.start_ms, one.end_ms, one.text) for one in parsed.segments] == [(0, 500, "fine"), (*span, "words")]
    assert [(warning.line, warning.code) for warning in parsed.warnings] == ([] if code is None else [(6, code)])


@pytest.mark.parametrize("times", ["00:99:01,000 --> 00:99:02,000", "xx:xx:1 --> 2:"])
def test_subrip_cue_whose_times_make_no_sense_is_left_out_with_its_line(times: str) -> None:
    file = f"1\n00:00:00,000 --> 00:00:00,500\nfine\n\n2\n{times}\nwords\n"
    parsed = parse_transcript(file.encode(), media_type="application/x-subrip")
    assert [one.text for one in parsed.segments] == ["fine"]
    assert [warning.line for warning in parsed.warnings] == [6]
    assert bad_line(f"1\n{times}\nwords\n") == 2


def test_subrip_words_after_a_blank_line_belong_to_their_cue_and_are_said() -> None:
    file = "1\n00:00:00,000 --> 00:00:00,500\nfine\n\nstray\n\n2\n00:00:01,000 --> 00:00:02,000\nb\n"
    parsed = parse_transcript(file.encode(), media_type="application/x-subrip")
    assert [one.text for one in parsed.segments] == ["fine stray", "b"]
    assert [(warning.line, warning.code) for warning in parsed.warnings] == [(5, "blank_line")]


def test_subrip_number_without_a_cue_at_the_end_is_no_word() -> None:
    assert parse("1\n00:00:00,000 --> 00:00:00,500\nfine\n\n2\n") == (Segment(0, 500, "fine"),)


def test_subrip_number_that_somebody_says_is_a_word() -> None:
    said = parse("00:00:00,000 --> 00:00:00,500\n40\n\n00:00:01,000 --> 00:00:02,000\nYes.\n")
    assert [one.text for one in said] == ["40", "Yes."]


def test_subrip_empty_cues_are_dropped() -> None:
    text = "1\n00:00:00,000 --> 00:00:00,500\n\n2\n00:00:01,000 --> 00:00:02,000\nwords\n"
    assert parse(text) == (Segment(1_000, 2_000, "words"),)


def test_subrip_cues_out_of_order_are_sorted() -> None:
    text = "1\n00:00:05,000 --> 00:00:06,000\nb\n\n2\n00:00:01,000 --> 00:00:02,000\na\n"
    assert [segment.text for segment in parse(text)] == ["a", "b"]


def test_subrip_empty_file_is_refused() -> None:
    with pytest.raises(InvalidError, match="no words"):
        parse("")
