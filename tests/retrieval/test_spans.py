"""The spans of a chunk that are embedded."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from earmark.retrieval.index.chunking import Chunk, chunk_segments
from earmark.retrieval.index.spans import encoded_texts, nearest, spans_of_chunk
from earmark.transcripts.types import Segment

LONG = "one two three four five six seven eight nine ten eleven twelve"
SEGMENTS = st.lists(
    st.builds(
        lambda words, speaker: Segment(0, 1, "word " * words, speaker),
        st.integers(1, 70),
        st.sampled_from(["Ann", "Bo", None]),
    ),
    max_size=30,
)


def said(*texts: str) -> list[Segment]:
    return [Segment(at, at + 1, text, "Ann" if at % 2 == 0 else "Bo") for at, text in enumerate(texts)]


def test_each_span_is_a_turn_and_the_next_even_after_the_chunk() -> None:
    assert spans_of_chunk(said(LONG, LONG, LONG), Chunk(0, 1)) == [(0, 1), (1, 2)]


def test_short_turns_are_joined_with_the_following_turn() -> None:
    assert spans_of_chunk(said("Yes.", "Right.", LONG, LONG, "Fine."), Chunk(0, 4)) == [(0, 3), (3, 4), (4, 4)]


def test_embedded_texts_contain_speakers_names() -> None:
    segments = said("Who pays for the paint?", "I do, as I said on Monday, out of the money for the shed.")
    assert encoded_texts(segments, [Chunk(0, 1)]) == (
        ["Ann: Who pays for the paint?\nBo: I do, as I said on Monday, out of the money for the shed."],
        [1],
    )


@given(SEGMENTS)
def test_every_turn_is_embedded_in_order(segments: list[Segment]) -> None:
    chunks = chunk_segments(segments)
    texts, counts = encoded_texts(segments, chunks)
    assert len(texts) == sum(counts)
    for chunk, count in zip(chunks, counts, strict=True):
        spans = spans_of_chunk(segments, chunk)
        assert len(spans) == count
        assert spans[0][0] == chunk.first
        assert {at for first, last in spans for at in range(first, last + 1)} >= set(range(chunk.first, chunk.last + 1))
        assert spans == sorted(spans)


def test_a_chunks_similarity_is_that_of_its_most_similar_span() -> None:
    cosines = np.array([0.1, 0.9, 0.2, 0.3, 0.4], np.float32)
    assert nearest(cosines, np.array([2, 1, 2], np.uint32)).tolist() == np.float32([0.9, 0.9, 0.4]).tolist()
    assert nearest(cosines[:0], np.zeros(0, np.uint32)).tolist() == []
