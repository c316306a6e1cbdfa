"""Plain text: dialogue, leading times, prose; sentence ends and durations."""

from __future__ import annotations

import pytest

from earmark.errors import InvalidError
from earmark.transcripts import parse_transcript
from earmark.transcripts.sentences import ends_sentence, split_sentences
from earmark.transcripts.timing import estimate_time_ms, share_time
from earmark.transcripts.types import ParsedTranscript, Segment


def parse(text: str) -> ParsedTranscript:
    return parse_transcript(text.encode(), media_type="text/plain")


def said(text: str) -> list[tuple[str | None, str]]:
    return [(segment.speaker, segment.text) for segment in parse(text).segments]


def test_plain_dialogue_is_one_segment_a_line_at_400_ms_a_word() -> None:
    parsed = parse("Ada: we ship on Friday\n\nBob: no\n")
    assert parsed.segments == (
        Segment(0, 1_600, "we ship on Friday", "Ada"),
        Segment(1_600, 2_000, "no", "Bob"),
    )
    assert (parsed.engine, parsed.provider) == ("import/estimated", None)


def test_plain_line_without_a_name_continues_the_last_speaker() -> None:
    assert said("So, this is it.\nAda: one\ntwo\nBob: three\nBob: and\nBob:\nfour") == [
        (None, "So, this is it."),
        ("Ada", "one"),
        ("Ada", "two"),
        ("Bob", "three"),
        ("Bob", "and"),
        ("Bob", "four"),
    ]


def test_plain_names_in_half_of_the_lines_do_not_make_a_dialogue() -> None:
    assert said("Ada: one\ntwo") == [(None, "Ada: one\ntwo")]


def test_plain_prose_is_one_segment_a_sentence() -> None:
    assert parse("We ship on Friday. Do we? Yes!").segments == (
        Segment(0, 1_600, "We ship on Friday."),
        Segment(1_600, 2_400, "Do we?"),
        Segment(2_400, 2_800, "Yes!"),
    )


def test_plain_prose_keeps_line_breaks_within_a_sentence() -> None:
    assert [text for _, text in said("We ship\r\non Friday.\r\n\r\nAnd then")] == [
        "We ship\r\non Friday.",
        "And then",
    ]


@pytest.mark.parametrize(
    ("stamps", "starts"),
    [
        (("[00:12:03]", "[00:12:05.5]"), (723_000, 725_500)),
        (("00:12", "1:00"), (12_000, 60_000)),
        (("(12:03)", "(75:10)"), (723_000, 4_510_000)),
        (("00:00 -", "00:01 –"), (0, 1_000)),
    ],
)
def test_plain_leading_times_are_start_times(stamps: tuple[str, str], starts: tuple[int, int]) -> None:
    parsed = parse(f"{stamps[0]} Ada: one two three\n{stamps[1]} Bob: four five\n")
    assert parsed.segments == (
        Segment(starts[0], starts[1], "one two three", "Ada"),
        Segment(starts[1], starts[1] + 800, "four five", "Bob"),
    )
    assert parsed.engine == "import"


def test_plain_leading_times_without_names_are_read() -> None:
    assert parse("0:00 hello\n0:05 all\n").segments == (
        Segment(0, 5_000, "hello"),
        Segment(5_000, 5_400, "all"),
    )


def test_plain_times_on_separate_lines_apply_to_the_lines_below() -> None:
    parsed = parse("[00:00:10]\nAda: abcd\nmore\n[00:00:20]\nBob: end")
    assert parsed.segments == (
        Segment(10_000, 15_000, "abcd", "Ada"),
        Segment(15_000, 20_000, "more", "Ada"),
        Segment(20_000, 20_400, "end", "Bob"),
    )


def test_plain_times_out_of_order_are_sorted_and_their_ends_estimated() -> None:
    assert parse("[00:10] b c\n[00:05] a\n").segments == (
        Segment(5_000, 5_400, "a"),
        Segment(10_000, 10_800, "b c"),
    )


def test_plain_time_of_day_in_prose_is_part_of_the_words() -> None:
    prose = "12:30 we left\nthe house\nand went\nhome"
    assert said(prose) == [(None, prose)]


def test_plain_time_after_168_hours_is_refused_with_its_line() -> None:
    with pytest.raises(InvalidError) as caught:
        parse("[00:01] a\n[168:00:01] b\n")
    assert caught.value.details == {"line": 2}


def test_plain_time_with_sixty_minutes_after_hours_is_not_a_time() -> None:
    assert said("[1:60:00] a") == [(None, "[1:60:00] a")]


def test_plain_text_longer_than_168_hours_is_refused() -> None:
    words = 168 * 3_600 * 1_000 // 400
    assert parse_transcript(b"a " * words, media_type="text/plain").segments[-1].end_ms == 604_800_000
    with pytest.raises(InvalidError, match="168 hours"):
        parse_transcript(b"a " * words + b"a", media_type="text/plain")


@pytest.mark.parametrize("text", ["", " \n\t", "\ufeff", "Ada:\nBob:\n"])
def test_plain_without_words_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="no words"):
        parse(text)


def test_plain_text_that_is_no_utf8_is_read_as_windows_1252_and_said() -> None:
    parsed = parse_transcript("one\rtwo\r\nthree – für alle".encode("cp1252"), media_type="text/plain")
    assert parsed.segments[-1].text.endswith("three – für alle")
    assert parsed.warnings[0].code == "encoding_guessed"


@pytest.mark.parametrize(
    "sentences",
    [
        ["Dr. Smith met J. Doe at 5 p.m. in the U.S. Senate.", "They left."],
        ["It costs 3.50, e.g. today.", "See no. 5 and fig. 2.", "I said no.", "Then I went."],
        ['"Really?" she asked.', "“Yes.”", "(It was.)", "Good…", "Wait...", "What?!"],
        ["1. Buy milk.", "Then go home."],
        ["我们星期五发布。", "真的吗？", "是！"],
        ["「はい。」", "そうです。"],
        ["هل تأتي؟", "نعم."],
        ["हम आएंगे।", "ठीक है॥", "चलो"],
        ["So am I.", "See U2 live etc. and more"],
        ["no capitals here.", "so every stop counts.", "yes"],
        ["version 2.0 of node.js is out"],
    ],
)
def test_split_sentences_finds_each(sentences: list[str]) -> None:
    glue = "" if ord(sentences[0][0]) > 0x3000 else " "
    assert list(split_sentences(glue.join(sentences))) == sentences


def test_split_sentences_empty_line_ends_a_sentence() -> None:
    assert list(split_sentences("A title\n\nWords go\non\r\n \r\nend")) == ["A title", "Words go\non", "end"]


def test_split_sentences_crlf_is_not_an_empty_line() -> None:
    assert list(split_sentences("a\r\nb")) == ["a\r\nb"]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("end.", True),
        ("end.”", True),
        ("Dr.", False),
        ("J.", False),
        ("a", False),
        ("。", True),
        ('"', False),
    ],
)
def test_ends_sentence_recognises_abbreviations(word: str, expected: bool) -> None:
    assert ends_sentence(word) is expected


@pytest.mark.parametrize(
    ("text", "expected_ms"),
    [
        ("one", 400),
        ("one two  three\n", 1_200),
        ("こんにちは。", 1_200),  # 6 characters are 3 words
        ("我", 400),  # at least a word
        ("สวัสดีครับ", 2_000),  # 10 characters are 5 words
        ("안녕 하세요", 800),  # Korean has spaces
        ("我们 use Python", 1_200),  # most of it has spaces
    ],
)
def test_estimate_time_is_400_ms_a_word(text: str, expected_ms: int) -> None:
    assert estimate_time_ms(text) == expected_ms


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "weights", "spans"),
    [
        (0, 100, [1, 3], [(0, 25), (25, 100)]),
        (5, 5, [9], [(5, 6)]),
        (0, 1, [5, 5, 5], [(0, 1), (1, 2), (2, 3)]),
        (0, 3, [1_000, 1, 1], [(0, 1), (1, 2), (2, 3)]),
        (0, 4, [1, 1, 1_000], [(0, 1), (1, 2), (2, 4)]),
    ],
)
def test_share_time_gives_each_part_its_share_but_at_least_1_ms(
    start_ms: int, end_ms: int, weights: list[int], spans: list[tuple[int, int]]
) -> None:
    assert share_time(start_ms, end_ms, weights) == spans
