from __future__ import annotations

import pytest

from earmark.llm.kinds import asks_for_summary, fits


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("When is the launch?", "It was moved to the ninth of June."),
        ("Until when do they hold the price?", "I can hold it till Easter."),
        ("How much does the stone cost?", "The stone's nine hundred."),
        ("What does the coaching cost per month?", "Thirty-five a month."),
        ("Who objected?", "That was Prue, as always."),
        ("And why did it stop?", "It stopped because the fan was broken."),
        ("Wann ziehen wir um?", "Am Montag, wie besprochen."),
        ("Combien de sacs?", "Il en faut trois."),
    ],
)
def test_a_sentence_with_what_is_asked_for_fits(question: str, sentence: str) -> None:
    assert fits(question, sentence) is True


@pytest.mark.parametrize("question", ["When is the launch?", "How much is it?", "Who objected?", "Why did it stop?"])
def test_a_sentence_without_it_does_not_fit(question: str) -> None:
    assert fits(question, "nothing of the kind was said") is False


def test_an_open_question_fits_anything() -> None:
    assert fits("What did Ada say about the launch?", "nothing of the kind was said") is None


@pytest.mark.parametrize(
    "question",
    ["Summarise the call", "What was this about? Give me the key points.", "What did we talk about?", "Worum ging es?",
     "What are the main takeaways of the meeting?", "Summary please", "What happened?"],
)  # fmt: skip
def test_a_question_about_all_of_it_asks_for_a_summary(question: str) -> None:
    assert asks_for_summary(question)


@pytest.mark.parametrize("question", ["Summarise the talk about the budget", "What did Ada say?", "???", "", "the"])
def test_a_question_about_something_in_it_does_not(question: str) -> None:
    assert not asks_for_summary(question)
