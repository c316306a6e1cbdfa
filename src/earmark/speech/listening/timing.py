"""Gives each word of a text without times its place in the runs of speech that it was heard in.

Words are shared among the runs in order, by length, so that sentences and clauses preferably start with a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from earmark.speech.listening.engine import HeardWord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Span = tuple[int, int]
"""Start and end in milliseconds."""

SENTENCE_ENDS: Final = (".", "?", "!", "…")
CLAUSE_ENDS: Final = (",", ";", ":", "—", "-")
_WORD_CHARS: Final = 2
"""What a word takes beside its letters, in letters."""
_DIGIT_CHARS: Final = 4
"""A digit is spoken as about so many letters."""
_PAUSE_MS: Final = 400
"""A pause as long as this is as likely in a sentence as between two."""
_SENTENCE_COST: Final = 0.0
_CLAUSE_COST: Final = 0.3
_WORD_COST: Final = 1.5
_SPREAD_MS: Final = 300
"""How far a run's length usually is from what its words' lengths say."""


def place_words(text: str, runs: Sequence[Span]) -> tuple[HeardWord, ...]:
    """Return the words of `text` with times in `runs`.

    Shapes: N words, R runs in order, not overlapping, R > 0 -> N words in order, each within one of the runs.
    """
    words = text.split()
    if not words:
        return ()
    weights = [weigh(word) for word in words]
    ends = share(words, weights, runs)
    placed: list[HeardWord] = []
    first = 0
    for (start_ms, end_ms), last in zip(runs, ends, strict=True):
        total = sum(weights[first:last]) or 1
        done = 0
        for index in range(first, last):
            begin = start_ms + (end_ms - start_ms) * done // total
            done += weights[index]
            placed.append(HeardWord(words[index], begin, start_ms + (end_ms - start_ms) * done // total))
        first = last
    return tuple(placed)


def weigh(word: str) -> int:
    """Return how long a word takes to say, in letters."""
    return _WORD_CHARS + sum(_DIGIT_CHARS if char.isdigit() else char.isalnum() for char in word)


def share(words: Sequence[str], weights: Sequence[int], runs: Sequence[Span]) -> list[int]:
    """Return for each run how many words precede its end: the cheapest division.

    It costs when a run's share of the letters differs from its share of the time, and when a boundary between two
    runs does not follow the end of a sentence or clause. Solved exactly, run by run.
    """
    import numpy as np

    count = len(words)
    lengths = np.array([end - start for start, end in runs], np.float64)
    spoken = np.concatenate([[0.0], np.cumsum(weights)]) * (lengths.sum() / sum(weights))  # ms of speech
    after = np.array([_boundary_cost(words[index - 1]) if index else _WORD_COST for index in range(count + 1)])
    after[count] = 0.0
    best: NDArray[np.float64] = np.full(count + 1, np.inf)
    best[0] = 0.0
    choices = []
    taken = spoken[None, :] - spoken[:, None]  # [from, to]
    backwards = np.tril(np.ones(taken.shape, bool), -1)
    for index, length in enumerate(lengths):
        misfit = ((taken - length) / (_SPREAD_MS + 0.15 * length)) ** 2
        misfit[backwards] = np.inf
        gap = runs[index + 1][0] - runs[index][1] if index + 1 < len(runs) else 0
        costs = best[:, None] + misfit + after[None, :] * min(1.0, gap / _PAUSE_MS)
        choices.append(costs.argmin(axis=0))
        best = costs.min(axis=0)
    return _trace(choices, count)


def _boundary_cost(word: str) -> float:
    bare = word.rstrip("\"')”’")
    if bare.endswith(SENTENCE_ENDS):
        return _SENTENCE_COST
    return _CLAUSE_COST if bare.endswith(CLAUSE_ENDS) else _WORD_COST


def _trace(choices: Sequence[NDArray[np.intp]], count: int) -> list[int]:
    ends = [count]
    for choice in reversed(choices[1:]):
        ends.append(int(choice[ends[-1]]))
    return ends[::-1]
