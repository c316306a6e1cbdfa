from __future__ import annotations

from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.retrieval.index.chunking import Chunk, chunk_segments, count_words
from earmark.transcripts.types import Segment

WORDS = st.lists(st.sampled_from(["yes", "no", "我们什么时候搬家", "", "ไทย", "a b c"]), max_size=40).map(" ".join)
SEGMENTS = st.lists(
    st.builds(Segment, st.just(0), st.just(1), WORDS, st.sampled_from([None, "Ann", "Bo"])), max_size=60
)


def say(*texts: str, speaker: str | None = None) -> list[Segment]:
    return [Segment(at * 10, at * 10 + 9, text, speaker) for at, text in enumerate(texts)]


@given(SEGMENTS, st.integers(1, 80))
def test_chunks_cover_each_segment_exactly_once(segments: list[Segment], max_words: int) -> None:
    chunks = chunk_segments(segments, max_words=max_words)
    covered = [ordinal for chunk in chunks for ordinal in range(chunk.first, chunk.last + 1)]
    assert covered == list(range(len(segments)))


@given(SEGMENTS, st.integers(1, 80))
def test_only_a_chunk_of_one_segment_exceeds_the_limit(segments: list[Segment], max_words: int) -> None:
    for chunk in chunk_segments(segments, max_words=max_words):
        if chunk.last > chunk.first:
            assert sum(count_words(segment.text) for segment in chunk.of(segments)) <= max_words


@given(SEGMENTS, st.integers(1, 80))
def test_neighbouring_chunks_together_exceed_the_limit(segments: list[Segment], max_words: int) -> None:
    chunks = chunk_segments(segments, max_words=max_words)
    for chunk, following in zip(chunks, chunks[1:], strict=False):
        words = sum(count_words(segment.text) for segment in chunk.of(segments))
        assert words + count_words(segments[following.first].text) > max_words


def test_no_segments_no_chunks() -> None:
    assert chunk_segments([]) == []


def test_long_segment_is_a_chunk_of_its_own() -> None:
    segments = say("short", "long " * 200_000, "short")
    assert chunk_segments(segments) == [Chunk(0, 0), Chunk(1, 1), Chunk(2, 2)]


def test_words_of_fifty_thousand_short_segments_are_counted_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Mock(side_effect=count_words)
    monkeypatch.setattr("earmark.retrieval.index.chunking.count_words", counted)
    assert len(chunk_segments(say(*["yes"] * 50_000))) == 910
    assert counted.call_count == 50_000


def test_unspaced_script_is_counted_by_characters() -> None:
    assert count_words("我们什么时候搬家") == 4
    assert count_words("when do we move") == 4


def test_speaker_of_several_is_none() -> None:
    segments = [*say("a", speaker="Ann"), *say("b", speaker="Bo")]
    assert Chunk(0, 0).speaker(segments) == "Ann"
    assert Chunk(0, 1).speaker(segments) is None


def test_chunk_ends_at_the_latest_end_of_its_segments() -> None:
    segments = [Segment(0, 90, "long"), Segment(10, 20, "short")]
    assert (Chunk(0, 1).start_ms(segments), Chunk(0, 1).end_ms(segments)) == (0, 90)
    assert Chunk(0, 1).text(segments) == "long\nshort"
