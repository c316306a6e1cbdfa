from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.retrieval.index.analysis import analyze_query
from earmark.retrieval.index.chunking import chunk_segments
from earmark.retrieval.index.documents import index_terms
from earmark.retrieval.index.postings import unpack_postings
from earmark.retrieval.ranking.combining import FLOOR, Hit, RecordingEntry, Snapshot, rank
from earmark.retrieval.ranking.features import FEATURES, describe
from earmark.retrieval.ranking.weights import WEIGHTS
from earmark.transcripts.types import Segment

TEXTS = st.lists(st.sampled_from(["the lawyer called", "we moved the launch", "yes", "rent", "", "שלום"]), max_size=30)


def snapshot_of(
    *recordings: list[Segment],
    cosines: bool | list[float] = False,
    scope: list[bool] | None = None,
    **about: object,
) -> Snapshot:
    """Return a snapshot with every word indexed and one chunk per segment."""
    entries, blobs, first = [], {}, 0
    for number, segments in enumerate(recordings):
        chunks = chunk_segments(segments, max_words=1)
        terms = index_terms(segments, chunks, "en")
        for term, blob in terms.postings.items():
            blobs.setdefault(term, []).append((blob, first))
        first += len(chunks)
        lengths = np.array(terms.lengths, np.uint32)
        entries.append(RecordingEntry(f"rec_{number}", len(chunks), lengths, language="en", **about))
    postings = {term: unpack_postings(*zip(*pairs)) for term, pairs in blobs.items()}
    values = cosines if isinstance(cosines, list) else np.linspace(-0.2, 0.9, first)
    return Snapshot(
        entries,
        postings,
        None if cosines is False else np.array(values, np.float32),
        None if scope is None else np.array(scope),
    )


def say(*texts: str, speaker: str | None = None) -> list[Segment]:
    return [Segment(0, 1, text, speaker) for text in texts]


def ask(question: str, snapshot: Snapshot, limit: int = 8) -> list[Hit]:
    return rank(analyze_query(question, ["en"]), snapshot, limit=limit)


@settings(deadline=None)
@given(
    st.lists(TEXTS, max_size=4),
    st.booleans(),
    st.integers(1, 60),
    st.sampled_from(["lawyer rent", "???", "the"]),
)
def test_hits_are_unique_finite_and_descending_with_ties_in_order(
    recordings: list[list[str]], with_vectors: bool, limit: int, question: str
) -> None:
    snapshot = snapshot_of(*(say(*texts) for texts in recordings), cosines=with_vectors)
    hits = ask(question, snapshot, limit)
    keys = [(-hit.score, hit.chunk) for hit in hits]
    assert keys == sorted(set(keys))
    assert len(hits) <= limit
    assert all(np.isfinite(hit.score) and hit.score >= 0 for hit in hits)
    for hit in hits:
        *parts, final = hit.parts.values()
        assert sum(parts) == pytest.approx(final)


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_a_narrower_scope_changes_no_part_of_a_score(recordings: list[list[str]], random: object) -> None:
    whole = snapshot_of(*(say(*texts) for texts in recordings), cosines=True)
    count = sum(map(len, recordings))
    scope = [random.random() < 0.5 for _ in range(count)]  # type: ignore[attr-defined]
    narrow = snapshot_of(*(say(*texts) for texts in recordings), cosines=True, scope=scope)

    def parts(snapshot: Snapshot) -> dict[int, tuple[float, ...]]:
        return {hit.chunk: (hit.lexical, hit.semantic, hit.prior) for hit in ask("the lawyer", snapshot, 99)}

    assert parts(narrow) == {chunk: found for chunk, found in parts(whole).items() if scope[chunk]}


def test_a_neighbour_of_a_hit_ranks_below_an_equal_chunk_elsewhere() -> None:
    snapshot = snapshot_of(say(*"abcdef"), cosines=[0.90, 0.89, 0.5, 0.5, 0.87, 0.5])
    hits = ask("???", snapshot, 3)
    assert hits[1].chunk == 4
    assert {hits[0].chunk, hits[2].chunk} == {0, 1}
    assert hits[2].repetition < 0 == hits[0].repetition


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=3), st.integers(1, 20))
def test_hits_of_a_smaller_limit_are_a_prefix_of_a_larger_ones(recordings: list[list[str]], limit: int) -> None:
    snapshot = snapshot_of(*(say(*texts) for texts in recordings), cosines=True)
    assert ask("the lawyer", snapshot, limit) == ask("the lawyer", snapshot, 99)[:limit]


def test_the_chunk_with_the_rare_word_is_first() -> None:
    hits = ask("what about the launch?", snapshot_of(say("the rent", "the launch slipped", "the rent again")))
    assert hits[0].chunk == 1


def test_the_named_speakers_words_come_first() -> None:
    snapshot = snapshot_of([*say("the launch is late", speaker="Ann Lee"), *say("the launch is late", speaker="Bo Ek")])
    assert ask("What did Bo say about the launch?", snapshot)[0].chunk == 1


def test_the_recording_whose_name_is_asked_for_comes_first() -> None:
    first, second = snapshot_of(say("we agreed"), name="Physio").recordings[0], RecordingEntry
    snapshot = snapshot_of(say("we agreed"), say("we agreed"))
    entries = [
        snapshot.recordings[0],
        second("rec_1", 1, first.chunk_lengths, None, "Call with the dentist", "en"),
    ]
    assert ask("what was agreed with the dentist", Snapshot(entries, snapshot.postings))[0].chunk == 1


def test_the_recording_of_the_asked_month_comes_first() -> None:
    snapshot = snapshot_of(say("we agreed"), say("we agreed"))
    days = [1_767_225_600_000, 1_772_323_200_000]  # 1 January and 1 March 2026
    entries = [
        RecordingEntry(entry.recording_id, 1, entry.chunk_lengths, at)
        for entry, at in zip(snapshot.recordings, days, strict=True)
    ]
    assert ask("what was agreed in March?", Snapshot(entries, snapshot.postings))[0].chunk == 1


def test_identical_segments_rank_the_same_each_time() -> None:
    snapshot = snapshot_of(say(*["same words"] * 500), cosines=[0.5] * 500)
    hits = ask("same words", snapshot, 50)
    assert hits == ask("same words", snapshot, 50)
    keys = [(-hit.score, hit.chunk) for hit in hits]
    assert keys == sorted(keys)


def test_question_without_words_ranks_by_meaning() -> None:
    assert ask("???", snapshot_of(say("a", "b", "c"), cosines=[0.1, 0.9, 0.2]))[0].chunk == 1


def test_question_without_words_or_vectors_has_no_hits() -> None:
    assert ask("🙂", snapshot_of(say("a", "b"))) == []


def test_words_that_do_not_occur_have_no_hits_without_vectors() -> None:
    assert ask("zebra", snapshot_of(say("a", "b"))) == []


def test_a_question_that_names_nothing_in_scope_needs_a_score_above_the_floor() -> None:
    recordings = (say("The lawyer wrote."), say("The rent is due."))

    def found(question: str, cosine: float, **more: Any) -> list[Hit]:
        snapshot = snapshot_of(*recordings, cosines=[cosine, -0.1], **more)
        return rank(analyze_query(question, ["en"]), snapshot, limit=8, floor=FLOOR)

    assert found("zzzzqq", 0.3) == []
    assert len(found("zzzzqq", 0.6)) == 2
    assert found("zzzzqq lawyer", 0.0)[0].chunk == 0
    assert found("lawyer", 0.0, scope=[False, True]) == []


def test_an_empty_scope_has_no_hits() -> None:
    assert ask("a", snapshot_of(say("a"), cosines=True, scope=[False])) == []
    assert ask("a", snapshot_of()) == []
    assert ask("a", snapshot_of([]), 1) == []


def test_a_recording_without_chunks_is_ignored() -> None:
    assert ask("rent", snapshot_of([], say("rent"), [], cosines=[0.3]))[0].chunk == 0


def test_one_word_of_a_thousand_characters_is_found() -> None:
    assert ask("a" * 1_000, snapshot_of(say("b", "a" * 1_000)))[0].chunk == 1


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_every_feature_is_computed_and_weighted(recordings: list[list[str]]) -> None:
    snapshot = snapshot_of(*(say(*texts) for texts in recordings), cosines=True)
    described = describe(analyze_query("the lawyer in May", ["en"]), snapshot).by_chunk()
    assert tuple(described) == FEATURES == tuple(WEIGHTS)
    assert all(len(values) == sum(map(len, recordings)) for values in described.values())
    assert all(np.isfinite(values).all() and (values >= 0).all() for values in described.values())


def test_peaks_are_the_mean_of_the_three_best_of_a_recording() -> None:
    snapshot = snapshot_of(say(*"abcde"), say("f"), cosines=[0.1, 0.5, 0.5, 0.5, 0.5, 0.3])
    peaks = describe(analyze_query("zebra"), snapshot).by_chunk()["recording_meaning"]
    assert peaks == pytest.approx([0.5] * 5 + [0.1])
