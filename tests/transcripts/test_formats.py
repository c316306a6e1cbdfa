"""Every format that the documentation lists is read, whatever the file is called."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.transcripts.examples import EXAMPLES, TWO, Example, Said

from earmark.transcripts import FORMATS, parse_transcript
from earmark.transcripts.types import ParsedTranscript

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "formats.md"


def said(parsed: ParsedTranscript) -> tuple[Said, ...]:
    return tuple((one.start_ms, one.end_ms, one.speaker, one.text) for one in parsed.segments)


@pytest.mark.parametrize("one", EXAMPLES, ids=lambda one: one.format)
def test_an_example_of_each_format_is_read_exactly(one: Example) -> None:
    parsed = parse_transcript(one.body, filename=one.name)
    assert (parsed.format, said(parsed)) == (one.format, one.said or TWO)
    assert parsed.warnings == ()
    assert parsed.candidates


@pytest.mark.parametrize("one", EXAMPLES, ids=lambda one: one.format)
def test_a_wrong_name_changes_nothing(one: Example) -> None:
    right = parse_transcript(one.body, filename=one.name)
    for name in ("a.bin", "a.vtt", "a.srt", "a"):
        parsed = parse_transcript(one.body, filename=name)
        assert said(parsed) == said(right)
    assert said(parse_transcript(b"\xef\xbb\xbf" + one.body.replace(b"\n", b"\r\n"))) == said(right)


@pytest.mark.parametrize("one", EXAMPLES, ids=lambda one: one.format)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_every_encoding_with_a_mark_or_a_shape_gives_the_same(one: Example, encoding: str) -> None:
    body = one.body.decode().encode(encoding)
    assert said(parse_transcript(body)) == said(parse_transcript(one.body))


def test_the_page_of_formats_lists_each_and_each_has_an_example() -> None:
    listed = set(re.findall(r"^\| `([a-z0-9-]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert listed == set(FORMATS) == {one.format for one in EXAMPLES}
