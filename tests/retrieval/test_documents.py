from __future__ import annotations

from earmark.retrieval.index.chunking import Chunk
from earmark.retrieval.index.documents import chunk_terms, index_terms, passage_text, speaker_terms
from earmark.retrieval.index.postings import unpack_postings
from earmark.transcripts.types import Segment

TALK = [
    Segment(0, 1, "the launch moved", "Ann Lee"),
    Segment(1, 2, "to May", "Ann Lee"),
    Segment(2, 3, "fine", "Bo"),
    Segment(3, 4, "good", None),
]


def test_speakers_name_is_a_word_at_each_change_of_speaker() -> None:
    assert chunk_terms(TALK, "en") == {
        "the": 1, "launch": 1, "move": 1, "to": 1, "may": 1, "fine": 1, "good": 1, "ann": 1, "lee": 1, "bo": 1,
    }  # fmt: skip


def test_speakers_own_term_counts_the_words_they_say() -> None:
    assert speaker_terms(TALK, "en") == {"@ann": 5, "@lee": 5, "@bo": 1}


def test_encoder_reads_the_name_at_each_change_of_speaker() -> None:
    assert passage_text(TALK) == "Ann Lee: the launch moved\nto May\nBo: fine\ngood"


def test_index_contains_each_chunks_terms_and_length() -> None:
    terms = index_terms(TALK, [Chunk(0, 1), Chunk(2, 3)], "en")
    assert terms.lengths == [7, 3]
    assert unpack_postings([terms.postings["@bo"]], [0]).chunks.tolist() == [1]
    assert unpack_postings([terms.postings["launch"]], [0]).chunks.tolist() == [0]


def test_silent_transcript_has_no_postings() -> None:
    terms = index_terms([Segment(0, 1, "…", None)], [Chunk(0, 0)], None)
    assert (terms.postings, terms.lengths) == ({}, [0])
