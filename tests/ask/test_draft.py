"""Any model output gives parts that obey the contract and equal the stream."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.api.wire.turns import part_to_wire
from earmark.ask.answers.draft import MOST_CHARACTERS, Draft
from earmark.ask.answers.feed import TurnFeed
from earmark.ask.sessions.messages import join_text
from earmark.ask.sessions.stored import dump_parts, load_parts
from earmark.ask.types import CitationPart
from earmark.llm.markers import MarkerReader
from earmark.llm.types import Finished, Passage
from tests.streamed import parts_of, shown

PASSAGES = [
    Passage(number, f"rec_{number % 3}", None, None, number * 10, number * 10 + 5, None, "…") for number in range(1, 8)
]
PLACES = {(one.recording_id, one.start_ms) for one in PASSAGES}
OUTPUT = st.lists(
    st.one_of(
        st.text(max_size=20), st.sampled_from(["[1]", "[2", "]", "[1,3]", "[99]", "[0]", "【4】", "\x00", "\ud800"])
    ),
    max_size=40,
)


def run(pieces: list[str], *, quotes: bool) -> tuple[Draft, TurnFeed]:
    feed, reader = TurnFeed(), MarkerReader()
    draft = Draft(feed, PASSAGES)
    draft.quotes = quotes
    for piece in pieces:
        for event in reader.read(piece):
            draft.add(event)
    for event in reader.finish():
        draft.add(event)
    draft.add(Finished())
    return draft, feed


@settings(max_examples=300)
@given(OUTPUT, st.booleans())
def test_any_model_output_gives_valid_parts_that_equal_the_stream(pieces: list[str], quotes: bool) -> None:
    draft, feed = run(pieces, quotes=quotes)
    parts: list[dict[str, Any]] = [part_to_wire(part) for part in draft.parts]
    assert parts_of(map(shown, feed.events)) == parts
    assert all((one.recording_id, one.start_ms) in PLACES for one in draft.parts if isinstance(one, CitationPart))
    assert all(before != after for before, after in zip(parts, parts[1:]) if before["type"] == "citation")
    assert not parts or parts[0]["type"] == "text"
    assert all(part["text"] for part in parts if part["type"] == "text")
    content = join_text(draft.parts)
    content.encode()
    assert "\x00" not in content
    assert load_parts(dump_parts(draft.parts)) == tuple(draft.parts)


def test_an_answer_is_cut_at_its_maximum_length() -> None:
    draft, _ = run(["word " * 100_000, "and more"], quotes=False)
    assert len(join_text(draft.parts)) == MOST_CHARACTERS
    assert draft.is_full
