"""Takes notes of one recording: what was decided, promised and left open, key points and chapters.

Everything is quoted; what cannot be found is empty. Ask answers "what was decided" and "summarise …" from the same
findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from earmark.answers.findings import SURE_ENOUGH, Finding, find_decisions, find_open_questions, find_promises
from earmark.answers.sentences import Sentence, words_in
from earmark.answers.summary import most_telling, stretches_of, tell_topics
from earmark.answers.talks import Talk, talks_of
from earmark.llm.types import Passage

if TYPE_CHECKING:
    from earmark.answers.features import SentenceEmbedder

LEAST_WORDS: Final = 12
"""A transcript with fewer words holds nothing to sum up."""
_MOST_ITEMS: Final = 20
_SUMMARY_PARTS: Final = 5
_SUMMARY_WORDS: Final = 120
_OVERVIEW_POINTS: Final = 2
_WORDS_A_CHAPTER: Final = 250
_MOST_CHAPTERS: Final = 12
_TITLE_WORDS: Final = 12


@dataclass(frozen=True, slots=True)
class Chapter:
    """A stretch of one topic. `title` is a verbatim part of the sentence it comes from."""

    title: str
    sentence: Sentence
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Notes:
    """Notes of one recording, each in time order. `participants` are those who speak, by their first words."""

    overview: tuple[Sentence, ...] = ()
    summary: tuple[Sentence, ...] = ()
    key_points: tuple[Sentence, ...] = ()
    decisions: tuple[Finding, ...] = ()
    action_items: tuple[Finding, ...] = ()
    open_questions: tuple[Finding, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    participants: tuple[Sentence, ...] = ()


def take_notes(passages: Sequence[Passage], embedder: SentenceEmbedder | None = None) -> Notes:
    """Take notes of one recording's passages; empty where they say nothing."""
    talks = talks_of(passages)
    if not talks:
        return Notes()
    talk = talks[0]
    points = most_telling(talk)
    return Notes(
        overview=_in_order(points[:_OVERVIEW_POINTS]),
        summary=tuple(tell_topics(talk, _SUMMARY_PARTS, _SUMMARY_WORDS, embedder)),
        key_points=_in_order(points),
        decisions=_surest(find_decisions(talk)),
        action_items=_surest(find_promises(talk)),
        open_questions=_surest(find_open_questions(talk)),
        chapters=tuple(_chapters(talk, embedder)),
        participants=_first_words(talk),
    )


def speaking_turns(sentences: Iterable[Sentence]) -> list[tuple[Passage, str]]:
    """Return the verbatim words of each turn among consecutive sentences, with the turn."""
    turns = []
    for _, group in groupby(sentences, key=lambda one: one.passage.ordinal):
        quoted = list(group)
        passage = quoted[0].passage
        turns.append((passage, passage.text[quoted[0].position : quoted[-1].end]))
    return turns


def _in_order(sentences: Iterable[Sentence]) -> tuple[Sentence, ...]:
    return tuple(sorted(sentences, key=lambda one: (one.passage.ordinal, one.position)))


def _surest(found: Sequence[Finding]) -> tuple[Finding, ...]:
    chosen = [one for one in found if one.score >= SURE_ENOUGH][:_MOST_ITEMS]
    return tuple(sorted(chosen, key=lambda one: (one.key.passage.ordinal, one.key.position)))


def _first_words(talk: Talk) -> tuple[Sentence, ...]:
    first: dict[str, Sentence] = {}
    for turn in talk.turns:
        if turn[0].passage.speaker:
            first.setdefault(turn[0].passage.speaker, turn[0])
    return tuple(first.values())


def _chapters(talk: Talk, embedder: SentenceEmbedder | None) -> Iterable[Chapter]:
    words = words_in(one for turn in talk.turns for one in turn)
    parts = min(_MOST_CHAPTERS, max(1, round(words / _WORDS_A_CHAPTER)))
    for first, end in stretches_of(talk, parts, embedder):
        stretch = Talk(talk.turns[first:end], talk.rarity)
        best = next(iter(tell_topics(stretch, 1, _SUMMARY_WORDS)), stretch.turns[0][0])
        yield Chapter(
            _title(best.text), best, stretch.turns[0][0].passage.start_ms, stretch.turns[-1][0].passage.end_ms
        )


def _title(text: str) -> str:
    """Cut a sentence after some words; what is left is verbatim."""
    words = text.split(" ")
    return text if len(words) <= _TITLE_WORDS else " ".join(words[:_TITLE_WORDS]).rstrip(" ,;:–—-")
