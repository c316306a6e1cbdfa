"""Which sentences of the evidence answer a question."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from earmark.llm.types import AnswerRequest, Passage
from earmark.retrieval.analysis import analyze, analyze_query

_SENTENCE = re.compile(r"[^.!?。！？؟।\n]+(?:[.!?。！？؟।]+[\"'”’)\]]*|\n|$)")
_LIMIT = 5
_MIN_COVERAGE = 0.34


@dataclass(frozen=True, slots=True)
class Selected:
    """A sentence, character for character as it stands in the passage."""

    passage: Passage
    text: str
    position: int
    score: float


def sentences_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield (position, sentence) with surrounding white space left out; together they cover all words."""
    for match in _SENTENCE.finditer(text):
        sentence = match.group().strip()
        if sentence:
            yield match.start() + match.group().index(sentence), sentence


def select_sentences(request: AnswerRequest) -> list[Selected]:
    """Return the best sentences, grouped by recording (best recording first), in time order within it."""
    terms = {term for concept in analyze_query(request.standalone).concepts for term in concept.terms}
    if not terms or not request.hits:
        return []
    best = max(hit.score for hit in request.hits) or 1.0
    weight: dict[tuple[str, int, str], float] = {}
    for hit in request.hits:
        for segment in hit.segments:
            key = (hit.recording_id, segment.start_ms, segment.text)
            weight[key] = max(weight.get(key, 0.0), hit.score / best)
    found: list[Selected] = []
    for passage in request.passages:
        share = weight.get((passage.recording_id, passage.start_ms, passage.text))
        if share is None:
            continue
        for position, sentence in sentences_of(passage.text):
            coverage = len(terms & set(analyze(sentence, request.language))) / len(terms)
            if coverage:
                found.append(Selected(passage, sentence, position, share * 0.5 + coverage))
    if not found or max(one.score for one in found) < _MIN_COVERAGE + 0.25:
        return []
    found.sort(key=lambda one: (-one.score, one.passage.number, one.position))
    chosen = found[:_LIMIT]
    order = {one.passage.recording_id: rank for rank, one in reversed(list(enumerate(chosen)))}
    return sorted(chosen, key=lambda one: (order[one.passage.recording_id], one.passage.start_ms, one.position))
