"""Summarises a recording: one verbatim sentence of each part, in time order."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

from earmark.answers.cues import DECIDES, HOLLOW, PROMISES
from earmark.answers.findings import Talk, content_terms
from earmark.answers.sentences import Sentence
from earmark.retrieval.index.chunking import count_words

_MOST_TALKS: Final = 3
_WORDS: Final = 120
_PARTS: Final = 5
_BLOCK: Final = 4
"""Turns compared on each side of a boundary."""


def summarise(talks: Sequence[Talk]) -> list[tuple[Sentence, ...]]:
    """Return representative sentences of the three newest talks, each talk's in time order."""
    chosen = talks[:_MOST_TALKS]
    words = _WORDS // max(1, len(chosen))
    parts = max(2, _PARTS // max(1, len(chosen)))
    return [one for talk in reversed(chosen) for one in _tell(talk, parts, words)]


def _tell(talk: Talk, parts: int, most_words: int) -> list[tuple[Sentence, ...]]:
    quoted: list[tuple[Sentence, ...]] = []
    left = most_words
    bounds = topic_shifts(talk, parts)
    for first, last in zip([0, *bounds], [*bounds, len(talk.turns)], strict=True):
        best = _most_telling(talk, first, last)
        if best is not None and (not quoted or count_words(best.text) <= left):
            quoted.append((best,))
            left -= count_words(best.text)
    return quoted


def topic_shifts(talk: Talk, parts: int) -> list[int]:
    """Return the turns at which the topic changes, ascending, at most `parts` - 1.

    Source: Hearst 1997, "TextTiling" (J97-1003): where the words before and after share least.
    """
    terms = [Counter(term for one in turn for term in content_terms(one.text)) for turn in talk.turns]
    least = max(3, len(terms) // (2 * parts))
    ranked = sorted(range(least, len(terms) - least), key=lambda at: _likeness(talk, terms, at))
    bounds: list[int] = []
    for at in ranked:
        if len(bounds) == parts - 1:
            break
        if all(abs(at - other) >= least for other in bounds):
            bounds.append(at)
    return sorted(bounds)


def _likeness(talk: Talk, terms: Sequence[Counter[str]], at: int) -> float:
    before: Counter[str] = sum(terms[max(0, at - _BLOCK) : at], Counter())
    after: Counter[str] = sum(terms[at : at + _BLOCK], Counter())
    shared = sum(talk.rarity.get(term, 1.0) for term in before.keys() & after.keys())
    return shared / math.sqrt((1 + len(before)) * (1 + len(after)))


def _most_telling(talk: Talk, first: int, last: int) -> Sentence | None:
    """Return the sentence whose words recur most in its part."""
    turns = talk.turns[first:last]
    counts = Counter(term for turn in turns for one in turn for term in set(content_terms(one.text)))
    quoted = [one for turn in turns for one in turn if not one.is_question and 6 <= count_words(one.text) <= 45]
    return max(quoted, key=lambda one: _weight(one, counts, talk), default=None)


def _weight(one: Sentence, counts: Counter[str], talk: Talk) -> float:
    terms = set(content_terms(one.text))
    central = sum(math.log(1 + counts[term]) * math.sqrt(talk.rarity.get(term, 1.0)) for term in terms)
    cue = 1.3 if DECIDES.search(one.text) or PROMISES.search(one.text) else 1.0
    return cue * (0.5 if HOLLOW.search(one.text) else 1.0) * central / math.sqrt(6 + len(terms))
