from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from earmark.library.types import Segment
from earmark.llm.answer_weights import ANSWERED, SELECTED
from earmark.llm.extractive import NOTHING_FOUND, ExtractiveModel
from earmark.llm.selection import choose, last_answer, select_sentences
from earmark.llm.signals import EVIDENCE_SIGNALS, SENTENCE_SIGNALS, describe_evidence
from earmark.llm.types import AnswerEvent, AnswerRequest, CitationMark, Finished, Passage, PastTurn, TextDelta
from earmark.retrieval.analysis import analyze
from earmark.retrieval.types import ChunkHit

MARCH = 1_772_000_000_000_000
PARTS = {"lexical": 0.08, "semantic": 0.12, "prior": 0.1}


class WordEmbedder:
    """A stand-in for the encoder: texts that share words are alike."""

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), 4_096), np.float32)
        for row, text in enumerate(texts):
            for term in analyze(text, "en"):
                vectors[row, int.from_bytes(term.encode()[-8:], "little") % 4_093] = 1.0
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1.0)


def said(*segments: tuple[str, str], recording: str = "rec_a", at: int = 0, score: float = 0.35) -> ChunkHit:
    """A moment: (speaker, words) of each segment, one second apart."""
    found = tuple(
        Segment(at + 1_000 * n, at + 1_000 * n + 900, text, speaker or None)
        for n, (speaker, text) in enumerate(segments)
    )
    parts = {name: value * score / 0.35 for name, value in PARTS.items()}
    return ChunkHit("chk_1", recording, "txn_1", found, None, MARCH, f"Talk {recording}", score, parts)


def request(question: str, *hits: ChunkHit) -> AnswerRequest:
    segments = [(hit, segment) for hit in hits for segment in hit.segments]
    passages = [
        Passage(
            n,
            hit.recording_id,
            hit.recording_name,
            hit.recorded_us,
            one.start_ms,
            one.end_ms,
            one.speaker,
            one.text,
        )
        for n, (hit, one) in enumerate(segments, 1)
    ]
    return AnswerRequest(question, question, None, [], hits, passages, is_whole_transcript=False)


def quoted(question: str, *hits: ChunkHit) -> list[str]:
    return [one.text for one in select_sentences(request(question, *hits), WordEmbedder())]


def test_the_sentence_with_the_asked_for_time_is_quoted_and_small_talk_is_not() -> None:
    hit = said(
        ("Ada", "Let me get a coffee before we begin. The launch of the lantern worries me."),
        ("Grace", "We move the launch of the lantern to the ninth of June. I could eat something now."),
    )
    answer = quoted("When is the launch of the lantern?", hit)
    assert "We move the launch of the lantern to the ninth of June." in answer
    assert "Let me get a coffee before we begin." not in answer
    assert "I could eat something now." not in answer


def test_the_next_sentence_is_quoted_too_where_it_holds_the_time_that_was_asked_for() -> None:
    moved = (
        "Sure. Since the spring the launch of the lantern has moved twice. From the ninth of May to the first of June."
    )
    hit = said(("Ada", moved), ("Bo", "Nobody likes it when the launch of the lantern is moved again."))
    answer = quoted("When did the launch of the lantern move?", hit)
    assert answer[0] == moved.removeprefix("Sure. ")
    assert not any(text == "From the ninth of May to the first of June." for text in answer)


def test_the_next_sentence_is_left_alone_where_the_first_says_it_all() -> None:
    hit = said(("Ada", "The launch of the lantern moved to the ninth of May. Lunch is at two o'clock today."))
    assert "The launch of the lantern moved to the ninth of May." in quoted(
        "When did the launch of the lantern move?", hit
    )


def test_what_the_named_person_says_comes_before_what_others_say() -> None:
    hit = said(("Ada", "I think the garden needs a wall."), ("Grace", "I think the garden needs a hedge."))
    described = describe_evidence(request("What does Grace think the garden needs?", hit), WordEmbedder())
    speaker = {one.passage.speaker: one.signals["speaker"] for one in described.sentences}
    assert speaker == {"Ada": 0.0, "Grace": 1.0}
    assert "I think the garden needs a hedge." in quoted("What does Grace think the garden needs?", hit)


def test_a_question_about_something_else_is_not_answered() -> None:
    hit = said(("Ada", "Let me get a coffee before we begin."), ("Grace", "The weather is dreadful."), score=0.06)
    assert quoted("Which insurer covers the delivery van?", hit) == []


def test_a_summary_is_never_refused() -> None:
    hit = said(("Ada", "Let me get a coffee before we begin."), ("Grace", "The weather is dreadful today."), score=0.0)
    assert quoted("What was this call about?", hit) != []


def test_a_follow_up_is_answered_by_what_it_asks_for_itself_and_not_by_what_was_just_told() -> None:
    told = "The launch of the lantern is on the ninth of June."
    hit = said(("Ada", told), ("Grace", "The launch of the lantern costs nine hundred euros."))
    asked = request("And how much does it cost?", hit)
    asked = replace(asked, standalone=f"When is the launch of the lantern?\n{asked.question}")
    asked = replace(
        asked, history=[PastTurn("user", "When is the launch of the lantern?"), PastTurn("assistant", told)]
    )
    best = choose(describe_evidence(asked, WordEmbedder()).sentences, told=last_answer(asked))[0]
    assert best.text == "The launch of the lantern costs nine hundred euros."


def test_near_copies_are_quoted_once() -> None:
    line = "We move the launch of the lantern to the ninth of June."
    assert quoted("When is the launch of the lantern?", said(("Ada", line), ("Grace", line))) == [line]


def test_recordings_are_grouped_and_each_told_in_time_order() -> None:
    first = said(("Ada", "The launch of the lantern is on the ninth."), recording="rec_a", at=60_000)
    second = said(("Ada", "The launch of the lantern is in June now."), recording="rec_b")
    third = said(("Grace", "The launch of our lantern was in May once."), recording="rec_a", at=5_000)
    found = select_sentences(request("When is the launch of the lantern?", first, second, third), WordEmbedder())
    recordings = [one.passage.recording_id for one in found]
    assert sorted(recordings, key=recordings.index) == recordings
    for recording in set(recordings):
        starts = [one.passage.start_ms for one in found if one.passage.recording_id == recording]
        assert starts == sorted(starts)


def events(question: str, *hits: ChunkHit) -> list[AnswerEvent]:
    import asyncio

    async def collect() -> list[AnswerEvent]:
        return [event async for event in ExtractiveModel(WordEmbedder()).answer(request(question, *hits))]

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
def test_every_quotation_is_character_for_character_words_of_the_cited_segment(
    texts: list[list[str]], score: float
) -> None:
    hit = said(*(("Ada", " ".join(words)) for words in texts), score=score)
    passages = {one.number: one for one in request("?", hit).passages}
    told = events("When is the launch of the lantern?", hit)
    for before, event in zip(told, told[1:]):
        if isinstance(event, CitationMark):
            assert isinstance(before, TextDelta)
            assert before.text
            assert before.text in passages[event.number].text
    assert isinstance(told[-1], Finished)


def test_nothing_found_is_said_without_a_citation() -> None:
    assert events("When?") == [TextDelta(NOTHING_FOUND), Finished()]


def test_name_and_date_are_labels_apart_from_the_quotation() -> None:
    told = events(
        "When is the launch of the lantern?", said(("Ada", "The launch of the lantern is on the ninth of June."))
    )
    assert told[:5] == [
        TextDelta("Talk rec_a (2026-02-25)\n"),
        TextDelta("Ada: “"),
        TextDelta("The launch of the lantern is on the ninth of June."),
        CitationMark(1),
        TextDelta("”\n"),
    ]


def test_the_same_evidence_gives_the_same_answer() -> None:
    hits = [
        said(("Ada", "The launch is on the ninth of June. The launch is late."), recording=f"rec_{n}") for n in range(5)
    ]
    assert events("When is the launch?", *hits) == events("When is the launch?", *hits)


@pytest.mark.parametrize("question", ["???", "🙂🙂", " " * 1_000, "the", "word " * 200, "מתי?", "เมื่อไร", "什么时候"])
def test_strange_questions_get_an_answer_or_none_but_never_fail(question: str) -> None:
    told = events(
        question, said(("", "The launch is on the ninth of June."), ("Ada", "我们三月搬家。"), ("Ada", "..."))
    )
    assert isinstance(told[-1], Finished)


def test_the_weights_name_the_signals() -> None:
    assert tuple(SELECTED) == SENTENCE_SIGNALS
    assert tuple(ANSWERED) == EVIDENCE_SIGNALS
    assert all(weight >= 0 for weight in ANSWERED.values())
