"""Quotes who takes part in a recording: the first words of each speaker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from earmark.answers.question_kinds import Asked
from earmark.answers.sentences import Sentence
from earmark.answers.talks import Talk
from earmark.retrieval.index.analysis import terms_of_name
from earmark.retrieval.index.chunking import count_words

_MOST_TALKS: Final = 2
_MOST_SPEAKERS: Final = 8
_ENOUGH_WORDS: Final = 10


def first_words(asked: Asked, talks: Sequence[Talk]) -> list[list[Sentence]]:
    """Return each speaker's first words in the newest of these talks; those whom the question names know themselves."""
    chosen = talks[: _MOST_TALKS if asked.subject else 1]
    return [found for talk in chosen for found in _of_each(asked, talk)]


def _of_each(asked: Asked, talk: Talk) -> Iterator[list[Sentence]]:
    for speaker in talk.speakers[:_MOST_SPEAKERS]:
        if terms_of_name(speaker, None) & asked.subject:
            continue
        turn = next(turn for turn in talk.turns if turn[0].passage.speaker == speaker)
        found: list[Sentence] = []
        for one in turn:
            found.append(one)
            if sum(count_words(said.text) for said in found) >= _ENOUGH_WORDS:
                break
        yield found
