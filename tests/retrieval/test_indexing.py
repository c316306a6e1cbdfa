from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from earmark.retrieval.index.analysis import analyze_query
from earmark.retrieval.index.building import PreparedIndex, prepare_index
from earmark.retrieval.index.postings import unpack_lengths, unpack_postings
from earmark.retrieval.ranking.combining import Hit, RecordingEntry, Snapshot, rank
from earmark.transcripts.types import Segment

WORDS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=60)
SEGMENTS = st.lists(st.builds(Segment, st.just(0), st.just(1), WORDS, st.one_of(st.none(), WORDS)), max_size=12)


class ConstantEmbedder:
    """Returns the same vector for every text, so that only words and order matter."""

    name = "constant"
    is_remote = False
    dimensions = 4

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.full((len(texts), 4), 0.5, np.float32)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        return np.full(4, 0.5, np.float32)


def index(segments: list[Segment], language: str | None = "en") -> PreparedIndex:
    return prepare_index(ConstantEmbedder(), segments, language)


def search(prepared: PreparedIndex, question: str, limit: int = 8) -> list[Hit]:
    query = analyze_query(question, ["en"])
    lengths = unpack_lengths(prepared.chunk_lengths)
    postings = {
        term: unpack_postings([prepared.postings[term]], [0]) for term in query.terms if term in prepared.postings
    }
    cosines = np.full(len(lengths), 0.5, np.float32)
    return rank(query, Snapshot([RecordingEntry("rec_1", len(lengths), lengths)], postings, cosines), limit=limit)


@settings(deadline=None)
@given(SEGMENTS, st.sampled_from([None, "en", "de", "ja", "ar", "xx", ""]))
def test_all_rows_refer_to_the_same_chunks(segments: list[Segment], language: str | None) -> None:
    prepared = index(segments, language)
    count = len(prepared.chunks)
    assert unpack_lengths(prepared.chunk_lengths).shape == (count,)
    counts = unpack_lengths(prepared.vector_counts)
    assert prepared.vectors.shape == (counts.sum(), 4)
    assert all(1 <= many <= chunk.last - chunk.first + 1 for many, chunk in zip(counts, prepared.chunks, strict=True))
    assert prepared.vectors.dtype == np.int8
    covered = [ordinal for chunk in prepared.chunks for ordinal in range(chunk.first, chunk.last + 1)]
    assert covered == list(range(len(segments)))
    for packed in prepared.postings.values():
        found = unpack_postings([packed], [0])
        assert found.chunks.max() < count
        assert found.frequencies.min() >= 1


def test_chunk_has_the_times_and_the_speaker_of_its_segments() -> None:
    segments = [Segment(10, 90, "one", "Ann"), Segment(20, 60, "two", "Ann"), Segment(70, 80, "three " * 60, "Bo")]
    first, second = index(segments).chunks
    assert (first.first, first.last, first.start_ms, first.end_ms, first.speaker) == (0, 1, 10, 90, "Ann")
    assert (second.first, second.last, second.speaker) == (2, 2, "Bo")


def test_index_stores_its_embedders_name() -> None:
    assert index([Segment(0, 1, "a", None)]).embedder == "constant"


def test_empty_transcript_has_an_empty_index() -> None:
    prepared = index([])
    assert (prepared.chunks, prepared.chunk_lengths, prepared.postings) == ([], b"", {})
    assert prepared.vectors.shape == (0, 4)


def test_one_segment_of_200_000_words_is_one_chunk_and_found() -> None:
    prepared = index([Segment(0, 1, "and so on it went " * 40_000 + "until the zebra", "Ann")])
    assert len(prepared.chunks) == 1
    assert [hit.chunk for hit in search(prepared, "the zebra")] == [0]


def test_50_000_segments_of_one_word_are_found() -> None:
    words = [f"word{number % 700}" for number in range(50_000)]
    words[31_234] = "zebra"
    prepared = index([Segment(at, at + 1, word, "AB"[at % 2]) for at, word in enumerate(words)])
    best = prepared.chunks[search(prepared, "zebra")[0].chunk]
    assert best.first <= 31_234 <= best.last


def test_identical_segments_keep_their_order() -> None:
    hits = search(index([Segment(0, 1, "the same again " * 20, None)] * 2_000), "same", 50)
    assert hits == sorted(hits, key=lambda hit: (-hit.score, hit.chunk))
    assert len({hit.chunk for hit in hits}) == 50


@pytest.mark.parametrize(
    "question",
    [
        "???",
        "🙂🙃",
        " " * 1_000,
        "the",
        "a" * 1_000,
        "word " * 200,
        "שלום עולם",
        "مرحبا",
        "你好",
        "สวัสดี",
        "नमस्ते",
        "\x00\ud800",
    ],
)
def test_unusual_questions_are_searched_without_error(question: str) -> None:
    prepared = index([Segment(0, 1, "the word was שלום and 你好", "Ann"), Segment(1, 2, "…", None)])
    hits = search(prepared, question)
    assert all(np.isfinite(hit.score) and hit.score >= 0 for hit in hits)
    assert [hit.chunk for hit in hits] == [0]
