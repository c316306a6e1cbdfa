"""Where decisions, promises and open questions stand in a talk, each with its exchange and how sure it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from earmark.answers.cues import AGREES, ASKS_FOR, DECIDES, DUE, HOLLOW, OPEN, PROMISES, PROPOSES, SURELY_OPEN
from earmark.answers.finding_cues import (
    ASKS_OUTRIGHT,
    CHOOSES,
    CONFIRMS,
    CONSENTS,
    DEFERS,
    ECHOES,
    GRANTS,
    GUESSES,
    HOLLOW_TOO,
    NOTES_TO_SELF,
    ORDERS,
    PLAIN_SO,
    RECAPS,
    REQUESTS,
    SEEKS_CONSENT,
    SETTLES,
    SETTLES_IN_GERMAN,
    SETTLES_SURELY,
    STRONG_RECAP,
    SUGGESTS,
    SUPPOSES,
    TELLS,
    UNANSWERED,
    UNDERTAKES,
    UNSURE,
    WONDERS,
)
from earmark.answers.sentences import Sentence, words_in
from earmark.answers.talks import Talk
from earmark.retrieval.index.chunking import count_words

_LEAST_WORDS: Final = 5
_LEAST: Final = 0.7
"""Weaker cues alone say too little."""
_MOST_TURN_WORDS: Final = 40
_ORDER_WORDS: Final = 8
_NEAR_END: Final = 3
_VOTE_WORDS: Final = 4
"""What may stand before a recap in its turn: "Three to one. So we put …"."""
_LATE: Final = 0.6
"""The share of a talk after which a recap repeats what was agreed."""
_CLAUSE: Final = re.compile(r"[,;:.]\s|\band\b\s")
_ASSIGNED: Final = re.compile(
    r"^(?:so |then |one |two |three )?(\w+) (?:(?:has|needs|ought) to|should|must|will|'ll|\w{2,12}s)\b"
)
_NEVER_VERBS: Final = re.compile(
    r"^\w+ (?:is|was|has(?! to)|says|thinks|knows|wants|does|likes|hopes|believes|means|sounds|looks|runs)\b"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible finding: its key sentence, its exchange in order, and how sure it is."""

    key: Sentence
    sentences: tuple[Sentence, ...]
    score: float


def decisions(talk: Talk) -> Iterator[Candidate]:
    """Yield what is settled: in so many words, by consent to a proposal, or by a short order."""
    for at, turn in enumerate(talk.turns):
        for place, one in enumerate(turn):
            before = talk.replies_to(at)
            if before and place < 2 and _settles_what_was_said(one) and _is_settleable(before, one):
                yield Candidate(_proposal(before), (*before[-2:], *turn[: place + 1]), 1.1)
                continue
            score = _decided(talk, at, place, one)
            if score >= _LEAST:
                yield Candidate(one, exchange(talk, at, one), score)


def _is_told(one: Sentence) -> bool:
    """Whether a sentence announces that others are to be informed of a decision made earlier."""
    return TELLS.search(one.text) is not None


def _only_supposes(talk: Talk, at: int) -> bool:
    """Whether a turn replies to "what if …?": it says what would be done."""
    before = talk.replies_to(at)
    return before is not None and before[-1].is_question and SUPPOSES.search(before[-1].text) is not None


def _proposal(turn: Sequence[Sentence]) -> Sentence:
    """Return the sentence of a turn that the reply is about: the last that isn't a question, else the last."""
    return next((one for one in reversed(turn) if not one.is_question), turn[-1])


def _settles_what_was_said(one: Sentence) -> bool:
    if one.is_question or count_words(one.text) > _ORDER_WORDS:
        return False
    return bool(ORDERS.search(one.text) or ECHOES.search(one.text) or GRANTS.search(one.text))


def _is_settleable(before: Sequence[Sentence], reply: Sentence) -> bool:
    """Whether a reply settles the previous turn; after a question, "Four thousand, yes." only states a fact."""
    last = before[-1]
    if CONFIRMS.search(reply.text) is None or PROPOSES.search(last.text) or SUGGESTS.search(last.text):
        return True
    return not last.is_question and GUESSES.search(last.text) is None


def _decided(talk: Talk, at: int, place: int, one: Sentence) -> float:
    turn = talk.turns[at]
    proposes = bool(PROPOSES.search(one.text) or SUGGESTS.search(one.text))
    consent = talk.answered_by(at, CONSENTS, 1) if place >= len(turn) - _NEAR_END else None
    if one.is_question:
        proposes = proposes or (count_words(one.text) >= _LEAST_WORDS and not ASKS_OUTRIGHT.search(one.text))
        return 1.1 if proposes and consent else 0.0
    if UNSURE.search(one.text) or OPEN.search(one.text) or _is_told(one) or _only_supposes(talk, at):
        return 0.0
    score = _settled(talk, one)
    if SEEKS_CONSENT.search(turn[place + 1].text if place + 1 < len(turn) else ""):
        score += 1.0
    if DEFERS.search(one.text) and score < 1.0:
        return 0.0
    if RECAPS.search(one.text) and words_in(turn[:place]) <= _VOTE_WORDS:
        score += _recaps(talk, at, one)
    if consent:
        score += 0.9 if proposes else 0.4 if score else 0.0
    return score


def _settled(talk: Talk, one: Sentence) -> float:
    """Return how surely a sentence says by itself that something is settled."""
    decides = DECIDES.search(one.text)
    if SETTLES_SURELY.search(one.text):
        return 1.4
    if decides and not PLAIN_SO.search(decides.group()):
        return 1.2
    settles = SETTLES.search(one.text) or SETTLES_IN_GERMAN.search(one.text)
    if talk.is_monologue:
        return 0.9 if settles or CHOOSES.search(one.text) else 0.0
    return 0.7 if settles else 0.0


def _recaps(talk: Talk, at: int, one: Sentence) -> float:
    is_late = at > _LATE * len(talk.turns)
    if STRONG_RECAP.search(one.text):
        return 1.0 if is_late else 0.5
    return 0.7 if is_late else 0.3


def promises(talk: Talk) -> Iterator[Candidate]:
    """Yield what somebody undertakes, is asked for and accepts, or is given to do."""
    for at, turn in enumerate(talk.turns):
        for place, one in enumerate(turn):
            score = _promised(talk, at, place, one)
            if score:
                yield Candidate(one, exchange(talk, at, one), score + (0.6 if DUE.search(one.text) else 0.0))


def _promised(talk: Talk, at: int, place: int, one: Sentence) -> float:
    if HOLLOW.search(one.text) or HOLLOW_TOO.search(one.text):
        return 0.0
    if one.is_question or REQUESTS.search(one.text):
        asks = ASKS_FOR.search(one.text) or REQUESTS.search(one.text)
        near_end = place >= len(talk.turns[at]) - 2
        if asks and near_end and (talk.answered_by(at, AGREES, 1) or talk.answered_by(at, UNDERTAKES, 1)):
            return 0.9
        if one.is_question:
            return 0.0
    if PROMISES.search(one.text):
        return 1.1
    if UNDERTAKES.search(one.text):
        return 0.9
    if _is_assigned(talk, one.text):
        return 1.0
    return 0.9 if talk.is_monologue and NOTES_TO_SELF.search(one.text) else 0.0


def _is_assigned(talk: Talk, text: str) -> bool:
    """Whether somebody who speaks here is given something to do, by name: "Priya sends D by Thursday"."""
    names = {word.casefold() for speaker in talk.speakers for word in speaker.split()}
    for clause in _CLAUSE.split(text):
        said = clause.strip().casefold()
        found = _ASSIGNED.search(said)
        if found and found[1] in names and not _NEVER_VERBS.search(said):
            return True
    return False


def open_questions(talk: Talk) -> Iterator[Candidate]:
    """Yield questions that nobody answers, and what is left for later."""
    for at, turn in enumerate(talk.turns):
        for place, one in enumerate(turn):
            score = _left_open(talk, at, place, one)
            if score:
                yield Candidate(one, exchange(talk, at, one), score)


def _left_open(talk: Talk, at: int, place: int, one: Sentence) -> float:
    if one.is_question:
        if one is not talk.turns[at][-1] or count_words(one.text) < _LEAST_WORDS:
            return 0.0
        if talk.answered_by(at, OPEN):
            return 1.1
        return 1.0 if talk.answered_by(at, UNANSWERED, 1) else 0.0
    if _repeats_a_question(talk, at):
        return 0.0
    if STRONG_RECAP.search(one.text):  # what it leaves for later was handed out
        return 0.0
    score = 0.0
    if SURELY_OPEN.search(one.text) and not DECIDES.search(one.text):
        score = 1.2
    if WONDERS.search(one.text):
        score = max(score, 0.8)
    if DEFERS.search(one.text):
        score = max(score, 0.9)
    return score


def _repeats_a_question(talk: Talk, at: int) -> bool:
    """Whether the previous turn is an open question; then that question is the finding."""
    return at > 0 and talk.turns[at - 1][-1].is_question and talk.answered_by(at - 1, OPEN) is not None


def exchange(talk: Talk, at: int, key: Sentence) -> tuple[Sentence, ...]:
    """Return the key sentence's turn, or its nearest sentences, and the reply it asks for."""
    turn = talk.turns[at]
    quoted: Sequence[Sentence] = turn
    if words_in(turn) > _MOST_TURN_WORDS:
        place = turn.index(key)
        quoted = turn[max(0, place - 1) : place + 2]
    if (key.is_question or PROPOSES.search(key.text)) and key is turn[-1] and at + 1 < len(talk.turns):
        reply = talk.turns[at + 1]
        return (*quoted, *reply[: 3 if words_in(reply) > _MOST_TURN_WORDS else None])
    return tuple(quoted)
