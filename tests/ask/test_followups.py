from __future__ import annotations

import pytest

from earmark.ask.answers.followups import leans_back, make_standalone
from earmark.llm.types import PastTurn


def asked(*questions: str) -> list[PastTurn]:
    return [turn for one in questions for turn in (PastTurn("user", one), PastTurn("assistant", "Something."))]


@pytest.mark.parametrize(
    "question",
    ["And who objected?", "what about the budget?", "When was that?", "Did she agree?", "Why?", "How many?", "Who?",
     "And if you allow for the drop on the day before?", "Und wer war dagegen?", "Et pour le budget ?",
     "What did she suggest I do at home about it?"],
)  # fmt: skip
def test_a_follow_up_question_is_preceded_by_the_earlier_question(question: str) -> None:
    assert leans_back(question)
    before = "What did we decide about the launch?"
    assert make_standalone(question, asked(before)) == f"{before}\n{question}"


@pytest.mark.parametrize(
    "question",
    ["What did Grace say about the launch in March?", "How much does the new oven cost?", "Summarise the meeting",
     "What did Ada and Grace agree on when they met in the spring to talk about how that launch would be paid for?"],
)  # fmt: skip
def test_a_self_contained_question_is_unchanged(question: str) -> None:
    assert make_standalone(question, asked("What did we decide?")) == question


def test_a_chain_of_follow_ups_goes_back_to_the_last_self_contained_question() -> None:
    history = asked("When is the gig?", "What did Stan find behind the wardrobe?", "What did he think had caused it?")
    assert make_standalone("And did he say more?", history) == (
        "What did Stan find behind the wardrobe?\nWhat did he think had caused it?\nAnd did he say more?"
    )


def test_earlier_questions_are_cut_so_that_the_new_question_is_still_read() -> None:
    history = asked("What about the launch " + "and the rest " * 500)
    assert len(make_standalone("When was that?", history)) < 320


def test_the_first_question_of_a_session_is_unchanged() -> None:
    assert make_standalone("And who objected?", []) == "And who objected?"


@pytest.mark.parametrize("question", ["", "???", "🙂", " " * 1_000, "it " * 5_000])
def test_no_question_raises(question: str) -> None:
    assert make_standalone(question, asked("Who?")).endswith(question)
