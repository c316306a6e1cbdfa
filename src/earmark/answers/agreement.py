"""Adjusts log-odds to the kind of statement asked for: of whom, a cause, a decision, an open point.

Signals and reader know words and meaning; they take "I'm worried about Colm" for what Colm is worried about, and "we
decide next Monday" for what was decided. The steps were chosen on questions that are not measured on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from earmark.answers.cues import DECIDES, PROMISES
from earmark.answers.finding_cues import DEFERS, SETTLES_SURELY, UNDERTAKES, UNSURE, WONDERS
from earmark.answers.question_kinds import Asked, Kind
from earmark.answers.sentences import Sentence, sentences_of
from earmark.answers.subjects import Subject, is_by, reports, subject_of
from earmark.answers.windows import Place
from earmark.retrieval.index.analysis import analyze, terms_of_name

_I: Final = re.IGNORECASE
_NOT_THEIRS: Final = 0.8
_OF_ANOTHER: Final = 3.0
_CAUSE: Final = 1.2
_CONDITION: Final = 1.0
_SETTLED: Final = 1.5
_DEFERRED: Final = 1.5
_LEFT: Final = 1.0
_UNDERTAKEN: Final = 1.0

CAUSE: Final = re.compile(
    r"\b(?:because|due to|owing to|thanks to|the reason|for (?:that|this) reason|caused? by|comes? from|otherwise|"
    r"(?:that|it|this|which)(?:'s| is| was) (?:why|how come)|or else|the (?:problem|trouble|point) (?:is|was)|"
    r"(?:it|that)(?:'s| is| was) a \w+ (?:problem|thing|issue)|so that|in order to|"
    r"since (?:we|i|he|she|it|they|you|the|there|on)|weil|deshalb|deswegen|darum|nämlich|damit|wegen|parce qu|car |"
    r"à cause|puisque|porque|por eso|ya que)", _I,
)  # fmt: skip
POINTS_BACK: Final = re.compile(
    r"^\W*(?:(?:and|but|so|yes|well)\W+)?(?:that|this|it)(?:'s| is| was) (?:\w+ )?why\b|"
    r"\bbecause of (?:that|this|it)\b|^\W*(?:deshalb|deswegen|darum|c'est pourquoi|por eso)\b", _I,
)  # fmt: skip
"""Names as the cause what was said before."""
_CONDITION_CUE: Final = re.compile(r"^\W*(?:(?:and|but|so|then|well)\W+)?(?:if|unless|in case|falls|wenn|si)\b", _I)
_FIRST_PERSON: Final = re.compile(r"\b(?:i|i'm|i've|i'd|i'll|my|me|we|we're|ich|mein\w*|je|yo)\b", _I)


def adjust(
    asked: Asked, asker: AbstractSet[str], odds: Mapping[Place, float], sentences: Mapping[Place, Sentence]
) -> dict[Place, float]:
    """Return the log-odds with what each sentence's wording adds or takes away; `asker` is who "I" is."""
    subject = _speaking(subject_of(asked.text), asker, sentences.values()) if len(asked.kinds) == 1 else None
    return {place: value + _step(asked, subject, sentences[place]) for place, value in odds.items()}


def _speaking(subject: Subject | None, asker: AbstractSet[str], sentences: Iterable[Sentence]) -> Subject | None:
    """Return the subject if that person speaks in these sentences."""
    if subject is None:
        return None
    if subject.name == "I":
        names = (one.passage.speaker or "" for one in sentences)
        mine = next((name for name in names if terms_of_name(name, None) & asker), None)
        return replace(subject, name=mine) if mine else None
    return subject if any(is_by(subject, one.passage) for one in sentences) else None


def _step(asked: Asked, subject: Subject | None, one: Sentence) -> float:
    step = 0.0
    if subject is not None:
        step += _whose(subject, one)
    if asked.kind is Kind.WHY:
        step += _CAUSE * bool(CAUSE.search(one.text)) - _CONDITION * bool(_CONDITION_CUE.search(one.text))
    elif asked.kind is Kind.DECIDED:
        step += _decided(one.text)
    elif asked.kind is Kind.OPEN:
        step += _LEFT * bool(DEFERS.search(one.text) or WONDERS.search(one.text))
    elif asked.kind is Kind.PROMISED:
        step += _UNDERTAKEN * bool(PROMISES.search(one.text) or UNDERTAKES.search(one.text))
    return step


def _whose(subject: Subject, one: Sentence) -> float:
    """Prefer what the subject says and what is reported of them.

    Who says "I'm worried about Colm. He's here every night." speaks of a worry about Colm, in all of the turn.
    """
    if is_by(subject, one.passage) or reports(subject, one.text):
        return 0.0
    names = terms_of_name(subject.name, None)
    turn = sentences_of(one.passage.text)
    is_about = any(names & set(analyze(said, None)) and _FIRST_PERSON.search(said) for _, said in turn)
    return -_OF_ANOTHER if is_about else -_NOT_THEIRS


def _decided(text: str) -> float:
    if DEFERS.search(text):
        return -_DEFERRED
    if UNSURE.search(text):
        return 0.0
    return _SETTLED * bool(SETTLES_SURELY.search(text) or DECIDES.search(text))
