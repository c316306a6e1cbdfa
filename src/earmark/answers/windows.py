"""Builds the reader's windows: each retrieved chunk with the turns around it.

People ask in one turn and answer in the next, so more text is added after a chunk than before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from earmark.answers.sentences import Sentence, sentences_of_passage, words_in
from earmark.llm.types import AnswerRequest, Passage
from earmark.retrieval.index.chunking import count_words
from earmark.retrieval.types import ChunkHit

Place = tuple[str, int, int]
"""Identifies a sentence and orders those of one recording: recording, segment, position."""
MOST_WINDOWS: Final = 12
CONTEXT_BEFORE: Final = 2
CONTEXT_AFTER: Final = 4
"""Segments around a chunk that may belong to its exchange; evidence includes them."""
_CORE_WORDS: Final = 60
_BEFORE_WORDS: Final = 20
_WHOLE_WORDS: Final = 95


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive sentences of one recording. `place` is the rank of the chunk they surround."""

    place: int
    sentences: tuple[Sentence, ...]


class Stretches:
    """The passages of a request by recording, in time order, to find a sentence's neighbours."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._by_place: dict[tuple[str, int], Passage] = {(one.recording_id, one.ordinal): one for one in passages}
        self._sentences: dict[tuple[str, int], list[Sentence]] = {}

    def sentences(self, recording_id: str, ordinal: int) -> list[Sentence]:
        """Return the sentences of a segment; empty if it isn't among the passages."""
        key = (recording_id, ordinal)
        if key not in self._sentences:
            passage = self._by_place.get(key)
            self._sentences[key] = sentences_of_passage(passage) if passage is not None else []
        return self._sentences[key]

    def after(self, one: Sentence) -> Sentence | None:
        """Return the next sentence; None at the end of the passages or before a gap."""
        recording, ordinal = one.passage.recording_id, one.passage.ordinal
        later = [other for other in self.sentences(recording, ordinal) if other.position > one.position]
        return next(iter(later or self.sentences(recording, ordinal + 1)), None)

    def before(self, one: Sentence) -> Sentence | None:
        """Return the previous sentence; None at the beginning of the passages or after a gap."""
        recording, ordinal = one.passage.recording_id, one.passage.ordinal
        earlier = [other for other in self.sentences(recording, ordinal) if other.position < one.position]
        return next(reversed(earlier or self.sentences(recording, ordinal - 1)), None)


def windows_of(request: AnswerRequest, *, most: int = MOST_WINDOWS) -> list[Window]:
    """Return the windows around the retrieved chunks, best first."""
    stretches = Stretches(request.passages)
    windows: list[Window] = []
    for place, hit in enumerate(request.hits):
        for core in _cores(stretches, hit):
            if len(windows) == most:
                return windows
            windows.append(Window(place, _widened(stretches, core)))
    return windows


def _cores(stretches: Stretches, hit: ChunkHit) -> Iterator[list[Sentence]]:
    """Yield a chunk's sentences; a long turn in several parts."""
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
    before = _walk(stretches.before, core[0], _BEFORE_WORDS)
    after = _walk(stretches.after, core[-1], _WHOLE_WORDS - words_in((*before, *core)))
    return (*reversed(before), *core, *after)


def _walk(step: Callable[[Sentence], Sentence | None], start: Sentence, most_words: int) -> list[Sentence]:
    """Return the sentences after `start` in the step's direction, up to `most_words` words."""
    found: list[Sentence] = []
    one = step(start)
    while one is not None and words_in((*found, one)) <= most_words:
        found.append(one)
        one = step(one)
    return found


def place_of(sentence: Sentence) -> Place:
    """Return a sentence's place."""
    return sentence.passage.recording_id, sentence.passage.ordinal, sentence.position
