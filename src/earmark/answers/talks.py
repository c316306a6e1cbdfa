"""One recording's turns, split into sentences, and how rare its words are."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from earmark.answers.sentences import Sentence, sentences_of_passage
from earmark.llm.types import Passage
from earmark.retrieval.index.analysis import analyze
from earmark.retrieval.index.stopwords import STOP_WORDS

REPLY_TURNS: Final = 2
"""Turns after a sentence in which another speaker may reply to it."""


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

    @property
    def speakers(self) -> tuple[str, ...]:
        """Who speaks, in the order of their first words."""
        return tuple(dict.fromkeys(turn[0].passage.speaker for turn in self.turns if turn[0].passage.speaker))

    @property
    def is_monologue(self) -> bool:
        """Whether one person speaks, to themselves or to be recorded."""
        return len(self.speakers) < 2

    def answered_by(self, at: int, cue: re.Pattern[str], turns: int = REPLY_TURNS) -> Sentence | None:
        """Return the first sentence by another speaker in the next turns that matches the cue."""
        speaker = self.turns[at][0].passage.speaker
        for turn in self.turns[at + 1 : at + 1 + turns]:
            if turn[0].passage.speaker == speaker and speaker is not None:
                return None
            for one in turn[:3]:
                if cue.search(one.text):
                    return one
        return None

    def replies_to(self, at: int) -> tuple[Sentence, ...] | None:
        """Return the turn before, if another speaker's."""
        before = self.turns[at - 1] if at else None
        return before if before and before[0].passage.speaker != self.turns[at][0].passage.speaker else None


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
