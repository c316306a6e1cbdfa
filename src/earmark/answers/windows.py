"""What the reader reads: each found moment with the talk around it, a few turns of one recording.

People ask in one turn and answer in the next, so a moment is read with what stands before and, more of it, after.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from earmark.answers.sentences import Sentence, count_words, sentences_of_passage
from earmark.llm.types import AnswerRequest, Passage
from earmark.retrieval.types import ChunkHit

MOST_WINDOWS: Final = 16
CONTEXT_BEFORE: Final = 2
CONTEXT_AFTER: Final = 4
"""Segments around a found moment that may belong to its exchange; evidence is gathered with them."""
_CORE_WORDS: Final = 60
_BEFORE_WORDS: Final = 20
_WHOLE_WORDS: Final = 95


@dataclass(frozen=True, slots=True)
class Window:
    """Sentences of one recording that follow one another. `place` is the rank of the moment they surround."""

    place: int
    sentences: tuple[Sentence, ...]


class Stretches:
    """The passages of a request by recording, in time order, so that what follows a sentence can be found."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._by_place: dict[tuple[str, int], Passage] = {(one.recording_id, one.ordinal): one for one in passages}
        self._sentences: dict[tuple[str, int], list[Sentence]] = {}

    def sentences(self, recording_id: str, ordinal: int) -> list[Sentence]:
        """Return the sentences of a segment, none where it isn't among the passages."""
        key = (recording_id, ordinal)
        if key not in self._sentences:
            passage = self._by_place.get(key)
            self._sentences[key] = sentences_of_passage(passage) if passage is not None else []
        return self._sentences[key]

    def following(self, recording_id: str, ordinal: int) -> Iterator[Sentence]:
        """Yield the sentences from a segment on, as far as the passages go without a gap."""
        while found := self.sentences(recording_id, ordinal):
            yield from found
            ordinal += 1

    def preceding(self, recording_id: str, ordinal: int) -> Iterator[Sentence]:
        """Yield the sentences before a segment, the nearest first."""
        while found := self.sentences(recording_id, ordinal - 1):
            yield from reversed(found)
            ordinal -= 1


def windows_of(request: AnswerRequest, *, most: int = MOST_WINDOWS) -> list[Window]:
    """Return the windows around the found moments, best moment first."""
    stretches = Stretches(request.passages)
    windows: list[Window] = []
    for place, hit in enumerate(request.hits):
        for core in _cores(stretches, hit):
            if len(windows) == most:
                return windows
            windows.append(Window(place, _widened(stretches, core)))
    return windows


def _cores(stretches: Stretches, hit: ChunkHit) -> Iterator[list[Sentence]]:
    """Yield a moment's sentences; one long turn in several parts."""
    core: list[Sentence] = []
    words = 0
    for ordinal in range(hit.first_ordinal, hit.first_ordinal + len(hit.segments)):
        for sentence in stretches.sentences(hit.recording_id, ordinal):
            size = count_words(sentence.text)
            if core and words + size > _CORE_WORDS:
                yield core
                core, words = [], 0
            core.append(sentence)
            words += size
    if core:
        yield core


def _widened(stretches: Stretches, core: Sequence[Sentence]) -> tuple[Sentence, ...]:
    before: list[Sentence] = []
    words = 0
    for sentence in _before(stretches, core[0]):
        words += count_words(sentence.text)
        if words > _BEFORE_WORDS:
            break
        before.append(sentence)
    after: list[Sentence] = []
    words = sum(count_words(one.text) for one in (*before, *core))
    for sentence in _after(stretches, core[-1]):
        words += count_words(sentence.text)
        if words > _WHOLE_WORDS:
            break
        after.append(sentence)
    return (*reversed(before), *core, *after)


def _before(stretches: Stretches, first: Sentence) -> Iterator[Sentence]:
    same = stretches.sentences(first.passage.recording_id, first.passage.ordinal)
    yield from reversed([one for one in same if one.position < first.position])
    yield from stretches.preceding(first.passage.recording_id, first.passage.ordinal)


def _after(stretches: Stretches, last: Sentence) -> Iterator[Sentence]:
    for one in stretches.following(last.passage.recording_id, last.passage.ordinal):
        if one.passage.ordinal > last.passage.ordinal or one.position > last.position:
            yield one


def place_of(sentence: Sentence) -> tuple[str, int, int]:
    """Return what identifies a sentence and orders those of one recording: recording, segment, position."""
    return sentence.passage.recording_id, sentence.passage.ordinal, sentence.position
