"""Splits a transcript into chunks: the units that are indexed, ranked and cited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from earmark.retrieval.index.analysis import UNSPACED
from earmark.transcripts.types import Segment

MAX_WORDS: Final = 55
_UNSPACED_CHARS_PER_WORD: Final = 2
"""Scripts without spaces: about this many characters of Chinese, Japanese or Thai count as a word."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole segments `first` to `last`, both included, by their ordinals from 0."""

    first: int
    last: int

    def of(self, segments: Sequence[Segment]) -> Sequence[Segment]:
        """Return the chunk's segments."""
        return segments[self.first : self.last + 1]

    def text(self, segments: Sequence[Segment]) -> str:
        """Return the words, verbatim, one segment a line, without speaker labels."""
        return "\n".join(segment.text for segment in self.of(segments))

    def speaker(self, segments: Sequence[Segment]) -> str | None:
        """Return the only speaker, or None if there are several or none is known."""
        speakers = {segment.speaker for segment in self.of(segments)}
        return speakers.pop() if len(speakers) == 1 else None

    def start_ms(self, segments: Sequence[Segment]) -> int:
        """Return the start of the first segment."""
        return segments[self.first].start_ms

    def end_ms(self, segments: Sequence[Segment]) -> int:
        """Return the latest end: with overlapping speech it may not be the last segment's."""
        return max(segment.end_ms for segment in self.of(segments))


def chunk_segments(segments: Sequence[Segment], *, max_words: int = MAX_WORDS) -> list[Chunk]:
    """Pack whole segments, in order; one longer than `max_words` is a chunk alone, uncut.

    Shapes: N segments -> at most N chunks that together cover each ordinal exactly once.
    """
    chunks: list[Chunk] = []
    first, words = 0, 0
    for ordinal, segment in enumerate(segments):
        size = count_words(segment.text)
        if ordinal > first and words + size > max_words:
            chunks.append(Chunk(first, ordinal - 1))
            first, words = ordinal, 0
        words += size
    if segments:
        chunks.append(Chunk(first, len(segments) - 1))
    return chunks


def count_words(text: str) -> int:
    """Count words between spaces, or one per two characters in unspaced scripts; at least 1."""
    unspaced = 0 if text.isascii() else len(UNSPACED.findall(text))
    return max(1, len(text.split()), unspaced // _UNSPACED_CHARS_PER_WORD)
