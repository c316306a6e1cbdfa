"""Finds decisions, promises and open questions in a transcript, each with its exchange.

Detected by wording and by replies (`finding_rules.py`): a proposal that is agreed to is a decision, a request that is
accepted is a promise, a question answered "I don't know" is open. In English talks `decision_model.py` also weighs how
much a sentence reads like a decision. Quoted verbatim, never reworded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from earmark.answers.decision_model import decision_model, features_of
from earmark.answers.finding_rules import Candidate, decisions, exchange, open_questions, promises
from earmark.answers.languages import ENGLISH, language_of_text
from earmark.answers.question_kinds import Kind
from earmark.answers.sentences import Sentence
from earmark.answers.talks import Talk, content_terms
from earmark.retrieval.index.chunking import count_words

SURE_ENOUGH: Final = 1.6
"""Findings with a lower score are more often wrong than right."""
_RULE_SHARE: Final = 3.0
"""The weight of the rules' score beside the model's log-odds."""
_MODEL_TURNS: Final = 12
"""The model learned from whole talks: fewer turns are left to the rules."""
_DECISION_FROM: Final = -1.75
"""What decisions in English need: with less, under 60 % of those listed are right (tuning half, `bench.summaries`)."""
_WEIGHT_SHARE: Final = 0.3
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
    if len(talk.turns) >= _MODEL_TURNS and language_of_text(_text_of(talk)) == ENGLISH:
        return _ranked(Kind.DECIDED, _in_english(talk))
    return _ranked(Kind.DECIDED, _weighted(talk, decisions(talk)))


def find_promises(talk: Talk) -> list[Finding]:
    """Return promises, best supported first."""
    return _ranked(Kind.PROMISED, _weighted(talk, promises(talk)))


def find_open_questions(talk: Talk, later: Sequence[Finding] = ()) -> list[Finding]:
    """Return open questions, best supported first, without those that a later decision settles."""
    settled = [set(_content(one.sentences)) for one in later]
    found = _ranked(Kind.OPEN, _weighted(talk, open_questions(talk)))
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


def _ranked(kind: Kind, found: Iterable[Candidate]) -> list[Finding]:
    """Return findings ranked by score, without overlapping quotations."""
    ranked: list[Finding] = []
    taken: set[tuple[int, int]] = set()
    for one in sorted(found, key=lambda one: (-one.score, *_place(one.key))):
        places = set(map(_place, one.sentences))
        if not places & taken:
            taken |= places
            ranked.append(Finding(kind, one.sentences, one.key, one.score))
    return ranked


def _weighted(talk: Talk, found: Iterable[Candidate]) -> Iterator[Candidate]:
    for one in found:
        yield replace(one, score=one.score + _weight(talk, one.key))


def _in_english(talk: Talk) -> Iterator[Candidate]:
    """Score every sentence by the model and the rules; what is sure enough has `SURE_ENOUGH` at least."""
    odds = _log_odds(talk)
    ruled = {_place(one.key): one for one in sorted(decisions(talk), key=lambda one: one.score)}
    for at, turn in enumerate(talk.turns):
        for said in turn:
            rule = ruled.get(_place(said)) or Candidate(said, exchange(talk, at, said), 0.0)
            score = odds[_place(said)] + _WEIGHT_SHARE * _weight(talk, said) + _RULE_SHARE * rule.score - _DECISION_FROM
            if score >= 0:
                yield Candidate(_likeliest(rule, odds), rule.sentences, score + SURE_ENOUGH)


def _log_odds(talk: Talk) -> dict[tuple[int, int], float]:
    model = decision_model()
    return {
        _place(one): model.log_odds(features_of(talk, at, place))
        for at, turn in enumerate(talk.turns)
        for place, one in enumerate(turn)
    }


def _likeliest(one: Candidate, odds: Mapping[tuple[int, int], float]) -> Sentence:
    """Return the sentence of the key's turn that reads most like a decision: consent follows what is said after it."""
    same = [said for said in one.sentences if said.passage == one.key.passage and not said.is_question]
    return max(same, key=lambda said: odds[_place(said)], default=one.key)


def _place(one: Sentence) -> tuple[int, int]:
    return one.passage.ordinal, one.position


def _text_of(talk: Talk) -> str:
    return " ".join(one.text for turn in talk.turns for one in turn)


def _weight(talk: Talk, key: Sentence) -> float:
    """Weight a sentence: its rarer words (at most 2), plus a little for coming late.

    In a talk of a few turns every word is frequent; there, words count as much as in a longer one.
    """
    scale = max(1.0, _RAREST / math.log(1 + len(talk.turns)))
    terms = set(content_terms(key.text))
    rare = math.fsum(min(_RAREST, scale * talk.rarity.get(term, _RAREST)) for term in terms)
    late = key.passage.ordinal / max(1, talk.turns[-1][0].passage.ordinal)
    return min(2.0, rare / 8) + 0.4 * late - (0.6 if count_words(key.text) < _LEAST_WORDS else 0.0)
