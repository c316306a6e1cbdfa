"""Rank one end user's chunks for a question. Pure: no database, no clock, no randomness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from earmark.retrieval.analysis import QueryTerms
from earmark.retrieval.features import Floats, RecordingEntry, Snapshot, features
from earmark.retrieval.weights import WEIGHTS

__all__ = ["Hit", "RecordingEntry", "Snapshot", "rank"]

_LEXICAL: Final = ("words", "speaker")
_SEMANTIC: Final = ("meaning", "context")
_PRIOR: Final = tuple(name for name in WEIGHTS if name.startswith("recording_"))


@dataclass(frozen=True, slots=True)
class Hit:
    """A ranked chunk: its number in the snapshot, its score (finite, at least 0) and what that is made of."""

    chunk: int
    score: float
    lexical: float
    semantic: float
    prior: float

    @property
    def parts(self) -> dict[str, float]:
        """For `explain`: lexical, semantic and prior (the recording's part) add up to final."""
        return {"lexical": self.lexical, "semantic": self.semantic, "prior": self.prior, "final": self.score}


def rank(query: QueryTerms, snapshot: Snapshot, *, limit: int) -> list[Hit]:
    """Return the best chunks in scope, best first; equal scores by recording order, then ordinal.

    Without vectors, a question none of whose words occur in scope has no hits; with them, every
    chunk is some answer.
    """
    scope = scope_of(snapshot)
    described = features(query, snapshot)
    if limit < 1 or not scope.any():
        return []
    if snapshot.cosines is None and not (described["words"][scope] > 0).any():
        return []
    lexical, semantic, prior = (_weighted(described, names) for names in (_LEXICAL, _SEMANTIC, _PRIOR))
    total = lexical + semantic + prior
    return [
        Hit(int(at), float(total[at]), float(lexical[at]), float(semantic[at]), float(prior[at]))
        for at in best(total, scope, limit)
    ]


def scope_of(snapshot: Snapshot) -> NDArray[np.bool_]:
    """The chunks that may be returned."""
    if snapshot.in_scope is not None:
        return snapshot.in_scope
    return np.ones(sum(entry.chunk_count for entry in snapshot.recordings), np.bool_)


def best(scores: Floats, scope: NDArray[np.bool_], limit: int) -> NDArray[np.intp]:
    """Positions in scope of the `limit` highest scores, descending; ties by position."""
    candidates = np.flatnonzero(scope)
    if len(candidates) > limit:
        chosen = scores[candidates]
        threshold = np.partition(chosen, -limit)[-limit]
        candidates = candidates[chosen >= threshold]
    order = np.lexsort((candidates, -scores[candidates]))[:limit]
    ranked: NDArray[np.intp] = candidates[order]
    return ranked


def _weighted(described: dict[str, Floats], names: tuple[str, ...]) -> Floats:
    total = np.zeros_like(described["words"])
    for name in names:
        total += WEIGHTS[name] * described[name]
    return total
