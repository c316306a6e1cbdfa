"""Rank one end user's chunks for a question. Pure: no database, no clock, no randomness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from earmark.retrieval.analysis import QueryTerms
from earmark.retrieval.bm25 import Collection, bm25_scores
from earmark.retrieval.postings import TermPostings

RECORDING_WEIGHT: Final = 0.8
SEMANTIC_WEIGHT: Final = 0.8


@dataclass(frozen=True, slots=True)
class RecordingEntry:
    """What ranking needs of an indexed recording; `chunk_lengths` is terms in each chunk, uint32."""

    recording_id: str
    chunk_count: int
    chunk_lengths: NDArray[np.uint32]
    recorded_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An end user's whole library, as ranking sees it for one question.

    Chunks are numbered from 0 through `recordings` in their (stable) order. Statistics are those of
    the whole library even when `in_scope` is narrower, and never those of another end user.

    Shapes: C chunks; postings of the question's terms only; cosines float32 [C] or None where there
        is no vector to compare; in_scope bool [C] or None for all.
    """

    recordings: Sequence[RecordingEntry]
    postings: Mapping[str, TermPostings]
    cosines: NDArray[np.float32] | None = None
    in_scope: NDArray[np.bool_] | None = None


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
        """For `explain`: lexical, semantic and prior are weighted and add up to final."""
        return {"lexical": self.lexical, "semantic": self.semantic, "prior": self.prior, "final": self.score}


def rank(query: QueryTerms, snapshot: Snapshot, *, limit: int) -> list[Hit]:
    """Return the best chunks in scope, best first; equal scores by recording order, then ordinal."""
    library = Collection.of([entry.chunk_lengths for entry in snapshot.recordings])
    if not library.chunk_count or limit < 1:
        return []
    lexical, prior = bm25_scores(query, snapshot.postings, library)
    scope = snapshot.in_scope if snapshot.in_scope is not None else np.ones(library.chunk_count, np.bool_)
    lexical, prior = _scale(lexical, RECORDING_WEIGHT * prior, scope)
    semantic = _unit_range(snapshot.cosines, scope) * SEMANTIC_WEIGHT if snapshot.cosines is not None else None
    if semantic is None and not (lexical[scope] > 0).any():
        return []
    if semantic is None:
        semantic = np.zeros_like(lexical)
    total = lexical + prior + semantic
    return [
        Hit(int(at), float(total[at]), float(lexical[at]), float(semantic[at]), float(prior[at]))
        for at in best(total, scope, limit)
    ]


def best(scores: NDArray[np.float64], scope: NDArray[np.bool_], limit: int) -> NDArray[np.intp]:
    """Positions in scope of the `limit` highest scores, descending; ties by position."""
    candidates = np.flatnonzero(scope)
    if len(candidates) > limit:
        chosen = scores[candidates]
        threshold = np.partition(chosen, -limit)[-limit]
        candidates = candidates[chosen >= threshold]
    order = np.lexsort((candidates, -scores[candidates]))[:limit]
    return candidates[order]


def _scale(
    lexical: NDArray[np.float64], prior: NDArray[np.float64], scope: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Divide both by the highest sum in scope (the lowest is 0 or near it)."""
    highest = float(np.max((lexical + prior)[scope], initial=0.0))
    return (lexical / highest, prior / highest) if highest > 0 else (lexical, prior)


def _unit_range(values: NDArray[np.float32], scope: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Min-max scale to 0..1 over the chunks in scope."""
    wide = values.astype(np.float64)
    low = float(np.min(wide[scope], initial=np.inf))
    high = float(np.max(wide[scope], initial=-np.inf))
    if not high > low:
        return np.zeros_like(wide)
    return np.clip((wide - low) / (high - low), 0.0, 1.0)
