"""Which sentences of the evidence answer a question, and whether any does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from earmark.llm.answer_weights import ANSWERED, ANSWERED_FROM, SELECTED
from earmark.llm.kinds import asks_for_summary, completes
from earmark.llm.sentences import sentences_of
from earmark.llm.signals import Described, Sentence, SentenceEmbedder, describe_evidence
from earmark.llm.types import AnswerRequest, Passage

_MOST: Final = 4
_NEAR_BEST: Final = 1.3
"""How far below the best a sentence may score; 1.3 is 3.7 times less likely to hold the answer."""
_TOO_ALIKE: Final = 0.9
_TOLD: Final = 0.75


@dataclass(frozen=True, slots=True)
class Selected:
    """A sentence, character for character as it stands in the passage; scores compare within one question."""

    passage: Passage
    text: str
    position: int
    score: float

    def holds(self, other: Selected) -> bool:
        """Whether the other's words are among these, at the same place."""
        return self.passage == other.passage and self.position < other.position < self.position + len(self.text)


def select_sentences(request: AnswerRequest, embedder: SentenceEmbedder | None = None) -> list[Selected]:
    """Return the sentences that answer, grouped by recording (best first), in time order; none if none does."""
    described = describe_evidence(request, embedder)
    if not described.sentences or not is_answered(request, described):
        return []
    chosen = complete(request, choose(described.sentences, told=last_answer(request)))
    order = {one.passage.recording_id: rank for rank, one in reversed(list(enumerate(chosen)))}
    return sorted(chosen, key=lambda one: (order[one.passage.recording_id], one.passage.start_ms, one.position))


def is_answered(request: AnswerRequest, described: Described) -> bool:
    """Whether the evidence answers; a summary can be made of anything."""
    return asks_for_summary(request.standalone) or weigh(ANSWERED, described.evidence) >= ANSWERED_FROM


def choose(sentences: Sequence[Sentence], told: str = "") -> list[Selected]:
    """Return the best sentence and the few that are nearly as good, best first, without near-copies.

    Args:
        told: the answer before, if the question leans on it; what it quoted is less likely wanted again.
    """

    def score(one: Sentence) -> float:
        return weigh(SELECTED, one.signals) - (_TOLD if one.text in told else 0.0)

    scored = sorted(
        (Selected(one.passage, one.text, one.position, score(one)) for one in sentences),
        key=lambda one: (-one.score, one.passage.number, one.position),
    )
    chosen: list[Selected] = []
    for one in scored:
        if len(chosen) == _MOST or one.score < scored[0].score - _NEAR_BEST:
            break
        if not any(_overlap(one.text, other.text) > _TOO_ALIKE for other in chosen):
            chosen.append(one)
    return chosen


def complete(request: AnswerRequest, chosen: Sequence[Selected]) -> list[Selected]:
    """Quote the next sentence of the segment as well where it holds the time, number… that the chosen one lacks."""
    whole = [_with_next(request, one) for one in chosen]
    return [one for one in whole if not any(other.holds(one) for other in whole)]


def _with_next(request: AnswerRequest, one: Selected) -> Selected:
    text = one.passage.text
    following = next(((at, said) for at, said in sentences_of(text) if at > one.position), None)
    if following is None or not completes(request.standalone, one.text, following[1]):
        return one
    return replace(one, text=text[one.position : following[0] + len(following[1])])


def last_answer(request: AnswerRequest) -> str:
    """Return the answer before, where the question leans on it."""
    if request.standalone == request.question:
        return ""
    return next((turn.content for turn in reversed(request.history) if turn.role == "assistant"), "")


def weigh(weights: Mapping[str, float], signals: Mapping[str, float]) -> float:
    """Return the weighted sum of signals."""
    return sum(weight * signals[name] for name, weight in weights.items())


def _overlap(one: str, other: str) -> float:
    mine, theirs = set(one.casefold().split()), set(other.casefold().split())
    return len(mine & theirs) / max(1, min(len(mine), len(theirs)))
