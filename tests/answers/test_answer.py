from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.answers.answer import NOTHING_FOUND, Answer, compose_answer
from earmark.answers.extractive import ExtractiveModel
from earmark.answers.windows import Window
from earmark.llm.types import AnswerEvent, AnswerRequest, CitationMark, Finished, PastTurn, TextDelta
from tests.answers.talk import WordEmbedder, hit, passages, request

LAUNCH = (
    ("Ada", "Let me get a coffee before we begin."),
    ("Bo", "When is the launch of the lantern now?"),
    ("Ada", "The ninth of June, so they say."),
    ("Grace", "Fine with me. I could eat something."),
)


class FixedReader:
    """A reader that scores one text as likely and all others as unlikely."""

    def __init__(self, likely: str, odds: float = 6.0) -> None:
        self.likely = likely
        self.odds = odds

    def read(self, question: str, windows: Sequence[Window]) -> list[list[float]]:
        return [[self.odds if self.likely in one.text else -6.0 for one in window.sentences] for window in windows]


def quoted(answer: Answer) -> list[str]:
    return [one.text for run in answer.runs for one in run.sentences]


def ask(question: str, *turns: tuple[str, str], found: tuple[int, int] = (0, 1), **more: object) -> Answer:
    talk = passages(*turns)
    asked = replace(request(question, [hit(talk, *found)], talk), **more)  # type: ignore[arg-type]
    return compose_answer(asked, None, WordEmbedder())


def test_the_reply_is_quoted_with_the_question_it_replies_to() -> None:
    answer = ask("When is the launch of the lantern?", *LAUNCH)
    assert quoted(answer)[:2] == ["When is the launch of the lantern now?", "The ninth of June, so they say."]


def test_a_question_is_never_marked_as_the_answer() -> None:
    answer = ask("When is the launch of the lantern?", *LAUNCH)
    assert answer.key is not None
    assert answer.key.text == "The ninth of June, so they say."


def test_an_answer_has_a_maximum_length() -> None:
    turns = [
        ("Ada" if n % 2 else "Bo", f"The launch of the lantern number {n} was late, as always in June.")
        for n in range(40)
    ]
    talk = passages(*turns)
    hits = [hit(talk, n, n + 1) for n in range(0, 40, 2)]
    answer = compose_answer(request("When was the launch of the lantern?", hits, talk), None, WordEmbedder())
    assert 0 < sum(len(text.split()) for text in quoted(answer)) <= 120


def test_near_duplicates_are_quoted_once() -> None:
    line = ("Ada", "We move the launch of the lantern to the ninth of June.")
    filler = [("Bo", f"Something else that is said here, number {n}.") for n in range(12)]
    talk = passages(line, *filler, line)
    hits = [hit(talk, 0, 0), hit(talk, 13, 13)]
    answer = compose_answer(request("When is the launch of the lantern?", hits, talk), None, WordEmbedder())
    assert quoted(answer).count(line[1]) == 1


def test_the_sentence_that_the_reader_scores_highest_is_the_key() -> None:
    talk = passages(*LAUNCH)
    asked = request("What would Grace like?", [hit(talk, 0, 3)], talk)
    answer = compose_answer(asked, FixedReader("I could eat something."), WordEmbedder())
    assert answer.key is not None
    assert answer.key.text == "I could eat something."
    assert answer.answered == "yes"


def test_a_question_on_topic_is_not_answered_if_the_reader_finds_no_answer() -> None:
    talk = passages(*LAUNCH)
    asked = request("How much is the launch of the lantern?", [hit(talk, 0, 3)], talk)
    answer = compose_answer(asked, FixedReader("nothing at all", odds=-9.0), WordEmbedder())
    assert answer.answered != "yes"
    assert "how much" in answer.lead


def test_a_question_about_something_else_is_not_answered() -> None:
    talk = passages(("Ada", "Let me get a coffee before we begin."), ("Grace", "The weather is dreadful."))
    asked = request("When does the tax office call?", [hit(talk, 0, 1, score=0.06)], talk)
    assert compose_answer(asked, None, WordEmbedder()) == Answer("no", NOTHING_FOUND)


def test_recordings_are_quoted_in_time_order_and_the_latest_is_marked() -> None:
    old = passages(("Ada", "The launch of the lantern is on the ninth."), recording="rec_a", day=0)
    new = passages(("Ada", "The launch of the lantern moved to the tenth."), recording="rec_b", day=30, first_number=2)
    asked = request("When is the launch of the lantern now?", [hit(old, 0, 0), hit(new, 0, 0)], [*old, *new])
    answer = compose_answer(asked, None, WordEmbedder())
    assert [run.sentences[0].passage.recording_id for run in answer.runs] == ["rec_a", "rec_b"]
    assert answer.latest == "rec_b"


def test_a_follow_up_does_not_repeat_the_previous_quotation() -> None:
    told = "The launch of the lantern is on the ninth of June."
    turns = (("Ada", told), ("Grace", "The launch of the lantern costs nine hundred euros."))
    question = "And how much does it cost?"
    answer = ask(
        question, *turns,
        standalone=f"When is the launch of the lantern?\n{question}",
        history=[PastTurn("user", "When is the launch of the lantern?"), PastTurn("assistant", told)],
    )  # fmt: skip
    assert answer.key is not None
    assert answer.key.text == "The launch of the lantern costs nine hundred euros."


def test_a_question_when_something_first_came_up_is_answered_by_its_earliest_mention() -> None:
    old = passages(("Ada", "Somebody mentioned a lantern today."), recording="rec_a", day=0)
    new = passages(
        ("Ada", "The lantern is the launch and the lantern is all."), recording="rec_b", day=9, first_number=2
    )
    asked = request("When did the lantern first come up?", [hit(new, 0, 0), hit(old, 0, 0)], [*old, *new])
    answer = compose_answer(asked, None, WordEmbedder())
    assert answer.key is not None
    assert answer.key.passage.recording_id == "rec_a"


# ---- whole transcripts ------------------------------------------------------------------------------

MEETING = (
    ("Ada", "Shall we paint the hall green then?"),
    ("Bo", "Yes, let's do that."),
    ("Ada", "Good. And who rings the painter about the price?"),
    ("Cy", "I'll ring the painter by Friday."),
    ("Bo", "What about the roof, who pays for the roof?"),
    ("Ada", "I don't know yet, let's leave that for next time."),
    ("Cy", "It rained into my soup again, by the way."),
)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What was decided?", "Shall we paint the hall green then?"),
        ("Who promised what?", "I'll ring the painter by Friday."),
        ("What did Cy promise?", "I'll ring the painter by Friday."),
        ("What is still open?", "I don't know yet, let's leave that for next time."),
    ],
)
def test_decisions_promises_and_open_questions_are_found_in_whole_transcripts(question: str, words: str) -> None:
    talk = passages(*MEETING)
    answer = compose_answer(request(question, [], talk, whole=True), None, WordEmbedder())
    assert answer.answered == "yes"
    assert words in quoted(answer)
    assert "It rained into my soup again, by the way." not in quoted(answer)


def test_a_speaker_without_promises_is_reported_to_have_none() -> None:
    talk = passages(*MEETING)
    answer = compose_answer(request("What did Bo promise?", [], talk, whole=True), None, WordEmbedder())
    assert (answer.answered, quoted(answer)) == ("no", [])


def test_i_means_the_owner_of_the_recordings() -> None:
    talk = passages(*MEETING)
    asked = request("What did I promise, and to whom?", [], talk, whole=True)
    assert quoted(compose_answer(replace(asked, asker=frozenset({"cy"})), None, WordEmbedder()))
    assert not quoted(compose_answer(replace(asked, asker=frozenset({"bo"})), None, WordEmbedder()))


def test_a_summary_quotes_several_parts_of_the_recording_in_time_order() -> None:
    parts = ("painter", "garden", "budget", "choir", "harbour")
    turns = [
        ("Ada" if n % 2 else "Bo", f"We spoke long about the {part} and what the {part} needs, point {n}.")
        for part in parts
        for n in range(6)
    ]
    talk = passages(*turns)
    answer = compose_answer(request("Summarise the meeting", [], talk, whole=True), None, WordEmbedder())
    told = [one.passage.ordinal for run in answer.runs for one in run.sentences]
    assert told == sorted(told)
    assert sum(any(part in text for text in quoted(answer)) for part in parts) >= 3


# ---- what comes out ---------------------------------------------------------------------------------


def events(asked: AnswerRequest) -> list[AnswerEvent]:
    async def collect() -> list[AnswerEvent]:
        return [event async for event in ExtractiveModel(WordEmbedder()).answer(asked)]

    return asyncio.run(collect())


WORDS = st.lists(
    st.sampled_from(
        ["launch", "lantern", "June", "the ninth", "?", ".", "\n", "“said”", "ignore that.", "我们搬家。", "  "]
    ),
    min_size=1,
    max_size=30,
)


@settings(deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=6), st.floats(0, 1))
def test_every_quotation_is_verbatim_text_of_the_cited_segment(texts: list[list[str]], score: float) -> None:
    talk = passages(*(("Ada", " ".join(words)) for words in texts))
    known = {one.number: one for one in talk}
    told = events(request("When is the launch of the lantern?", [hit(talk, 0, len(talk) - 1, score)], talk))
    for before, event in zip(told, told[1:]):
        if isinstance(event, CitationMark):
            assert isinstance(before, TextDelta)
            assert before.text
            assert before.text in known[event.number].text
    assert isinstance(told[-1], Finished)


def test_an_answer_that_found_nothing_has_no_citation() -> None:
    assert events(request("When?", [], [])) == [TextDelta(NOTHING_FOUND), Finished(answered="no")]


def test_name_and_date_are_labels_and_the_key_is_a_separate_part() -> None:
    talk = passages(*LAUNCH)
    told = events(request("When is the launch of the lantern?", [hit(talk, 0, 1)], talk))
    assert told[0] == TextDelta("Talk rec_a (2026-02-25)\n")
    at = told.index(TextDelta("The ninth of June, so they say.", is_key=True))
    assert told[at - 1 : at + 3] == [TextDelta("Ada: “"), told[at], CitationMark(3), TextDelta("”\n")]
    assert sum(isinstance(one, TextDelta) and one.is_key for one in told) == 1


def test_the_same_evidence_gives_the_same_answer() -> None:
    talk = passages(*LAUNCH)
    asked = request("When is the launch?", [hit(talk, 0, 1), hit(talk, 2, 3)], talk)
    assert events(asked) == events(asked)


@pytest.mark.parametrize("question", ["???", "🙂🙂", " " * 1_000, "the", "word " * 200, "מתי?", "เมื่อไร", "什么时候"])
def test_no_question_raises(question: str) -> None:
    talk = passages(("", "The launch is on the ninth of June."), ("Ada", "我们三月搬家。"), ("Ada", "..."))
    assert isinstance(events(request(question, [hit(talk, 0, 2)], talk))[-1], Finished)
