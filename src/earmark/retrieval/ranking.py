"""v0"""

from __future__ import annotations
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import numpy as np
from numpy.typing import NDArray
from earmark.retrieval.analysis import QueryTerms


@dataclass(frozen=True)
class RecordingEntry:
    recording_id: str
    chunk_count: int
    chunk_lengths: NDArray[np.uint32]
    recorded_at_ms: int | None


@dataclass(frozen=True)
class TermPostings:
    chunks: NDArray[np.int32]
    frequencies: NDArray[np.int32]


@dataclass(frozen=True)
class Snapshot:
    recordings: Sequence[RecordingEntry]
    postings: Mapping[str, TermPostings]
    cosines: NDArray[np.float32] | None
    in_scope: NDArray[np.bool_] | None


@dataclass(frozen=True)
class Hit:
    chunk: int
    score: float
    parts: Mapping[str, float]


def rank(query: QueryTerms, snapshot: Snapshot, *, limit: int) -> list[Hit]:
    lengths = np.concatenate([e.chunk_lengths for e in snapshot.recordings]).astype(np.float64)
    n = len(lengths)
    counts = [e.chunk_count for e in snapshot.recordings]
    owner = np.repeat(np.arange(len(counts)), counts)
    avg = lengths.mean() or 1.0
    lex = np.zeros(n)
    rec = np.zeros(len(counts))
    rl = np.bincount(owner, lengths)
    ravg = rl.mean() or 1.0
    for concept in query.concepts:
        tf = np.zeros(n)
        for term in concept.terms:
            p = snapshot.postings.get(term)
            if p is not None:
                tf[p.chunks] += p.frequencies
        df = int((tf > 0).sum())
        if not df:
            continue
        idf = np.log(1 + (n - df + 0.5) / (df + 0.5))
        lex += idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * lengths / avg))
        rtf = np.bincount(owner, tf, len(counts))
        rdf = int((rtf > 0).sum())
        ridf = np.log(1 + (len(counts) - rdf + 0.5) / (rdf + 0.5))
        rec += ridf * rtf * 2.2 / (rtf + 1.2 * (0.25 + 0.75 * rl / ravg))
    total = lex + 0.8 * rec[owner]
    mm = lambda x: (x - x.min()) / (x.max() - x.min()) if x.max() > x.min() else (x > 0).astype(float)
    sem = snapshot.cosines if snapshot.cosines is not None else np.zeros(n, np.float32)
    final = mm(total) + 0.8 * mm(sem.astype(np.float64))
    if snapshot.in_scope is not None:
        final = np.where(snapshot.in_scope, final, -1.0)
    order = np.lexsort((np.arange(n), -final))[:limit]
    return [
        Hit(
            int(i),
            float(final[i]),
            {
                "lexical": float(lex[i]),
                "semantic": float(sem[i]),
                "prior": float(rec[owner[i]]),
                "final": float(final[i]),
            },
        )
        for i in order
        if final[i] > 0
    ]
