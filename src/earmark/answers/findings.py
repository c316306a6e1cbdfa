"""Finds decisions, promises and open questions in a transcript, each with its exchange.

Detected by wording and by replies (`finding_rules.py`): a proposal that is agreed to is a decision, a request that is
accepted is a promise, a question answered "I don't know" is open. Quoted verbatim, never reworded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from earmark.answers.finding_rules import Candidate, decisions, open_questions, promises
from earmark.answers.question_kinds import Kind
from earmark.answers.sentences import Sentence
from earmark.answers.talks import Talk, content_terms
from earmark.retrieval.index.chunking import count_words

SURE_ENOUGH: Final = 1.6
"""Findings with a lower score are more often wrong than right."""
_LEAST_WORDS: Final = 5
_RAREST: Final = 2.5
_LATER_SETTLES: Final = 2
"""Rare words that an open question must share with a later decision to count as settled by it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A decision, promise or open question: its sentences in order, and the key sentence."""

    kind: Kind
    sentences: tuple[Sentence, ...]
    key: Sentence
    score: float

    @property
    def speaker(self) -> str | None:
        """Who says the key sentence."""
        return self.key.passage.speaker


def find_decisions(talk: Talk) -> list[Finding]:
    """Return decisions, best supported first."""
    return _ranked(talk, Kind.DECIDED, decisions)


def find_promises(talk: Talk) -> list[Finding]:
    """Return promises, best supported first."""
    return _ranked(talk, Kind.PROMISED, promises)


def find_open_questions(talk: Talk, later: Sequence[Finding] = ()) -> list[Finding]:
    """Return open questions, best supported first, without those that a later decision settles."""
    settled = [set(_content(one.sentences)) for one in later]
    found = _ranked(talk, Kind.OPEN, open_questions)
    return [one for one in found if not any(_settles(talk, one, words) for words in settled)]


def _settles(talk: Talk, finding: Finding, words: set[str]) -> bool:
    shared = set(_content(finding.sentences)) & words
    return sum(_is_rare(talk, term) for term in shared) > _LATER_SETTLES


def _is_rare(talk: Talk, term: str) -> bool:
    """Whether a word occurs in few turns: at most three, or a twentieth."""
    rarity = talk.rarity.get(term)
    turns = len(talk.turns)
    return rarity is None or turns / math.expm1(rarity) <= max(3.0, turns / 20) + 0.5


def _content(sentences: Sequence[Sentence]) -> list[str]:
    return [term for one in sentences for term in content_terms(one.text)]


def _ranked(talk: Talk, kind: Kind, find: Callable[[Talk], Iterator[Candidate]]) -> list[Finding]:
    """Return findings ranked by score, without overlapping quotations."""
    found: list[Finding] = []
    taken: set[tuple[int, int]] = set()
    rows = [(one, one.score + _weight(talk, one.key)) for one in find(talk)]
    for one, score in sorted(rows, key=lambda row: (-row[1], row[0].key.passage.ordinal, row[0].key.position)):
        places = {(sentence.passage.ordinal, sentence.position) for sentence in one.sentences}
        if not places & taken:
            taken |= places
            found.append(Finding(kind, one.sentences, one.key, score))
    return found


def _weight(talk: Talk, key: Sentence) -> float:
    """Weight a sentence: its rarer words (at most 2), plus a little for coming late.

    In a talk of a few turns every word is frequent; there, words count as much as in a longer one.
    """
    scale = max(1.0, _RAREST / math.log(1 + len(talk.turns)))
    terms = set(content_terms(key.text))
    rare = math.fsum(min(_RAREST, scale * talk.rarity.get(term, _RAREST)) for term in terms)
    late = key.passage.ordinal / max(1, talk.turns[-1][0].passage.ordinal)
    return min(2.0, rare / 8) + 0.4 * late - (0.6 if count_words(key.text) < _LEAST_WORDS else 0.0)
