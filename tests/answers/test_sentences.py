from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.answers.features import says_something
from earmark.answers.sentences import sentences_of


@given(st.text(alphabet=st.sampled_from("ab1 .!?。\n\"')…"), max_size=200))
def test_sentences_match_their_positions_and_cover_every_letter(text: str) -> None:
    found = list(sentences_of(text))
    assert all(text[position : position + len(sentence)] == sentence for position, sentence in found)
    covered = {at for position, sentence in found for at in range(position, position + len(sentence))}
    assert {at for at, character in enumerate(text) if character.isalnum()} <= covered


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It costs 3.50 a day. Really?", ["It costs 3.50 a day.", "Really?"]),
        ("We meet at 10. Then lunch.", ["We meet at 10.", "Then lunch."]),
        ('She said "no." Then left', ['She said "no."', "Then left"]),
        ("我们搬家。什么时候？", ["我们搬家。", "什么时候？"]),
        ("...", []),
        ("", []),
    ],
)
def test_sentence_ends_are_recognised(text: str, sentences: list[str]) -> None:
    assert [sentence for _, sentence in sentences_of(text)] == sentences


def test_text_without_punctuation_is_cut_between_words_in_linear_time() -> None:
    pieces = [sentence for _, sentence in sentences_of("word " * 200_000)]
    assert sum(len(piece.split()) for piece in pieces) == 200_000
    assert max(len(piece.split()) for piece in pieces) < 40


def test_a_long_sentence_is_cut_before_a_conjunction_or_at_a_comma() -> None:
    first = "we looked at all the offers that had come in over the summer from the three roofers in town"
    second = "and then we sat down with the treasurer who had the numbers of last year and of the year before with her"
    third = "because nobody wanted to go over the budget again this year"
    assert [text for _, text in sentences_of(f"{first} {second} {third}.")][0] == first


def test_titles_and_abbreviations_do_not_end_a_sentence() -> None:
    assert [text for _, text in sentences_of("Mr. Moll came. Dr. Vasili, too.")] == [
        "Mr. Moll came.",
        "Dr. Vasili, too.",
    ]


def test_short_sentences_are_not_compared_unless_their_script_has_no_spaces() -> None:
    assert not says_something("Yes, I do.")
    assert says_something("Yes, I do that.")
    assert says_something("我们三月搬家")
