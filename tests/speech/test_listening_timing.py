"""Where the words of a text without times are put, and how they are divided into segments."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.speech.listening.engine import HeardWord
from earmark.speech.listening.sentences import split_sentences
from earmark.speech.listening.timing import place_words

WORDS = st.lists(st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=12), max_size=60)
GAPS = st.lists(st.tuples(st.integers(0, 2_000), st.integers(32, 9_000)), min_size=1, max_size=12)


def spans(gaps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    at, found = 0, []
    for pause, length in gaps:
        found.append((at + pause, at + pause + length))
        at += pause + length
    return found


@given(WORDS, GAPS)
def test_every_word_has_a_place_in_one_run_in_order(words: list[str], gaps: list[tuple[int, int]]) -> None:
    runs = spans(gaps)
    placed = place_words(" ".join(words), runs)
    assert [one.text for one in placed] == " ".join(words).split()
    for one in placed:
        assert any(start <= one.start_ms <= one.end_ms <= end for start, end in runs)
    for before, after in pairwise(placed):
        assert before.end_ms <= after.start_ms


@given(WORDS, GAPS)
def test_segments_hold_every_word_in_order_of_time(words: list[str], gaps: list[tuple[int, int]]) -> None:
    placed = place_words(" ".join(words), spans(gaps))
    segments = list(split_sentences(placed, 0, 0.9))
    assert " ".join(one.text for one in segments).split() == [one.text for one in placed]
    for before, after in pairwise(segments):
        assert before.start_ms <= before.end_ms <= after.start_ms
    for one in segments:
        assert len(one.text) <= 312


def test_a_sentence_starts_with_the_run_after_the_pause() -> None:
    text = "We met on Monday to talk about it. Nobody came."
    runs = [(1_000, 3_400), (5_000, 6_100)]
    starts = {one.text: one.start_ms for one in place_words(text, runs)}
    assert starts["We"] == 1_000
    assert starts["Nobody"] == 5_000


def test_one_run_shares_its_time_by_the_length_of_words() -> None:
    first, second = place_words("a extraordinary", [(0, 1_000)])
    assert first.end_ms < 300
    assert second.end_ms == 1_000


def test_more_runs_than_words_leave_some_empty() -> None:
    (only,) = place_words("Yes.", [(0, 200), (1_000, 1_600), (3_000, 3_100)])
    assert only.end_ms - only.start_ms <= 600


def _words(*timed: tuple[str, int, int]) -> list[HeardWord]:
    return [HeardWord(*one) for one in timed]


def test_a_title_does_not_end_a_sentence() -> None:
    timed = _words(("Yesterday", 0, 300), ("old", 300, 400), ("Mr.", 400, 700), ("Dashwood", 900, 1_200))
    assert [one.text for one in split_sentences(timed, 0, None)] == ["Yesterday old Mr. Dashwood"]


def test_an_engines_own_word_confidences_are_averaged() -> None:
    timed = [HeardWord("Good", 0, 100, 0.5), HeardWord("day", 100, 200, 1.0)]
    assert [one.confidence for one in split_sentences(timed, 1, None)] == [0.75]


def test_a_long_pause_ends_a_segment_within_a_sentence() -> None:
    timed = _words(("Well", 0, 300), ("then", 300, 600), ("maybe", 2_000, 2_300))
    assert [one.text for one in split_sentences(timed, 0, None)] == ["Well then", "maybe"]


@pytest.mark.parametrize(("length_ms", "pause_ms", "count"), [
    (1_000, 900, 1), (1_000, 1_000, 2), (3_000, 500, 1), (3_000, 600, 2), (6_000, 300, 1), (6_000, 350, 2),
])  # fmt: skip
def test_a_long_segment_ends_at_a_shorter_pause(length_ms: int, pause_ms: int, count: int) -> None:
    timed = _words(("Unless", 0, length_ms), ("Mister", length_ms + pause_ms, length_ms + pause_ms + 400))
    assert len(list(split_sentences(timed, 0, None))) == count
