"""Which sentences of the evidence answer a question, and whether any does."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from earmark.llm.types import AnswerRequest, Passage
from earmark.retrieval.analysis import QueryTerms, analyze, analyze_query

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# A sentence ends at its stop; what a quote or a bracket closes belongs to it. Linear: the two classes exclude
# each other, and whatever ends the first is taken by the second.
_SENTENCE = re.compile(r"[^.!?。！？؟।\n]+(?:[.!?。！？؟।]+[\"'”’)\]]*|\n|$)")
_SHORT_WORDS = 3
_EMBEDDED = 24
_MOST = 4
_NEAR_BEST = 0.8
_TOO_ALIKE = 0.9
_MEANING, _WORDS, _RANK, _KIND = 0.55, 0.35, 0.10, 0.08
ANSWERS_FROM = 0.3
"""Below this score the best sentence answers nothing; see docs/answers.md for how it was set."""

_WHEN = re.compile(r"^\s*(?:when|what (?:date|day|time)|how long|since when|wann|quand|cuándo)\b", re.IGNORECASE)
_NUMBER = re.compile(r"^\s*(?:how (?:much|many)|what (?:price|percentage|number)|wie ?viel)\b", re.IGNORECASE)
_TIME_WORDS = re.compile(
    r"\d|\b(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|may|june|july|august|"
    r"september|october|november|december|today|tomorrow|yesterday|week|month|year|morning|evening|first|second|third|"
    r"fourth|fifth|sixth|seventh|eighth|ninth|tenth|twent\w+|thirt\w+)\b",
    re.IGNORECASE,
)
_COUNTS = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|teen|twenty|thirty|forty|fifty|sixty|seventy|"
    r"eighty|ninety|hundred|thousand|million|half|quarter|percent|euros?|dollars?|pounds?)\b",
    re.IGNORECASE,
)


class SentenceEmbedder(Protocol):
    """What selection needs of an encoder: vectors of length 1."""

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shapes: N texts -> [N, dimensions]."""
        ...


@dataclass(frozen=True, slots=True)
class Selected:
    """A sentence, character for character as it stands in the passage. `score` from 0 to about 1."""

    passage: Passage
    text: str
    position: int
    score: float
    coverage: float = 0.0
    rank: float = 0.0


def sentences_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield (position, sentence) with surrounding white space left out; together they cover all words."""
    for match in _SENTENCE.finditer(text):
        sentence = match.group().strip()
        if sentence:
            yield match.start() + match.group().index(sentence), sentence


def select_sentences(request: AnswerRequest, embedder: SentenceEmbedder | None = None) -> list[Selected]:
    """Return the sentences that answer, grouped by recording (best first), in time order; none if none does."""
    scored = score_sentences(request, embedder)
    if not scored or scored[0].score < ANSWERS_FROM:
        return []
    chosen: list[Selected] = []
    for one in scored:
        if len(chosen) == _MOST or one.score < scored[0].score * _NEAR_BEST:
            break
        if not any(_overlap(one.text, other.text) > _TOO_ALIKE for other in chosen):
            chosen.append(one)
    order = {one.passage.recording_id: rank for rank, one in reversed(list(enumerate(chosen)))}
    return sorted(chosen, key=lambda one: (order[one.passage.recording_id], one.passage.start_ms, one.position))


def score_sentences(request: AnswerRequest, embedder: SentenceEmbedder | None) -> list[Selected]:
    """Return the candidate sentences, best first; ties by passage and position."""
    query = analyze_query(request.standalone)
    candidates = _candidates(request, query)
    if not candidates:
        return []
    candidates.sort(key=lambda one: (-(one.coverage + one.rank), one.passage.number, one.position))
    candidates = candidates[:_EMBEDDED]
    meanings = _meanings(request.standalone, candidates, embedder)
    scored = [
        Selected(one.passage, one.text, one.position, _score(request, one, meaning), one.coverage, one.rank)
        for one, meaning in zip(candidates, meanings, strict=True)
    ]
    return sorted(scored, key=lambda one: (-one.score, one.passage.number, one.position))


def _score(request: AnswerRequest, one: Selected, meaning: float) -> float:
    kind = _KIND * _answers_the_kind(request.standalone, one.text)
    return _MEANING * max(0.0, meaning) + _WORDS * one.coverage + _RANK * one.rank + kind


def _answers_the_kind(question: str, sentence: str) -> bool:
    if _WHEN.search(question):
        return _TIME_WORDS.search(sentence) is not None
    return _NUMBER.search(question) is not None and _COUNTS.search(sentence) is not None


def _candidates(request: AnswerRequest, query: QueryTerms) -> list[Selected]:
    """Return every sentence of the hits that is long enough to say something, with what words alone tell of it."""
    ranks: dict[tuple[str, int, str], float] = {}
    for place, hit in enumerate(request.hits):
        for segment in hit.segments:
            ranks.setdefault((hit.recording_id, segment.start_ms, segment.text), 1 / (1 + place))
    found = []
    for passage in request.passages:
        rank = ranks.get((passage.recording_id, passage.start_ms, passage.text))
        if rank is not None:
            found += [(passage, at, text, rank) for at, text in sentences_of(passage.text) if _says_something(text)]
    terms = [set(analyze(text, request.language)) | set(analyze(one.speaker or "", None)) for one, _, text, _ in found]
    weights = _weights(query, terms)
    return [
        Selected(passage, text, at, 0.0, _coverage(query, weights, said), rank)
        for (passage, at, text, rank), said in zip(found, terms, strict=True)
    ]


def _says_something(text: str) -> bool:
    return not text.isascii() or len(text.split()) > _SHORT_WORDS


def _weights(query: QueryTerms, sentences: Sequence[set[str]]) -> list[float]:
    """Weigh each concept of the question by how rare it is in the evidence."""
    counts = Counter(term for said in sentences for term in said)
    return [
        concept.weight * math.log(1 + len(sentences) / (1 + max(counts[term] for term in concept.terms)))
        for concept in query.concepts
    ]


def _coverage(query: QueryTerms, weights: Sequence[float], said: set[str]) -> float:
    """Return the weighted share of the question's concepts that a sentence names."""
    total = sum(weights)
    if not total:
        return 0.0
    return (
        sum(weight for concept, weight in zip(query.concepts, weights, strict=True) if said & set(concept.terms))
        / total
    )


def _meanings(question: str, candidates: Sequence[Selected], embedder: SentenceEmbedder | None) -> list[float]:
    if embedder is None:
        return [one.coverage for one in candidates]
    vectors = embedder.embed_passages([question, *(one.text for one in candidates)])
    return [float(value) for value in vectors[1:] @ vectors[0]]


def _overlap(one: str, other: str) -> float:
    mine, theirs = set(one.casefold().split()), set(other.casefold().split())
    return len(mine & theirs) / max(1, min(len(mine), len(theirs)))
