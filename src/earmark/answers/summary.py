"""Summarises a talk: its topics, and a verbatim sentence for each part of it, in time order."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from earmark.answers.cues import DECIDES, HOLLOW, PROMISES
from earmark.answers.sentences import Sentence, words_in
from earmark.answers.talks import Talk, content_terms
from earmark.retrieval.index.chunking import count_words

if TYPE_CHECKING:
    from earmark.answers.features import SentenceEmbedder

POINT_WORDS: Final = 150
"""Words of all key points of a talk together, about."""
_MOST_POINTS: Final = 18
_LEAST_POINTS: Final = 3
_WORDS_A_POINT: Final = 150
"""Words of talk for each key point, until there are `_MOST_POINTS`."""
_LEAST_WORDS: Final = 5
_SHORT: Final = 11
_LONG: Final = 30
_MOST_TALKS: Final = 3
_ASK_WORDS: Final = 120
_ASK_PARTS: Final = 5
_BLOCK: Final = 4
"""Turns compared on each side of a boundary."""
_EMBEDDED: Final = 96
"""Stretches embedded at most: about 150 ms on one core."""


def summarise(talks: Sequence[Talk]) -> list[tuple[Sentence, ...]]:
    """Return representative sentences of the three newest talks, each talk's in time order."""
    chosen = talks[:_MOST_TALKS]
    words = _ASK_WORDS // max(1, len(chosen))
    parts = max(2, _ASK_PARTS // max(1, len(chosen)))
    return [(one,) for talk in reversed(chosen) for one in tell_topics(talk, parts, words)]


def tell_topics(talk: Talk, parts: int, most_words: int, embedder: SentenceEmbedder | None = None) -> list[Sentence]:
    """Return the most telling sentence of each topic, in time order, `most_words` words at most together."""
    weigh = _Weights(talk)
    quoted: list[Sentence] = []
    for first, last in stretches_of(talk, parts, embedder):
        best = weigh.best([one for turn in talk.turns[first:last] for one in turn], _LEAST_WORDS + 1, 45)
        if best is not None and (not quoted or words_in([*quoted, best]) <= most_words):
            quoted.append(best)
    return quoted


def most_telling(talk: Talk) -> list[Sentence]:
    """Return the key points: the most telling sentence of each of 3 to 18 equal parts, best first.

    The more parts, the shorter the sentences, so that all are about `POINT_WORDS` words.
    """
    sentences = [one for turn in talk.turns for one in turn]
    total = words_in(sentences)
    parts = min(_MOST_POINTS, max(_LEAST_POINTS, round(total / _WORDS_A_POINT)))
    most = max(_SHORT, min(_LONG, POINT_WORDS // parts + 3))
    cut: list[list[Sentence]] = [[] for _ in range(parts)]
    said = 0
    for one in sentences:
        cut[min(parts - 1, said * parts // max(1, total))].append(one)
        said += count_words(one.text)
    weigh = _Weights(talk)
    found = [weigh.scored(part, _LEAST_WORDS, most) for part in cut]
    return [one for _, one in sorted((pair for pair in found if pair), key=lambda pair: -pair[0])]


class _Weights:
    """How telling the sentences of a talk are: by words that recur in it, and more so in their part."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._terms: dict[tuple[int, int], frozenset[str]] = {
            (one.passage.ordinal, one.position): frozenset(content_terms(one.text))
            for turn in talk.turns
            for one in turn
        }
        self._counts = Counter(term for terms in self._terms.values() for term in terms)

    def best(self, part: Sequence[Sentence], least: int, most: int) -> Sentence | None:
        """Return the most telling statement of a part with `least` to `most` words."""
        found = self.scored(part, least, most)
        return found[1] if found else None

    def scored(self, part: Sequence[Sentence], least: int, most: int) -> tuple[float, Sentence] | None:
        """Return it with its weight."""
        local = Counter(term for one in part for term in self._of(one))
        fitting = [one for one in part if not one.is_question and least <= count_words(one.text) <= most]
        rated = [(self._weight(one, local), one) for one in fitting]
        return max(rated, key=lambda pair: pair[0], default=None)

    def _of(self, one: Sentence) -> frozenset[str]:
        return self._terms[one.passage.ordinal, one.position]

    def _weight(self, one: Sentence, local: Mapping[str, int]) -> float:
        central = sum(
            (math.log(1 + self._counts[term]) + 3 * math.log(1 + local[term]))
            * math.sqrt(self._talk.rarity.get(term, 1.0))
            for term in sorted(self._of(one))
            if self._counts[term] > 1
        )
        cue = 1.15 if DECIDES.search(one.text) or PROMISES.search(one.text) else 1.0
        return cue * (0.5 if HOLLOW.search(one.text) else 1.0) * central / math.pow(3 + count_words(one.text), 0.7)


# ---- topics -----------------------------------------------------------------------------------------


def stretches_of(talk: Talk, parts: int, embedder: SentenceEmbedder | None = None) -> list[tuple[int, int]]:
    """Return the stretches of turns with one topic each: (first, end), at most `parts`."""
    bounds = topic_shifts(talk, parts, embedder)
    return list(zip([0, *bounds], [*bounds, len(talk.turns)], strict=True))


def topic_shifts(talk: Talk, parts: int, embedder: SentenceEmbedder | None = None) -> list[int]:
    """Return the turns at which the topic changes, ascending, at most `parts` - 1.

    Source: Hearst 1997, "TextTiling" (J97-1003): where the words before and after share least; with an encoder,
    where their meaning is least alike, too.
    """
    terms = [Counter(term for one in turn for term in content_terms(one.text)) for turn in talk.turns]
    least = max(3, len(terms) // (2 * parts))
    places = range(least, len(terms) - least)
    alike = {at: _likeness(talk, terms, at) for at in places}
    if embedder is not None and places:
        meant = _meanings(talk, embedder, places)
        alike = {at: _standing(alike, at) + _standing(meant, at) for at in places}
    bounds: list[int] = []
    for at in sorted(places, key=lambda place: (alike[place], place)):
        if len(bounds) == parts - 1:
            break
        if all(abs(at - other) >= least for other in bounds):
            bounds.append(at)
    return sorted(bounds)


def _likeness(talk: Talk, terms: Sequence[Counter[str]], at: int) -> float:
    before: Counter[str] = sum(terms[max(0, at - _BLOCK) : at], Counter())
    after: Counter[str] = sum(terms[at : at + _BLOCK], Counter())
    shared = sum(talk.rarity.get(term, 1.0) for term in sorted(before.keys() & after.keys()))
    return shared / math.sqrt((1 + len(before)) * (1 + len(after)))


def _meanings(talk: Talk, embedder: SentenceEmbedder, places: Sequence[int]) -> dict[int, float]:
    """Return the cosine of what stands before and after each place; turns of long talks are taken together."""
    size = math.ceil(len(talk.turns) / _EMBEDDED)
    texts = [
        " ".join(one.text for turn in talk.turns[at : at + size] for one in turn)[:1_000]
        for at in range(0, len(talk.turns), size)
    ]
    vectors = embedder.embed_passages(texts)
    block = max(1, _BLOCK // size)

    def mean_cosine(at: int) -> float:
        middle = round(at / size)
        before, after = vectors[max(0, middle - block) : middle], vectors[middle : middle + block]
        return float((before @ after.T).mean()) if len(before) and len(after) else 0.0

    return {at: mean_cosine(at) for at in places}


def _standing(values: Mapping[int, float], at: int) -> float:
    """Return a value relative to the others: 0 is their mean, 1 a standard deviation above it."""
    mean = math.fsum(values.values()) / len(values)
    spread = math.sqrt(math.fsum((one - mean) ** 2 for one in values.values()) / len(values))
    return (values[at] - mean) / spread if spread else 0.0
