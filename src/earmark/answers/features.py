"""Features for sentence selection: numbers per sentence, and for all evidence together.

They need no language: words are compared as index terms, meaning by the encoder, and the rest is who says what
after whom. `scoring.py` turns them into probabilities.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from earmark.answers.cues import AGREES, DECIDES, OPEN, PROMISES
from earmark.answers.question_kinds import Asked, Kind, holds
from earmark.answers.sentences import Sentence, words_in
from earmark.answers.windows import Window, place_of
from earmark.llm.types import AnswerRequest, Passage
from earmark.retrieval.index.analysis import QueryTerms, analyze, analyze_query, speaker_term, terms_of_name
from earmark.retrieval.index.chunking import count_words
from earmark.retrieval.ranking.phrasing import address

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

SIGNALS: Final = (
    "meaning", "meaning_asked",  # cosine with the question in the second person, and as asked
    "meaning_before", "meaning_after", "meaning_two_before", "meaning_two_after",  # of neighbouring sentences
    "meaning_window",  # the highest of its window
    "meaning_turn",  # the highest of its turn
    "words", "words_before", "words_after", "words_window",  # share of the question's words, rare ones counting more
    "asks", "asked_before", "asks_after",  # whether it, the sentence before, the one after is a question
    "replies",  # share of the question's words in the question that somebody else asked shortly before
    "replies_meaning",  # the cosine of that question
    "speaker", "other_speaker",  # whether the question names its speaker; whether it names another speaker
    "names_speaker",  # whether the sentence contains a name of the question
    "first_in_turn", "length", "turn_length",
    "agrees", "decides", "promises", "open",  # wording (`cues.py`)
    "wants_time", "has_time", "wants_number", "has_number", "wants_person", "has_person", "wants_reason", "has_reason",
    "fits",  # 1 if it contains what the question asks for, -1 if not, 0 if the question asks for nothing of the kind
    "closed", "finding",  # whether the question is yes/no; whether it asks for decisions, promises or open points
    "lexical", "semantic", "prior", "place",  # the retrieval scores of its chunk, and its rank
    "moment", "named",  # of all evidence: the best chunk, the closest sentence about the people named
)  # fmt: skip
_EMBEDDED: Final = 96
"""Sentences embedded at most: about 150 ms on one core."""
_LEAST_WORDS: Final = 3
_REPLY_SENTENCES: Final = 3


class SentenceEmbedder(Protocol):
    """The part of an encoder that answers need: unit vectors."""

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts. Shapes: N texts -> [N, dimensions]."""
        ...


@dataclass(slots=True)
class Described:
    """A sentence, the first window that contains it, and its signals."""

    sentence: Sentence
    window: int
    at: int
    place: int
    terms: frozenset[str]
    signals: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All distinct sentences of the windows, and the signals of the evidence as a whole."""

    sentences: Sequence[Described]
    moment: float = 0.0
    named: float = 0.0

    def matrix(self) -> Floats:
        """Return the signals as a matrix. Shapes: [sentences, SIGNALS]."""
        import numpy as np

        rows = [[one.signals[name] for name in SIGNALS] for one in self.sentences]
        return np.array(rows, np.float32).reshape(-1, len(SIGNALS))


def describe_evidence(
    request: AnswerRequest, asked: Asked, windows: Sequence[Window], embedder: SentenceEmbedder | None
) -> Evidence:
    """Compute the signals of every sentence of the windows."""
    return _Describer(request, asked, windows, embedder).describe()


class _Describer:
    """Computes the signals of one request."""

    def __init__(
        self, request: AnswerRequest, asked: Asked, windows: Sequence[Window], embedder: SentenceEmbedder | None
    ) -> None:
        self._request = request
        self._asked = asked
        self._windows = windows
        self._embedder = embedder
        self._query = analyze_query(request.standalone, {request.language})
        self._asked_terms = {term for concept in self._query.concepts for term in concept.terms}
        self._speakers = {one.speaker for one in request.passages if one.speaker}
        self._spoken = {term for name in self._speakers for term in terms_of_name(name, None)}
        self._terms = {
            place_of(one): _terms(request, one) for window in windows for one in window.sentences
        }  # fmt: skip
        self._weights = _weights(self._query, list(self._terms.values()))
        self._words = {place: self._coverage(terms) for place, terms in self._terms.items()}
        self._meaning: dict[tuple[str, int, int], tuple[float, float]] = {}

    def describe(self) -> Evidence:
        found = self._listed()
        if not found:
            return Evidence(())
        self._measure_meaning(found)
        moment = max(hit.parts.get("lexical", 0.0) + hit.parts.get("semantic", 0.0) for hit in self._request.hits)
        named = self._closest_named(found)
        for one in found:
            one.signals = {**self._of_talk(one), **self._of_words(one), "moment": moment, "named": named}
        return Evidence(found, moment, named)

    def _listed(self) -> list[Described]:
        found: dict[tuple[str, int, int], Described] = {}
        for number, window in enumerate(self._windows):
            for at, one in enumerate(window.sentences):
                place = place_of(one)
                found.setdefault(place, Described(one, number, at, window.place, self._terms[place]))
        return list(found.values())

    def _measure_meaning(self, found: Sequence[Described]) -> None:
        """Compare the likeliest sentences with the question, as asked and in the second person."""
        likely = sorted(found, key=lambda one: -self._words[place_of(one.sentence)] - 1.5 / (1 + one.place))
        if self._embedder is None:
            self._meaning = {place: (share, share) for place, share in self._words.items()}
            return
        known = set(map(speaker_term, self._spoken))
        put = address(self._query, known, {self._request.language})
        read = [one for one in likely if says_something(one.sentence.text)][:_EMBEDDED]
        texts = [put, self._request.standalone, *(one.sentence.text for one in read)]
        vectors = self._embedder.embed_passages(texts)
        for one, (first, second) in zip(read, vectors[2:] @ vectors[:2].T, strict=True):
            self._meaning[place_of(one.sentence)] = (max(0.0, float(first)), max(0.0, float(second)))

    def _near(self, one: Described, step: int) -> Sentence | None:
        sentences = self._windows[one.window].sentences
        return sentences[one.at + step] if 0 <= one.at + step < len(sentences) else None

    def _meaning_of(self, one: Sentence | None) -> float:
        return 0.0 if one is None else max(self._meaning.get(place_of(one), (0.0, 0.0)))

    def _words_of(self, one: Sentence | None) -> float:
        return 0.0 if one is None else self._words[place_of(one)]

    def _of_talk(self, one: Described) -> dict[str, float]:
        """Return the signals from the surrounding sentences and the speaker."""
        window = self._windows[one.window].sentences
        turn = [other for other in window if other.passage.ordinal == one.sentence.passage.ordinal]
        before, after = self._near(one, -1), self._near(one, 1)
        asked = self._asked_before(one)
        speaker = _name_of(one.sentence.passage)
        is_named = bool(speaker & self._asked_terms)
        return {
            "meaning_before": self._meaning_of(before), "meaning_after": self._meaning_of(after),
            "meaning_two_before": self._meaning_of(self._near(one, -2)),
            "meaning_two_after": self._meaning_of(self._near(one, 2)),
            "meaning_window": max(map(self._meaning_of, window)), "meaning_turn": max(map(self._meaning_of, turn)),
            "words_before": self._words_of(before), "words_after": self._words_of(after),
            "words_window": max(map(self._words_of, window)),
            "asked_before": float(before is not None and before.is_question),
            "asks_after": float(after is not None and after.is_question),
            "replies": self._words_of(asked), "replies_meaning": self._meaning_of(asked),
            "speaker": float(is_named),
            "other_speaker": float(not is_named and bool(self._spoken & self._asked_terms)),
            "names_speaker": float(bool(one.terms & self._spoken & self._asked_terms)),
            "first_in_turn": float(turn[0] == one.sentence),
            "turn_length": math.log(1 + words_in(turn)),
        }  # fmt: skip

    def _of_words(self, one: Described) -> dict[str, float]:
        """Return the signals from the sentence itself."""
        text = one.sentence.text
        parts = self._request.hits[one.place].parts
        place = place_of(one.sentence)
        meaning, meaning_asked = self._meaning.get(place, (0.0, 0.0))
        flags = {name: float(kind in self._asked.kinds) for name, kind in _WANTS.items()}
        has = {name: float(holds(kind, text)) for name, kind in _HAS.items()}
        return {
            "meaning": meaning, "meaning_asked": meaning_asked, "words": self._words[place],
            "asks": float(one.sentence.is_question), "length": math.log(1 + count_words(text)),
            "agrees": float(AGREES.search(text) is not None), "decides": float(DECIDES.search(text) is not None),
            "promises": float(PROMISES.search(text) is not None), "open": float(OPEN.search(text) is not None),
            **flags, **has, "fits": self._fits(text),
            "closed": float(self._asked.kind in (Kind.YES_NO, Kind.EITHER_OR)),
            "finding": float(self._asked.is_about_all and self._asked.kind is not Kind.ATTENDED),
            **{name: parts.get(name, 0.0) for name in ("lexical", "semantic", "prior")},
            "place": 1 / (1 + one.place),
        }  # fmt: skip

    def _fits(self, text: str) -> float:
        wanted = [kind for kind in self._asked.kinds if kind in _HAS.values()]
        if not wanted:
            return 0.0
        return 1.0 if any(holds(kind, text) for kind in wanted) else -1.0

    def _asked_before(self, one: Described) -> Sentence | None:
        """Return the question that another speaker asked shortly before, if any."""
        for step in range(1, _REPLY_SENTENCES + 1):
            asked = self._near(one, -step)
            if asked is not None and asked.is_question and asked.passage.ordinal != one.sentence.passage.ordinal:
                return asked
        return None

    def _closest_named(self, found: Sequence[Described]) -> float:
        """Return the highest cosine, only among sentences about people the question names."""
        spoken = {term for one in found for term in _name_of(one.sentence.passage)}
        named = spoken & self._asked_terms
        theirs = [one for one in found if not named.isdisjoint(one.terms)] if named else found
        return max((self._meaning_of(one.sentence) for one in theirs), default=0.0)

    def _coverage(self, said: frozenset[str]) -> float:
        """Return the weighted share of the question's concepts that occur."""
        concepts = zip(self._query.concepts, self._weights, strict=True)
        found = sum(weight for concept, weight in concepts if not said.isdisjoint(concept.terms))
        return found / (sum(self._weights) or 1.0)


_WANTS: Final = {
    "wants_time": Kind.WHEN, "wants_number": Kind.HOW_MUCH, "wants_person": Kind.WHO, "wants_reason": Kind.WHY,
}  # fmt: skip
_HAS: Final = {
    "has_time": Kind.WHEN, "has_number": Kind.HOW_MUCH, "has_person": Kind.WHO, "has_reason": Kind.WHY,
}  # fmt: skip


def says_something(sentence: str) -> bool:
    """Whether a sentence is long enough to compare; unspaced scripts always are."""
    return not sentence.isascii() or count_words(sentence) > _LEAST_WORDS


def _terms(request: AnswerRequest, one: Sentence) -> frozenset[str]:
    return frozenset([*analyze(one.text, request.language), *_name_of(one.passage)])


def _name_of(passage: Passage) -> frozenset[str]:
    return terms_of_name(passage.speaker or "", None)


def _weights(query: QueryTerms, spoken: Sequence[frozenset[str]]) -> list[float]:
    """Weight each concept of the question by its rarity in the evidence."""
    counts = Counter(term for terms in spoken for term in terms)
    return [
        concept.weight * math.log(1 + len(spoken) / (1 + max(counts[term] for term in concept.terms)))
        for concept in query.concepts
    ]
