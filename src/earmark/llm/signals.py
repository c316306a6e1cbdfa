"""What is known about each sentence of the evidence, and about the evidence as a whole, as numbers to weigh."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from earmark.llm.kinds import asks_for_summary, fits
from earmark.llm.sentences import says_something, sentences_of
from earmark.llm.types import AnswerRequest, Passage
from earmark.retrieval.analysis import QueryTerms, analyze, analyze_query, speaker_term, terms_of_name
from earmark.retrieval.phrasing import address
from earmark.retrieval.types import ChunkHit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SENTENCE_SIGNALS: Final = (
    "meaning",  # cosine of question and sentence
    "words",  # share of the question's words it has, rare ones counting more; its speaker's name is one of them
    "near_words",  # the same with the sentences before and after
    "fits",  # 1 if it holds the time, number, person or reason asked for, -1 if it lacks it, 0 if none is asked for
    "asks",  # 1 if it is a question itself
    "speaker",  # 1 if the question names who says it
    "length",  # logarithm of its words
    "lexical",  # what its moment was found for: words,
    "semantic",  # meaning,
    "prior",  # and its recording
)
EVIDENCE_SIGNALS: Final = (
    "moment",  # best lexical and semantic part of a moment's score: what its recording adds tells nothing here
    "named",  # highest cosine of a sentence; of those that say or name whom the question names, where it does
)
_EMBEDDED: Final = 32
"""Sentences that the encoder reads: about 60 ms on one core."""


class SentenceEmbedder(Protocol):
    """What selection needs of an encoder: vectors of length 1."""

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shapes: N texts -> [N, dimensions]."""
        ...


@dataclass(slots=True)
class Sentence:
    """A sentence, character for character as it stands in the passage, and its signals."""

    passage: Passage
    position: int
    text: str
    place: int
    terms: frozenset[str]
    near_terms: frozenset[str] = frozenset()
    signals: dict[str, float] = field(default_factory=dict)
    closeness: float = 0.0


@dataclass(frozen=True, slots=True)
class Described:
    """The candidate sentences and the signals of the evidence as a whole; none of either without candidates."""

    sentences: Sequence[Sentence]
    evidence: dict[str, float]


def describe_evidence(request: AnswerRequest, embedder: SentenceEmbedder | None) -> Described:
    """Describe the sentences of the found moments that words alone make likely."""
    query = analyze_query(request.standalone)
    spoken = list(_sentences(request))
    weights = _weights(query, spoken)
    likely = [one for one in spoken if says_something(one.text)]
    for one in likely:
        one.signals = {
            "words": _coverage(query, weights, one.terms),
            "near_words": _coverage(query, weights, one.near_terms),
        }
    likely.sort(key=lambda one: (-_likelihood(one), one.place, one.passage.number, one.position))
    likely = likely[:_EMBEDDED]
    for one, (meaning, one.closeness) in zip(likely, _meanings(request, query, likely, embedder), strict=True):
        one.signals |= {"meaning": meaning, **_other_signals(request, query, one)}
    return Described(likely, _of_evidence(request, query, spoken, likely) if likely else {})


def _likelihood(one: Sentence) -> float:
    return one.signals["words"] + 0.5 * one.signals["near_words"] + 1 / (1 + one.place)


def _sentences(request: AnswerRequest) -> Iterator[Sentence]:
    """Yield the sentences of the hits, best hit first; of a whole transcript only those that were found."""
    passages = {(one.recording_id, one.start_ms, one.text): one for one in reversed(request.passages)}
    for place, hit in enumerate(request.hits):
        found = list(_of_hit(request, place, hit, passages))
        for index, one in enumerate(found):
            one.near_terms = frozenset().union(*(near.terms for near in found[max(0, index - 1) : index + 2]))
        yield from found


def _of_hit(
    request: AnswerRequest, place: int, hit: ChunkHit, passages: dict[tuple[str, int, str], Passage]
) -> Iterator[Sentence]:
    for segment in hit.segments:
        passage = passages.get((hit.recording_id, segment.start_ms, segment.text))
        if passage is None:
            continue
        speaker = _name_of(passage)
        for position, text in sentences_of(passage.text):
            yield Sentence(passage, position, text, place, frozenset([*analyze(text, request.language), *speaker]))


def _weights(query: QueryTerms, spoken: Sequence[Sentence]) -> list[float]:
    """Weigh each concept of the question by how rare it is in the evidence."""
    counts = Counter(term for one in spoken for term in one.terms)
    return [
        concept.weight * math.log(1 + len(spoken) / (1 + max(counts[term] for term in concept.terms)))
        for concept in query.concepts
    ]


def _coverage(query: QueryTerms, weights: Sequence[float], said: frozenset[str]) -> float:
    """Return the weighted share of the question's concepts that are said."""
    found = [
        weight
        for concept, weight in zip(query.concepts, weights, strict=True)
        if not said.isdisjoint(concept.terms)
    ]  # fmt: skip
    return sum(found) / (sum(weights) or 1.0)


def _meanings(
    request: AnswerRequest, query: QueryTerms, sentences: Sequence[Sentence], embedder: SentenceEmbedder | None
) -> list[tuple[float, float]]:
    """Return two cosines of each sentence: with the question put to whom it names, and the higher of that and as asked.

    Asked for a summary, sentences are compared with their own mean.
    """
    if embedder is None or not sentences:
        return [(one.signals["words"],) * 2 for one in sentences]
    speakers = {one.speaker for one in request.passages if one.speaker}
    known = {speaker_term(term) for name in speakers for term in terms_of_name(name, None)}
    put = address(query, known, {request.language})
    vectors = embedder.embed_passages([put, request.standalone, *(one.text for one in sentences)])
    told = vectors[2:]
    if asks_for_summary(request.standalone):
        return [(max(0.0, float(value)),) * 2 for value in told @ told.mean(0)]
    both = [(max(0.0, float(first)), max(0.0, float(second))) for first, second in told @ vectors[:2].T]
    return [(first, max(first, second)) for first, second in both]


def _other_signals(request: AnswerRequest, query: QueryTerms, one: Sentence) -> dict[str, float]:
    fit = fits(request.question, one.text)
    if fit is None:
        fit = fits(request.standalone, one.text)
    parts = request.hits[one.place].parts
    return {
        "fits": 0.0 if fit is None else 1.0 if fit else -1.0,
        "asks": float(one.text.rstrip("\"'”’)]").endswith(("?", "？", "؟"))),
        "speaker": float(bool(_named_in(query, [one]))),
        "length": math.log(len(one.text.split())),
        **{name: parts.get(name, 0.0) for name in ("lexical", "semantic", "prior")},
    }


def _named_in(query: QueryTerms, sentences: Sequence[Sentence]) -> frozenset[str]:
    """Return the question's terms that are names of those who say these sentences."""
    asked = {term for concept in query.concepts for term in concept.terms}
    return frozenset(term for one in sentences for term in _name_of(one.passage)) & asked


def _name_of(passage: Passage) -> frozenset[str]:
    return terms_of_name(passage.speaker or "", None)


def _of_evidence(
    request: AnswerRequest, query: QueryTerms, spoken: Sequence[Sentence], likely: Sequence[Sentence]
) -> dict[str, float]:
    named = _named_in(query, spoken)
    theirs = [one for one in likely if not named.isdisjoint(one.terms)] if named else likely
    return {
        "moment": max(hit.parts.get("lexical", 0.0) + hit.parts.get("semantic", 0.0) for hit in request.hits),
        "named": max((one.closeness for one in theirs), default=0.0),
    }
