"""Every format in which a transcript is exported can be imported again."""

from __future__ import annotations

import csv
import io
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.transcripts.test_round_trips import transcripts

from earmark.markdown import escape_markdown
from earmark.transcripts import parse_transcript
from earmark.transcripts.types import Segment
from earmark.transcripts.writing import Heading, TranscriptFormat, render_transcript

FORMATS = get_args(TranscriptFormat)
HEADING = Heading("Board call", "2026-05-18T08:30:00Z", "en")
WITH_ENDS = ("vtt", "srt", "csv", "json")


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=60)
@given(said=transcripts())
def test_an_exported_transcript_is_imported_with_the_same_words_speakers_and_times(
    form: TranscriptFormat, said: tuple[Segment, ...]
) -> None:
    read = parse_transcript(render_transcript(form, HEADING, said)).segments
    written = escape_markdown if form == "markdown" else str
    assert [(one.start_ms, one.speaker, one.text) for one in read] == [
        (one.start_ms, written(one.speaker or ""), written(one.text)) for one in said
    ]
    if form in WITH_ENDS:
        assert [one.end_ms for one in read] == [one.end_ms for one in said]


@pytest.mark.parametrize("form", FORMATS)
@given(text=st.text(min_size=1, max_size=40), speaker=st.text(min_size=1, max_size=10))
def test_any_words_and_names_make_a_file_in_utf8_without_control_characters(
    form: TranscriptFormat, text: str, speaker: str
) -> None:
    text, speaker = (one.encode("utf-8", "ignore").decode() for one in (text, speaker))
    body = render_transcript(form, Heading(speaker, None, None), [Segment(0, 900, text, speaker)]).decode()
    assert not set(body) & set("\x00\x07\x1b\x7f\x9b\u202e")


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_cell_that_a_spreadsheet_would_compute_is_text(text: str) -> None:
    body = render_transcript("csv", HEADING, [Segment(0, 900, text, text)]).decode()
    rows = list(csv.DictReader(io.StringIO(body)))
    assert [rows[0][name][0] for name in ("speaker", "text")] == ["'", "'"]


def test_markdown_renders_nothing_that_was_said() -> None:
    said = Segment(62_000, 63_000, "<script> [a](http://x) *b*", "A*da*")
    body = render_transcript("markdown", Heading("# Title <b>", None, None), [said]).decode()
    assert body == ("# \\# Title \\<b\\>\n\n**[00:01:02.000] A\\*da\\*:** \\<script\\> \\[a\\](http\\://x) \\*b\\*\n")
