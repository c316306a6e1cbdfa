"""Turns to answer, as `ask/turn.py` would hand them to the built-in model: evidence found by the server's own ranking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.retrieval_data import Library, Vectors
from earmark.ask.evidence import EVIDENCE_LIMIT
from earmark.ask.followups import make_standalone
from earmark.llm.types import AnswerRequest, Passage, PastTurn
from earmark.retrieval.ranking import Hit, rank
from earmark.retrieval.types import ChunkHit


def ask(
    library: Library, question: str, vectors: Vectors, *, scope: frozenset[int] | None = None,
    history: Sequence[PastTurn] = (),
) -> AnswerRequest:  # fmt: skip
    """Find evidence as the server does; `scope` are the recordings that may be looked at."""
    standalone = make_standalone(question, history)
    chosen = None if scope is None else np.isin(library.recording_of, list(scope))
    query, snapshot = library.snapshot(standalone, vectors.of([library.asked(standalone)])[0], chosen)
    hits = tuple(_to_hit(library, hit) for hit in rank(query, snapshot, limit=EVIDENCE_LIMIT))
    return AnswerRequest(question, standalone, None, history, hits, tuple(_number(hits)), is_whole_transcript=False)


def _to_hit(library: Library, hit: Hit) -> ChunkHit:
    recording, first, last = library.places[hit.chunk]
    one, entry = library.recorded[recording], library.entries[recording]
    recorded_us = None if one.recorded_at_ms is None else one.recorded_at_ms * 1_000
    segments = tuple(one.segments[first : last + 1])
    return ChunkHit("", entry.recording_id, "", segments, None, recorded_us, one.name, hit.score, hit.parts, first)


def _number(hits: Sequence[ChunkHit]) -> Iterator[Passage]:
    number = 0
    for hit in hits:
        for one in hit.segments:
            number += 1
            yield Passage(
                number, hit.recording_id, hit.recording_name, hit.recorded_us, one.start_ms, one.end_ms, one.speaker,
                one.text,
            )  # fmt: skip


class CachedEncoder:
    """The built-in encoder behind the bench's store of vectors, as sentence selection wants it."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shapes: N texts -> [N, dimensions]."""
        return self._vectors.of(texts)
