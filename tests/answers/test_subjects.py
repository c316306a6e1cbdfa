from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from earmark.answers.answer import Answer, compose_answer
from earmark.answers.subjects import name_speakers, reports, subject_of
from earmark.answers.windows import Window
from earmark.llm.types import AnswerRequest, Passage
from tests.answers.talk import WordEmbedder, hit, passages, request

ODDS = tuple(n / 2 for n in range(-24, 8))


class EvenReader:
    """A reader to which every sentence with one of these words is as likely as the next."""

    def __init__(self, *words: str, odds: float = 4.0) -> None:
        self.words = words
        self.odds = odds

    def read(self, question: str, windows: Sequence[Window]) -> list[list[float]]:
        return [
            [self.odds if any(word in one.text for word in self.words) else -6.0 for one in window.sentences]
            for window in windows
        ]


def called(talk: Sequence[Passage], name: str) -> list[Passage]:
    return [replace(one, recording_name=name) for one in talk]


def ask(question: str, reader: EvenReader, *turns: tuple[str, str], **more: object) -> Answer:
    talk = passages(*turns)
    asked = replace(request(question, [hit(talk, 0, len(talk) - 1)], talk), **more)  # type: ignore[arg-type]
    return compose_answer(asked, reader, WordEmbedder())


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("What does Pail & Spade want?", "Pail & Spade"),
        ("What is Bo worried about?", "Bo"),
        ("How much was Ana Maria hoping to pay?", "Ana Maria"),
        ("What did I promise Bo?", "I"),
        ("What did the board decide?", None),
        ("When is the launch of the Lantern?", None),
        ("How much does the Lantern cost?", None),
    ],
)
def test_the_subject_of_a_question_is_the_name_before_its_verb(question: str, name: str | None) -> None:
    subject = subject_of(question)
    assert (subject.name if subject else None) == name


def test_a_report_has_the_name_before_the_verb() -> None:
    subject = subject_of("What does Bo want?")
    assert subject is not None
    assert reports(subject, "I heard that Bo really wants a boat.")
    assert not reports(subject, "I want a boat for Bo.")


def test_a_worry_about_somebody_is_not_that_persons_worry() -> None:
    answer = ask(
        "What is Bo worried about?",
        EvenReader("worried", "roof"),
        ("Ada", "I'm worried about Bo."),
        ("Grace", "The lake is frozen now."),
        ("Bo", "The roof could come down on us."),
    )
    assert answer.key is not None
    assert answer.key.passage.speaker == "Bo"


def test_what_a_company_wants_is_said_by_who_speaks_for_it_in_the_talk_called_after_it() -> None:
    theirs = called(
        passages(("Ada", "Tell us what you need."), ("Eli", "I'd like sixty lanterns by May.")), "Pail & Spade"
    )
    ours = called(
        passages(("Ada", "We sell lanterns."), ("Bo", "Sixty a year."), recording="rec_b", first_number=3), "Weekly"
    )
    asked = request("What does Pail & Spade want?", [hit(theirs, 0, 1), hit(ours, 0, 1)], [*theirs, *ours])
    assert name_speakers(asked).question == "What does Eli want?"


def test_a_name_that_nobody_can_be_told_to_stand_for_stays() -> None:
    talk = called(passages(("Ada", "Tell us."), ("Bo", "Sixty.")), "Weekly")
    asked: AnswerRequest = request("What does Pail & Spade want?", [hit(talk, 0, 1)], talk)
    assert name_speakers(asked) == asked


def test_what_was_decided_is_not_what_will_be_decided_later() -> None:
    answer = ask(
        "What was decided about the roof of the barn?",
        EvenReader("Monday", "decided"),
        ("Ada", "The roof of the barn, then we decide that next Monday."),
        ("Bo", "Let us hear the builder."),
        ("Grace", "So the roof of the barn, it's decided: tiles."),
    )
    assert answer.key is not None
    assert answer.key.passage.speaker == "Grace"


def test_words_that_point_back_at_a_cause_are_quoted_with_it() -> None:
    answer = ask(
        "Why is the barn only half ready?",
        EvenReader("half ready"),
        ("Ada", "The tiles came four days late."),
        ("Bo", "Oh dear."),
        ("Ada", "That's why the barn is only half ready."),
    )
    assert [one.text for run in answer.runs for one in run.sentences][0] == "The tiles came four days late."


def test_what_i_promised_somebody_is_not_what_they_promised() -> None:
    talk = passages(
        ("Ada", "I'll send you the drawing of the barn by Friday."), ("Bo", "Thank you."),
        ("Bo", "I'll bring the ladder tomorrow morning."), ("Ada", "Good."),
    )  # fmt: skip
    asked = replace(request("What did I promise Bo?", [hit(talk, 0, 3)], talk, whole=True), asker=frozenset({"ada"}))
    answer = compose_answer(asked, None, WordEmbedder())
    assert answer.key is not None
    assert answer.key.passage.speaker == "Ada"


def test_who_took_part_is_answered_by_each_speakers_first_words() -> None:
    talk = called(passages(("Ada", "Come in, I'm Ada."), ("Bo", "Hello."), ("Ada", "Sit down.")), "Interview: Bo Lund")
    answer = compose_answer(
        request("Who interviews Bo Lund?", [hit(talk, 0, 2)], talk, whole=True), None, WordEmbedder()
    )
    assert [one.passage.speaker for run in answer.runs for one in run.sentences] == ["Ada"]
    everybody = compose_answer(
        request("Who was at the interview?", [hit(talk, 0, 2)], talk, whole=True), None, WordEmbedder()
    )
    assert [run.sentences[0].text for run in everybody.runs] == ["Come in, I'm Ada.", "Hello."]


def test_a_first_mention_answers_although_nothing_else_would() -> None:
    answer = ask(
        "When did the salt test first come up?",
        EvenReader("never"),
        ("Ada", "The salt test takes ten days."),
        ("Bo", "Fine."),
    )
    assert answer.answered == "yes"


@pytest.mark.parametrize(("said", "lead"), [("Sixty euros a roof.", "may not say"), ("It cost a lot.", "doesn’t say")])
def test_a_doubtful_answer_says_whether_what_was_asked_may_be_in_it(said: str, lead: str) -> None:
    talk = passages(("Ada", "The roof of the barn is new."), ("Bo", said))
    asked = request("How much did the roof of the barn cost?", [hit(talk, 0, 1)], talk)
    verdicts = {compose_answer(asked, EvenReader(said, odds=odds), WordEmbedder()).lead for odds in ODDS}
    leads = {one for one in verdicts if one.startswith("Closest moment")}
    assert leads
    assert all(one.startswith(f"Closest moment, but it {lead} how much") for one in leads)
