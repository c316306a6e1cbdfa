"""Finds decisions, promises and open questions in a transcript, each with its exchange.

Detected by wording (`cues.py`) and by replies: a proposal that is agreed to is a decision, a request that is
accepted is a promise, a question answered "I don't know" is open. Quoted verbatim, never reworded.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from earmark.answers.cues import AGREES, ASKS_FOR, DECIDES, DUE, HOLLOW, OPEN, PROMISES, PROPOSES, SURELY_OPEN
from earmark.answers.question_kinds import Kind
from earmark.answers.sentences import Sentence, sentences_of_passage, words_in
from earmark.llm.types import Passage
from earmark.retrieval.index.analysis import analyze
from earmark.retrieval.index.chunking import count_words
from earmark.retrieval.index.stopwords import STOP_WORDS

_LEAST_WORDS: Final = 5
_MOST_TURN_WORDS: Final = 40
_REPLY_TURNS: Final = 2
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


@dataclass(frozen=True, slots=True)
class Talk:
    """One recording's turns in order, each split into sentences, and the rarity of each word."""

    turns: tuple[tuple[Sentence, ...], ...]
    rarity: Mapping[str, float]

    @property
    def recorded_us(self) -> int:
        """When it was recorded; 0 if unknown."""
        return (self.turns[0][0].passage.recorded_us or 0) if self.turns else 0

    @property
    def recording_id(self) -> str:
        """The recording's id."""
        return self.turns[0][0].passage.recording_id


def talks_of(passages: Iterable[Passage]) -> list[Talk]:
    """Group passages into recordings, newest first."""
    by_recording: dict[str, list[Passage]] = {}
    for one in passages:
        by_recording.setdefault(one.recording_id, []).append(one)
    talks = [_talk(sorted(group, key=lambda one: one.ordinal)) for group in by_recording.values()]
    return sorted((one for one in talks if one.turns), key=lambda talk: -talk.recorded_us)


def _talk(passages: Sequence[Passage]) -> Talk:
    turns = tuple(tuple(sentences_of_passage(one)) for one in passages)
    turns = tuple(turn for turn in turns if turn)
    counts = Counter(term for turn in turns for term in {t for one in turn for t in content_terms(one.text)})
    return Talk(turns, {term: math.log(1 + len(turns) / count) for term, count in counts.items()})


def content_terms(text: str) -> list[str]:
    """Return the index terms of the content words, without stop words."""
    words = [word for word in text.split() if word.strip('.,;:!?"“”').lower() not in STOP_WORDS]
    return analyze(" ".join(words), None)


def find_decisions(talk: Talk) -> list[Finding]:
    """Return decisions, best supported first."""
    return _ranked(talk, Kind.DECIDED, _decisions)


def find_promises(talk: Talk) -> list[Finding]:
    """Return promises, best supported first."""
    return _ranked(talk, Kind.PROMISED, _promises)


def find_open_questions(talk: Talk, later: Sequence[Finding] = ()) -> list[Finding]:
    """Return open questions, best supported first, without those that a later decision settles."""
    settled = [set(_content(one.sentences)) for one in later]
    found = _ranked(talk, Kind.OPEN, _open_questions)
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


def _ranked(talk: Talk, kind: Kind, find: Callable[[Talk], Iterator[tuple[int, Sentence, float]]]) -> list[Finding]:
    """Return findings ranked by score, without overlapping quotations."""
    found: list[Finding] = []
    taken: set[tuple[int, int]] = set()
    rows = [(at, key, score + _weight(talk, key)) for at, key, score in find(talk)]
    for at, key, score in sorted(rows, key=lambda row: (-row[2], row[0])):
        sentences = tuple(_exchange(talk, at, key))
        places = {(one.passage.ordinal, one.position) for one in sentences}
        if not places & taken:
            taken |= places
            found.append(Finding(kind, sentences, key, score))
    return found


def _weight(talk: Talk, key: Sentence) -> float:
    """Weight a sentence: its rarer words (at most 2), plus a little for coming late."""
    rare = sum(min(2.5, talk.rarity.get(term, 2.5)) for term in set(content_terms(key.text)))
    late = key.passage.ordinal / max(1, talk.turns[-1][0].passage.ordinal)
    return min(2.0, rare / 8) + 0.4 * late - (0.6 if count_words(key.text) < _LEAST_WORDS else 0.0)


def _decisions(talk: Talk) -> Iterator[tuple[int, Sentence, float]]:
    for at, turn in enumerate(talk.turns):
        for one in turn:
            if one.is_question or OPEN.search(one.text):
                agreed = _answered_by(talk, at, AGREES) if PROPOSES.search(one.text) else None
                if agreed and one.is_question and one is turn[-1]:
                    yield at, one, 0.9
                continue
            if DECIDES.search(one.text):
                yield at, one, 1.5
            elif PROPOSES.search(one.text) and one is turn[-1] and _answered_by(talk, at, AGREES):
                yield at, one, 0.8


def _promises(talk: Talk) -> Iterator[tuple[int, Sentence, float]]:
    for at, turn in enumerate(talk.turns):
        for one in turn:
            due = 0.6 if DUE.search(one.text) else 0.0
            if one.is_question:
                if ASKS_FOR.search(one.text) and one is turn[-1] and _answered_by(talk, at, AGREES):
                    yield at, one, 0.8 + due
            elif PROMISES.search(one.text) and not HOLLOW.search(one.text):
                yield at, one, 1.0 + due


def _open_questions(talk: Talk) -> Iterator[tuple[int, Sentence, float]]:
    for at, turn in enumerate(talk.turns):
        for one in turn:
            if one.is_question:
                if one is turn[-1] and count_words(one.text) >= _LEAST_WORDS and _answered_by(talk, at, OPEN):
                    yield at, one, 1.3
            elif SURELY_OPEN.search(one.text) and not DECIDES.search(one.text) and not _replies_to_question(talk, at):
                yield at, one, 1.0


def _replies_to_question(talk: Talk, at: int) -> bool:
    """Whether the previous turn is an open question; then that question is the finding."""
    return at > 0 and talk.turns[at - 1][-1].is_question and _answered_by(talk, at - 1, OPEN) is not None


def _answered_by(talk: Talk, at: int, cue: re.Pattern[str]) -> Sentence | None:
    """Return the first sentence by another speaker in the next turns that matches the cue."""
    speaker = talk.turns[at][0].passage.speaker
    for turn in talk.turns[at + 1 : at + 1 + _REPLY_TURNS]:
        if turn[0].passage.speaker == speaker and speaker is not None:
            return None
        for one in turn[:2]:
            if cue.search(one.text):
                return one
    return None


def _exchange(talk: Talk, at: int, key: Sentence) -> Iterator[Sentence]:
    """Yield the key sentence's turn, or its nearest sentences, and the reply it asks for."""
    turn = talk.turns[at]
    if words_in(turn) <= _MOST_TURN_WORDS:
        yield from turn
    else:
        place = turn.index(key)
        yield from turn[max(0, place - 1) : place + 2]
    if (key.is_question or PROPOSES.search(key.text)) and key is turn[-1] and at + 1 < len(talk.turns):
        reply = talk.turns[at + 1]
        yield from reply[: 3 if words_in(reply) > _MOST_TURN_WORDS else None]
