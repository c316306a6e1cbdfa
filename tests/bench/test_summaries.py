from __future__ import annotations

import pytest
from bench.summaries import lead, rouge_l, textrank


def test_lead_takes_the_first_sentences_there_are() -> None:
    assert lead(["a", "b", "c", "d"]) == [0, 1, 2]
    assert lead(["a"]) == [0]


def test_textrank_puts_the_sentence_that_shares_most_words_first() -> None:
    sentences = ["the red kite flies high", "the kite is red", "nothing in common here", "a kite flies high today"]
    assert textrank(sentences, 2)[0] == 0
    assert 2 not in textrank(sentences, 3)


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        ("the police killed the gunman", "police killed the gunman", 8 / 9),
        ("the gunman kill police", "police killed the gunman", 4 / 8),
        ("Same words.", "same words", 1.0),
        ("nothing", "in common", 0.0),
        ("", "anything", 0.0),
    ],
)
def test_rouge_l_is_the_f_measure_of_the_longest_common_subsequence(
    answer: str, reference: str, expected: float
) -> None:
    assert rouge_l(answer, reference) == pytest.approx(expected)
