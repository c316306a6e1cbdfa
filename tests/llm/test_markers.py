"""Citation markers in streamed text: complete ones only, independent of how the stream is split."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.llm.markers import MarkerReader
from earmark.llm.types import CitationMark, TextDelta


def read(*pieces: str) -> list[TextDelta | CitationMark]:
    reader = MarkerReader()
    events = [event for piece in pieces for event in reader.read(piece)]
    return [*events, *reader.finish()]


def joined(events: list[TextDelta | CitationMark]) -> list[str | int]:
    """Return the events with adjacent texts joined."""
    found: list[str | int] = []
    for event in events:
        if isinstance(event, CitationMark):
            found.append(event.number)
        elif found and isinstance(found[-1], str):
            found[-1] += event.text
        else:
            found.append(event.text)
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It is so [1].", ["It is so", 1, "."]),
        ("Both [1][2]", ["Both", 1, 2]),
        ("Both [1, 2; 3] of them", ["Both", 1, 2, 3, " of them"]),
        ("A range [2-4]", ["A range", 2, 3, 4]),
        ("Too long a range [1-999]", ["Too long a range", *range(1, 11)]),
        ("Wide brackets 【7】", ["Wide brackets", 7]),
        ("A footnote [^3] and [#4]", ["A footnote", 3, " and", 4]),
        ("An array[i] and [x] stay", ["An array[i] and [x] stay"]),
        ("Unfinished [12", ["Unfinished"]),
        ("[1] first", [1, " first"]),
        ("a link [1](http://evil.example)", ["a link", 1, "(http://evil.example)"]),
        ("[[2]]", ["[", 2, "]"]),
        ("nul \x00 and lone \ud800 surrogate", ["nul  and lone  surrogate"]),
    ],
)
def test_markers_become_marks_and_the_rest_stays_text(text: str, found: list[str | int]) -> None:
    assert joined(read(text)) == found


ANYTHING = st.text(alphabet=st.one_of(st.sampled_from("[]【】0123456789,;-–^# \n\tab("), st.characters()))


@given(ANYTHING, st.lists(st.integers(1, 8), max_size=60))
def test_text_parses_the_same_however_the_stream_is_split(text: str, cuts: list[int]) -> None:
    pieces, at = [], 0
    for length in cuts:
        pieces.append(text[at : at + length])
        at += length
    assert joined(read(*pieces, text[at:])) == joined(read(text))


@given(ANYTHING)
def test_no_part_of_a_marker_is_emitted(text: str) -> None:
    reader = MarkerReader()
    shown = ""
    for char in text:
        for event in reader.read(char):
            if isinstance(event, TextDelta):
                shown += event.text
                assert not shown.endswith(("[1", "[2", "[3", "【1"))
    final = "".join(event.text for event in reader.finish() if isinstance(event, TextDelta))
    assert all(char not in shown + final for char in "\x00\x07\x1f")
    (shown + final).encode()


@given(st.sampled_from(["[ ", "[1", "[1,", " ", "[", "[1-", "【", "[1 2"]), st.integers(1, 3))
def test_parsing_takes_bounded_work_per_character(piece: str, repeat: int) -> None:
    reader = MarkerReader()
    for _ in range(300):
        list(reader.read(piece * repeat))
        assert len(reader._buffer) <= 300
