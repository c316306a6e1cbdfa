from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.answers.sentences import sentences_of
from earmark.answers.signals import says_something


@given(st.text(alphabet=st.sampled_from("ab1 .!?。\n\"')…"), max_size=200))
def test_sentences_stand_in_the_text_where_they_say_they_do_and_cover_every_letter(text: str) -> None:
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
def test_sentences_end_where_a_reader_would_say_so(text: str, sentences: list[str]) -> None:
    assert [sentence for _, sentence in sentences_of(text)] == sentences


def test_a_sentence_of_200_000_words_is_cut_in_linear_time() -> None:
    words = "word " * 200_000
    assert [len(sentence) for _, sentence in sentences_of(words)] == [len(words) - 1]


def test_a_few_words_say_nothing_but_scripts_without_spaces_do() -> None:
    assert not says_something("Yes, I do.")
    assert says_something("Yes, I do that.")
    assert says_something("我们三月搬家")
