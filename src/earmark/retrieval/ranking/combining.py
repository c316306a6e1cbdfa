"""Ranks one end user's chunks for a question. Pure: no database, no clock, no randomness."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from earmark.retrieval.index.analysis import QueryTerms
from earmark.retrieval.ranking.features import Description, Floats, RecordingEntry, Snapshot, describe
from earmark.retrieval.ranking.weights import WEIGHTS

__all__ = ["Hit", "RecordingEntry", "Snapshot", "rank"]

_LEXICAL: Final = ("words", "speaker")
_SEMANTIC: Final = ("meaning", "context")
_PRIOR: Final = tuple(name for name in WEIGHTS if name.startswith("recording_"))

REPETITION: Final = 0.015
"""Subtracted from a chunk for each higher-ranked neighbour, which it often repeats."""


FLOOR: Final = 0.11
"""The least best score of a search none of whose words is in reach: `python -m bench.floor` measures it."""

_NAMING: Final = ("words", "speaker", "recording_name", "recording_date")
"""Features that are above 0 only where the question names something that is there."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A ranked chunk: its number, its score (finite, at least 0) and the score's parts."""

    chunk: int
    score: float
    lexical: float
    semantic: float
    prior: float
    repetition: float = 0.0

    @property
    def parts(self) -> dict[str, float]:
        """The parts for `explain`: `prior` is the recording's share, `repetition` is negative, `final` their sum."""
        return {
            "lexical": self.lexical,
            "semantic": self.semantic,
            "prior": self.prior,
            "repetition": self.repetition,
            "final": self.score,
        }


def rank(query: QueryTerms, snapshot: Snapshot, *, limit: int, floor: float = 0.0) -> list[Hit]:
    """Return the best chunks in scope, best first; equal scores by recording order, then ordinal.

    Without vectors, a question whose words don't occur in scope has no hits; with vectors, every chunk
    has a score. Nothing is returned if no chunk reaches `floor` and the question names nothing in scope: no word,
    speaker, name or date of a recording.
    """
    described = describe(query, snapshot)
    scope = _positions(snapshot.in_scope, len(described.recording_of))
    if limit < 1 or not len(scope):
        return []
    if snapshot.cosines is None and not (described.chunks["words"][scope] > 0).any():
        return []
    lexical, semantic = (_weighted(described.chunks, names) for names in (_LEXICAL, _SEMANTIC))
    prior = _weighted(described.recordings, _PRIOR)[described.recording_of]
    total = lexical + semantic + prior
    # Each hit lowers at most two others, so three times as many candidates always contain the next one.
    candidates = best(total, scope, 3 * limit)
    if float(total[candidates].max()) < floor and not _names_any(described, scope):
        return []
    spread = _spread(total, candidates.tolist(), described.recording_of)
    return [
        Hit(at, score, float(lexical[at]), float(semantic[at]), float(prior[at]), min(0.0, score - float(total[at])))
        for at, score in islice(spread, limit)
    ]


def _names_any(described: Description, scope: NDArray[np.intp]) -> bool:
    recordings = described.recording_of[scope]
    return any(
        bool((described.chunks[name][scope] > 0).any())
        if name in described.chunks
        else bool((described.recordings[name][recordings] > 0).any())
        for name in _NAMING
    )


def _positions(in_scope: NDArray[np.bool_] | None, count: int) -> NDArray[np.intp]:
    return np.arange(count) if in_scope is None else np.flatnonzero(in_scope)


def best(scores: Floats, scope: NDArray[np.intp], limit: int) -> NDArray[np.intp]:
    """Return the positions in `scope` (ascending) of the `limit` highest scores, descending; ties by position."""
    chosen = scores if len(scope) == len(scores) else scores[scope]
    if len(scope) > limit:
        above = np.flatnonzero(chosen >= np.partition(chosen, -limit)[-limit])
        scope, chosen = scope[above], chosen[above]
    ranked: NDArray[np.intp] = scope[np.argsort(-chosen, kind="stable")[:limit]]
    return ranked


def _spread(scores: Floats, candidates: Sequence[int], recording_of: NDArray[np.int64]) -> Iterator[tuple[int, float]]:
    """Yield (chunk, score), best first; each chunk yielded lowers its neighbours by `REPETITION`.

    Source: the idea is maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998,
        doi:10.1145/290941.291025), with adjacency as similarity, which needs no vectors.
    """
    left = {at: float(scores[at]) for at in candidates}
    queue = [(-score, at) for at, score in left.items()]
    heapq.heapify(queue)
    while queue:
        score, at = heapq.heappop(queue)
        if left.get(at) != -score:
            continue  # outdated entry: lowered since, or already yielded
        yield at, left.pop(at)
        for beside in (at - 1, at + 1):
            if beside in left and recording_of[beside] == recording_of[at]:
                left[beside] = max(0.0, left[beside] - REPETITION)
                heapq.heappush(queue, (-left[beside], beside))


def _weighted(described: Mapping[str, Floats], names: Sequence[str]) -> Floats:
    first, *others = names
    total: Floats = WEIGHTS[first] * described[first]
    for name in others:
        total += WEIGHTS[name] * described[name]
    return total
