from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from earmark.answers.support import is_supported, numbers_of
from earmark.ask.answers.draft import Draft
from earmark.ask.answers.feed import TurnFeed
from earmark.ask.answers.supported import supported
from earmark.ask.types import CitationPart, TextPart
from earmark.llm.types import AnswerEvent, CitationMark, Finished, TextDelta
from tests.answers.talk import passages

TALK = passages(
    ("Ada", "We move the launch of the lantern to the ninth of June."),
    ("Grace", "It costs two thousand five hundred euros, all in."),
)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("two thousand five hundred", {2500}),
        ("2,500 euros", {2500}),
        ("the ninth of June", {9}),
        ("twenty-four newton metres", {24}),
        ("a hundred and thirty-eight", {38}),
        ("one of them said no", set()),
        ("on 14 July 2026", {14, 2026}),
    ],
)
def test_numbers_are_parsed_from_digits_and_words(text: str, numbers: set[int]) -> None:
    assert numbers <= numbers_of(text)


@pytest.mark.parametrize(
    ("sentence", "is_sound"),
    [
        ("They move the lantern's launch to 9 June.", True),
        ("Ada said that the launch of the lantern moves.", True),
        ("They move the lantern's launch to 14 June.", False),
        ("They move the launch because Zoltan asked for it.", False),
        ("The weather was dreadful.", False),
    ],
)
def test_numbers_names_and_words_must_occur_in_the_cited_passage(sentence: str, is_sound: bool) -> None:
    assert is_supported(sentence, TALK[:1]) == [is_sound]


def test_one_sentence_may_be_supported_by_several_passages() -> None:
    sentence = "The launch of the lantern moves to 9 June and costs 2,500 euros."
    assert is_supported(sentence, TALK) == [True, True]
    assert is_supported(sentence, TALK[:1]) == [False]


def test_a_sentence_in_another_language_is_checked_by_its_numbers_alone() -> None:
    german = "Der Start der Laterne wird auf den 9. Juni verschoben, sagen sie."
    assert is_supported(german, TALK[:1]) == [True]
    assert is_supported(german.replace("9.", "14."), TALK[:1]) == [False]


def drafted(*events: AnswerEvent) -> Draft:
    async def told() -> AsyncIterator[AnswerEvent]:
        for event in events:
            yield event

    async def collect() -> Draft:
        draft = Draft(TurnFeed(), TALK)
        async for event in supported(told(), TALK, draft, None):
            draft.add(event)
        return draft

    return asyncio.run(collect())


def test_an_unsupported_citation_of_an_outside_model_is_dropped_and_counted() -> None:
    draft = drafted(
        TextDelta("The launch of the lantern moves to 9 June "), CitationMark(1), TextDelta(". It costs nothing "),
        CitationMark(1), CitationMark(99), TextDelta("."), Finished(),
    )  # fmt: skip
    assert [type(part) for part in draft.parts] == [TextPart, CitationPart, TextPart]
    assert draft.dropped_citations == 1
    assert draft.answered == "yes"


def test_an_answer_whose_citations_were_all_dropped_is_partly() -> None:
    draft = drafted(TextDelta("Zoltan paid 77 crowns "), CitationMark(2), Finished())
    assert (draft.answered, draft.dropped_citations) == ("partly", 1)


def test_an_answer_without_citations_is_no() -> None:
    assert drafted(TextDelta("Nothing in these recordings says so."), Finished()).answered == "no"
