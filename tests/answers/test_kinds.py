from __future__ import annotations

import pytest

from earmark.answers.question_kinds import Kind, asks_for_summary, holds, read_question


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("Who objected?", [Kind.WHO_SAID]),
        ("Who drove us home?", [Kind.WHO]),
        ("When is the launch?", [Kind.WHEN]),
        ("Wann ziehen wir um?", [Kind.WHEN]),
        ("How long does the paint need?", [Kind.HOW_LONG]),
        ("How much does the stone cost?", [Kind.HOW_MUCH]),
        ("Combien de sacs?", [Kind.HOW_MUCH]),
        ("Why did it stop?", [Kind.WHY]),
        ("Did the doctor call back?", [Kind.YES_NO]),
        ("Is it the green one or the blue one?", [Kind.EITHER_OR]),
        ("What were the differences between the two offers?", [Kind.COMPARE]),
        ("Which dealers cancelled, all of them please?", [Kind.LIST]),
        ("What did the board decide about the warranty?", [Kind.DECIDED]),
        ("What did I promise, and to whom?", [Kind.PROMISED, Kind.WHO]),
        ("What is still open?", [Kind.OPEN]),
        ("When did the loan first come up?", [Kind.FIRST]),
        ("What has changed since March?", [Kind.CHANGED]),
        ("Summarise the training talk", [Kind.SUMMARY]),
        ("When did we move the launch, and why?", [Kind.WHEN, Kind.WHY]),
        ("How many trailers do they want, and at what price?", [Kind.HOW_MUCH]),
        ("What did Ada say about the launch?", [Kind.OTHER]),
    ],
)
def test_a_question_is_classified_by_the_kinds_of_its_parts(question: str, kinds: list[Kind]) -> None:
    assert list(read_question(question).kinds) == kinds


@pytest.mark.parametrize(
    ("question", "is_wanted"),
    [("When do we launch now?", True), ("What did we decide about the price?", True), ("What is the latest price?", True),
     ("When did we talk about the price?", False), ("When did the price first come up?", False)],
)  # fmt: skip
def test_a_question_may_ask_for_the_current_state(question: str, is_wanted: bool) -> None:
    assert read_question(question).wants_latest is is_wanted


@pytest.mark.parametrize(
    ("question", "subject"),
    [("What was decided?", set()), ("What are the action items from this week's meeting?", set()),
     ("What did Colm promise?", {"colm"}), ("Summarise the training talk", {"train"})],
)  # fmt: skip
def test_the_subject_of_a_question_excludes_the_words_of_its_kind(question: str, subject: set[str]) -> None:
    asked = read_question(question)
    assert asked.is_about_all
    assert asked.subject == subject


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (Kind.WHEN, "It was moved to the ninth of June."),
        (Kind.WHEN, "I can hold it till Easter."),
        (Kind.WHEN, "Am Montag, wie besprochen."),
        (Kind.HOW_MUCH, "The stone's nine hundred."),
        (Kind.HOW_MUCH, "Il en faut trois."),
        (Kind.WHO, "That was Prue, as always."),
        (Kind.WHY, "It stopped because the fan was broken."),
    ],
)
def test_a_sentence_contains_what_a_kind_asks_for(kind: Kind, sentence: str) -> None:
    assert holds(kind, sentence)
    assert not holds(kind, "nothing of the kind was said")


@pytest.mark.parametrize(
    "question",
    ["Summarise the call", "What was this about? Give me the key points.", "What did we talk about?", "Worum ging es?",
     "What are the main takeaways of the meeting?", "Summary please", "What happened?"],
)  # fmt: skip
def test_a_question_about_a_whole_recording_asks_for_a_summary(question: str) -> None:
    assert asks_for_summary(question)


@pytest.mark.parametrize("question", ["Summarise the talk about the budget", "What did Ada say?", "???", "", "the"])
def test_a_question_about_a_topic_asks_for_no_summary(question: str) -> None:
    assert not asks_for_summary(question)
