"""WebVTT: cues, voices, tags, entities, and errors that name the line."""

from __future__ import annotations

import pytest

from earmark.errors import InvalidError
from earmark.transcripts import parse_transcript
from earmark.transcripts.types import ParsedTranscript, Segment


def parse(text: str) -> ParsedTranscript:
    return parse_transcript(text.encode(), media_type="text/vtt")


def payload(text: str) -> tuple[Segment, ...]:
    """Return the segments of one cue from 1 s to 2 s."""
    return parse(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{text}\n").segments


def bad_line(text: str) -> int:
    with pytest.raises(InvalidError) as caught:
        parse(text)
    line = caught.value.details["line"]
    assert caught.value.message.startswith(f"Line {line}: ")
    return int(line)


def test_webvtt_cues_with_and_without_hours_and_identifier_are_read() -> None:
    parsed = parse(
        "WEBVTT - a title\n\n1\n00:01.000 --> 00:02.500\nOne.\n\n100:00:00.250 --> 100:00:01.000 align:start\nTwo."
    )
    assert parsed.segments == (Segment(1_000, 2_500, "One."), Segment(360_000_250, 360_001_000, "Two."))
    assert (parsed.provider, parsed.engine) == (None, "import")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_webvtt_every_line_ending_is_read(newline: str) -> None:
    text = newline.join(["\ufeffWEBVTT", "", "00:00.000 --> 00:01.000", "a", "b", ""])
    assert parse(text).segments == (Segment(0, 1_000, "a b"),)


def test_webvtt_notes_styles_and_regions_are_ignored() -> None:
    blocks = "STYLE\n::cue { color: red }\n\nREGION\nid:fred\n\nNOTE\nwho knows\n\nNOTE one line\n\n"
    assert parse(f"WEBVTT\nKind: captions\n\n{blocks}00:00.000 --> 00:01.000\na\n").segments == (
        Segment(0, 1_000, "a"),
    )


def test_webvtt_identifier_that_begins_like_a_note_is_an_identifier() -> None:
    assert parse("WEBVTT\n\nNOTEWORTHY\n00:00.000 --> 00:01.000\na\n").segments[0].text == "a"


def test_webvtt_language_of_the_header_is_read() -> None:
    assert parse("WEBVTT\nLanguage: pt-br\n\n00:00.000 --> 00:01.000\na\n").language == "pt-BR"


def test_webvtt_tags_and_inner_times_are_removed() -> None:
    assert payload("<i>We</i> <c.loud.x>did</c> <00:01.500><b>it</b> <lang en>all</lang>")[0].text == "We did it all"


def test_webvtt_less_than_sign_outside_a_tag_stays() -> None:
    assert payload("a < b and 3 <4")[0].text == "a < b and 3 <4"


def test_webvtt_entities_are_decoded_once() -> None:
    assert payload("R&amp;D &lt;3 &#233;&#xe9; &nbsp;x&amp;lt;")[0].text == "R&D <3 éé \u00a0x&lt;"


def test_webvtt_ampersand_outside_an_entity_stays() -> None:
    assert payload("AT&T &copy &nosuch; &#" + "9" * 5_000 + ";")[0].text == "AT&T &copy &nosuch; &#" + "9" * 5_000 + ";"


def test_webvtt_entity_cannot_smuggle_in_a_tag_or_a_control_character() -> None:
    assert payload("&lt;v Ada&gt;a&#1;b&#0;c")[0] == Segment(1_000, 2_000, "<v Ada>ab\ufffdc")


def test_webvtt_voice_is_the_speaker() -> None:
    assert payload("<v.loud  Ada &amp; Co >We ship.</v>") == (Segment(1_000, 2_000, "We ship.", "Ada & Co"),)


def test_webvtt_voices_of_one_cue_share_its_time_by_length() -> None:
    assert payload("<v Ada>abc</v>\n<v Bob>abcdefghi") == (
        Segment(1_000, 1_250, "abc", "Ada"),
        Segment(1_250, 2_000, "abcdefghi", "Bob"),
    )


def test_webvtt_words_outside_voices_have_no_speaker() -> None:
    said = [(segment.speaker, segment.text) for segment in payload("hm <v Ada>yes</v> all")]
    assert said == [(None, "hm"), ("Ada", "yes"), (None, "all")]


def test_webvtt_voice_too_long_is_cut_and_said() -> None:
    parsed = parse(f"WEBVTT\n\n00:01.000 --> 00:02.000\n<v {'x' * 129}>a")
    assert parsed.segments == (Segment(1_000, 2_000, "a", "x" * 64),)
    assert [(warning.line, warning.code) for warning in parsed.warnings] == [(3, "speaker_cut")]


def test_webvtt_name_before_a_colon_is_the_speaker() -> None:
    assert payload("Ada: we ship\non Friday")[0] == Segment(1_000, 2_000, "we ship on Friday", "Ada")


def test_webvtt_two_names_in_one_cue_are_two_segments() -> None:
    said = [(segment.speaker, segment.text) for segment in payload("Ada: yes\nBob: no\nnever")]
    assert said == [("Ada", "yes"), ("Bob", "no never")]


def test_webvtt_cue_without_words_is_dropped() -> None:
    silent = "00:00.000 --> 00:01.000\n<i></i>\n\n00:01.000 --> 00:02.000\n\n"
    assert parse(f"WEBVTT\n\n{silent}00:02.000 --> 00:03.000\na\n").segments == (Segment(2_000, 3_000, "a"),)


def test_webvtt_line_of_one_space_does_not_end_a_cue() -> None:
    assert payload(" \nhello<00:01.500><c> world</c>")[0].text == "hello world"


def test_webvtt_zero_length_cue_lasts_one_millisecond() -> None:
    assert parse("WEBVTT\n\n00:01.000 --> 00:01.000\na").segments == (Segment(1_000, 1_001, "a"),)


@pytest.mark.parametrize("head", ["", "1\n", "X-TIMESTAMP-MAP=LOCAL:00:00:00.000\n\n"])
def test_webvtt_without_its_header_is_read(head: str) -> None:
    assert parse(f"{head}00:01.000 --> 00:02.000\na").segments == (Segment(1_000, 2_000, "a"),)


@pytest.mark.parametrize(
    ("times", "span", "code"),
    [
        ("00:01 --> 00:02", (1_000, 2_000), None),
        ("00:01,000 --> 00:02,000", (1_000, 2_000), None),
        ("00:01.000 -->", (1_000, 1_400), "end_missing"),
        ("00:01.000 --> 00:02.0000", (1_000, 2_000), None),
        ("0:01.000 --> 0:02.000", (1_000, 2_000), None),
        ("00:01.000 --> 00:00.999", (1_000, 1_001), "ends_before_start"),
        ("00:01.000 --> 00:61.000", (1_000, 1_400), "end_missing"),
        ("\u0660\u0660:\u0660\u0661.000 --> 00:02.000", (1_000, 2_000), None),
    ],
)
def test_webvtt_times_are_read_or_repaired(times: str, span: tuple[int, int], code: str | None) -> None:
    parsed = parse(f"WEBVTT\n\n00:00.000 --> 00:00.500\nfine\n\nid\n{times}\nwords\n")
    assert [(one.start_ms, one.end_ms, one.text) for one in parsed.segments] == [(0, 500, "fine"), (*span, "words")]
    assert [(warning.line, warning.code) for warning in parsed.warnings] == ([] if code is None else [(7, code)])


@pytest.mark.parametrize("times", ["99999999999:00:00.000 --> 99999999999:00:01.000", "-0:99:1.000 --> 0:99:02"])
def test_webvtt_cue_without_a_readable_time_is_left_out_with_its_line(times: str) -> None:
    parsed = parse(f"WEBVTT\n\n00:00.000 --> 00:00.500\nfine\n\nid\n{times}\nwords\n")
    assert [one.text for one in parsed.segments] == ["fine"]
    assert [(warning.line, warning.code) for warning in parsed.warnings] == [(7, "times_unreadable")]
    assert bad_line(f"WEBVTT\n\n{times}\nwords\n") == 3


def test_webvtt_arrow_in_the_words_stays() -> None:
    assert parse("WEBVTT\n\n00:00.000 --> 00:01.000\na\nb --> c\n").segments == (Segment(0, 1_000, "a b --> c"),)


def test_webvtt_blank_line_between_times_and_words_is_no_fault() -> None:
    parsed = parse("WEBVTT\n\n00:00.000 --> 00:01.000\n\na\n\n00:01.000 --> 00:02.000\nb\n")
    assert [one.text for one in parsed.segments] == ["a", "b"]
    assert parsed.warnings == ()


def test_webvtt_header_in_the_middle_is_no_word() -> None:
    text = "WEBVTT\n\n00:00.000 --> 00:01.000\na\n\nWEBVTT\nX-TIMESTAMP-MAP=MPEGTS:9,LOCAL:00:00:00.000\n\n"
    parsed = parse(f"{text}00:01.000 --> 00:02.000\nb\n\nNOTE\nend\n")
    assert [one.text for one in parsed.segments] == ["a", "b"]


def test_webvtt_missing_empty_line_between_cues_is_accepted() -> None:
    text = "WEBVTT\n\n1\n00:00.000 --> 00:01.000\na\n2\n00:01.000 --> 00:02.000\nb\n"
    assert parse(text).segments == (Segment(0, 1_000, "a"), Segment(1_000, 2_000, "b"))


def test_webvtt_broken_byte_is_replaced_and_said() -> None:
    body = "WEBVTT\r\n\r\n00:00.000 --> 00:01.000\r\nf\u00fcr \u00fcber".encode() + b"\xff\r\n"
    parsed = parse_transcript(body, media_type="text/vtt")
    assert parsed.segments[0].text == "für über\ufffd"
    assert [(warning.line, warning.code) for warning in parsed.warnings] == [(4, "broken_characters")]


def test_webvtt_without_cues_is_refused() -> None:
    with pytest.raises(InvalidError, match="no words"):
        parse("WEBVTT\n")
