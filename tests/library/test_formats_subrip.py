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
        ("x" * 41 + ": go", [(None, "x" * 41 + ": go")]),
        ("x" * 40 + ": go", [("x" * 40, "go")]),
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
    "times",
    [
        "00:00:01,000 -> 00:00:02,000",
        "00:00:01,000 --> 00:00:xx,000",
        "00:00:01 --> 00:00:02",
        "00:00:01,000 -->",
        "00:00:02,000 --> 00:00:01,000",
        "00:99:01,000 --> 00:99:02,000",
        "168:00:00,000 --> 168:00:00,001",
    ],
)
def test_subrip_broken_time_line_is_refused_with_its_line(times: str) -> None:
    assert bad_line(f"1\n00:00:00,000 --> 00:00:00,500\nfine\n\n2\n{times}\nwords\n") == 6


def test_subrip_block_without_times_is_refused_with_its_line() -> None:
    assert bad_line("1\n00:00:00,000 --> 00:00:00,500\nfine\n\nstray\n") == 5


def test_subrip_lone_number_at_the_end_is_refused() -> None:
    assert bad_line("1\n00:00:00,000 --> 00:00:00,500\nfine\n\n2\n") == 5


def test_subrip_empty_cues_are_dropped() -> None:
    text = "1\n00:00:00,000 --> 00:00:00,500\n\n2\n00:00:01,000 --> 00:00:02,000\nwords\n"
    assert parse(text) == (Segment(1_000, 2_000, "words"),)


def test_subrip_cues_out_of_order_are_sorted() -> None:
    text = "1\n00:00:05,000 --> 00:00:06,000\nb\n\n2\n00:00:01,000 --> 00:00:02,000\na\n"
    assert [segment.text for segment in parse(text)] == ["a", "b"]


def test_subrip_empty_file_is_refused() -> None:
    with pytest.raises(InvalidError, match="no words"):
        parse("")
