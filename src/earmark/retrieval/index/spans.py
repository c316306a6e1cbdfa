"""Chooses the spans that are embedded: pairs of turns, since replies need what they answer.

A chunk's similarity is that of its most similar span: those that begin in it, and the one that begins with the
turn before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from earmark.retrieval.index.chunking import Chunk, count_words
from earmark.retrieval.index.documents import passage_text
from earmark.transcripts.types import Segment

Span = tuple[int, int]
"""First and last segment, both included."""
_LEAST_WORDS: Final = 12
"""Shorter turns ("Yes.", "Right, okay.") are joined with the following turn."""


def encoded_texts(segments: Sequence[Segment], chunks: Sequence[Chunk]) -> tuple[list[str], list[int]]:
    """Return the texts to embed for a transcript, and how many belong to each chunk.

    Shapes: C chunks -> N texts, in order of the chunks; C counts of at least 1 that add up to N.
    """
    spans = [spans_of_chunk(segments, chunk) for chunk in chunks]
    texts = [passage_text(segments[first : last + 1]) for of_it in spans for first, last in of_it]
    return texts, [len(of_it) for of_it in spans]


def spans_of_chunk(segments: Sequence[Segment], chunk: Chunk) -> list[Span]:
    """Return the spans that begin in a chunk: each turn with the next one.

    Shapes: at least one, at most one for each segment of the chunk.
    """
    turns = _turns(segments, chunk)
    after = min(chunk.last + 1, len(segments) - 1)
    ends = [*(last for _, last in turns[1:]), after]
    return [(first, end) for (first, _), end in zip(turns, ends, strict=True)]


def _turns(segments: Sequence[Segment], chunk: Chunk) -> list[Span]:
    turns: list[Span] = []
    first, words = chunk.first, 0
    for at in range(chunk.first, chunk.last + 1):
        words += count_words(segments[at].text)
        if words >= _LEAST_WORDS:
            turns.append((first, at))
            first, words = at + 1, 0
    if words:
        turns.append((first, chunk.last))
    return turns


def nearest(cosines: NDArray[np.float32], counts: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Return each chunk's cosine from the cosines of one recording's spans.

    Shapes: [N], counts [C] of at least 1 that add up to N -> [C].
    """
    if not len(counts):
        return cosines
    first = np.cumsum(counts, dtype=np.int64) - counts
    highest: NDArray[np.float32] = np.maximum.reduceat(cosines, first)
    highest[1:] = np.maximum(highest[1:], cosines[first[1:] - 1])
    return highest
