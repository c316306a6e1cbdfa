"""Fixtures for tests of answers: conversations, retrieved chunks, and requests over them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from earmark.llm.types import AnswerRequest, Passage
from earmark.retrieval.index.analysis import analyze
from earmark.retrieval.types import ChunkHit
from earmark.transcripts.types import Segment

MARCH = 1_772_000_000_000_000
DAY_US = 86_400_000_000
PARTS = {"lexical": 0.08, "semantic": 0.12, "prior": 0.1}
Turn = tuple[str, str]


class WordEmbedder:
    """A fake encoder: texts that share words have similar vectors."""

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), 4_096), np.float32)
        for row, text in enumerate(texts):
            for term in analyze(text, "en"):
                vectors[row, int.from_bytes(term.encode()[-8:], "little") % 4_093] = 1.0
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1.0)


def passages(*turns: Turn, recording: str = "rec_a", day: int = 0, first_number: int = 1) -> list[Passage]:
    """Return a recording's turns, (speaker, words), one second apart."""
    return [
        Passage(
            first_number + n, recording, f"Talk {recording}", MARCH + day * DAY_US, 1_000 * n, 1_000 * n + 900,
            speaker or None, text, n,
        )
        for n, (speaker, text) in enumerate(turns)
    ]  # fmt: skip


def hit(talk: Sequence[Passage], first: int, last: int, score: float = 0.35) -> ChunkHit:
    """Return a retrieved chunk: the passages from `first` to `last`, both included."""
    found = tuple(Segment(one.start_ms, one.end_ms, one.text, one.speaker) for one in talk[first : last + 1])
    parts = {name: value * score / 0.35 for name, value in PARTS.items()}
    one = talk[first]
    return ChunkHit(
        "chk_1", one.recording_id, "txn_1", found, None, one.recorded_us, one.recording_name, score, parts, first
    )


def request(question: str, hits: Sequence[ChunkHit], known: Sequence[Passage], whole: bool = False) -> AnswerRequest:
    """Return a question over these chunks, with these passages around them."""
    recordings = frozenset(one.recording_id for one in known) if whole else frozenset()
    return AnswerRequest(question, question, None, [], hits, known, is_whole_transcript=False, whole=recordings)
