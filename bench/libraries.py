"""Generates large libraries in the product's own form, with random vectors instead of the encoder's.

A few recordings are prepared once and stored repeatedly; the work of ranking is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from earmark.library.end_users import create_end_user
from earmark.library.recordings import create_recording
from earmark.retrieval.embedding.embedders import MiniLMEmbedder
from earmark.retrieval.index.building import prepare_index
from earmark.retrieval.index.ingest import PreparedTranscript
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant
from earmark.transcripts.types import ParsedTranscript, Segment

CHUNKS = 100
"""Chunks per recording: about 45 minutes of talk."""
WORDS = 20_000
_WORDS_PER_CHUNK = 50
_DIFFERENT = 40
_AT_ONCE = 20
_SYLLABLES = "ba ce di fo gu la me ni po ru sa te vi wo zu kra ste pli dro flu".split()
_NAMES = ("Ada", "Grace", "Linus", "Mabel")


class RandomEmbedder:
    """Returns random vectors under the built-in encoder's name."""

    name = MiniLMEmbedder.name
    is_remote = False

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = self._random.standard_normal((len(texts), MiniLMEmbedder.dimensions)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = self.embed_passages([text])[0]
        return vector


class Talk:
    """Generates talk with Zipf-distributed words; deterministic for a seed."""

    def __init__(self, seed: int = 7) -> None:
        self._random = Random(seed)
        self._words = ["".join(self._random.choices(_SYLLABLES, k=2 + n % 3)) + str(n % 7) for n in range(WORDS)]
        self._weights = [1 / (n + 3) for n in range(WORDS)]
        self._embedder = RandomEmbedder(np.random.default_rng(seed))

    def questions(self, count: int) -> list[str]:
        """Return questions of six or seven words of medium frequency."""
        return [
            "When did " + " ".join(self._random.choices(self._words[30:4_000], self._weights[30:4_000], k=5)) + "?"
            for _ in range(count)
        ]

    def recordings(self) -> list[PreparedTranscript]:
        """Prepare the distinct recordings."""
        return [self._recording() for _ in range(_DIFFERENT)]

    def _recording(self) -> PreparedTranscript:
        segments = tuple(
            Segment(at * 20_000, at * 20_000 + 19_000, text, _NAMES[at % len(_NAMES)])
            for at, text in enumerate(self._texts())
        )
        parsed = ParsedTranscript(segments, "en")
        return PreparedTranscript(parsed, prepare_index(self._embedder, segments, "en"))

    def _texts(self) -> Iterator[str]:
        for _ in range(CHUNKS):
            yield " ".join(self._random.choices(self._words, self._weights, k=_WORDS_PER_CHUNK))


async def fill(runtime: Runtime, tenant: Tenant, prepared: Sequence[PreparedTranscript], chunks: int) -> Tenant:
    """Create an end user with about `chunks` chunks; return the handle narrowed to it."""
    user = await create_end_user(tenant)
    owner = tenant.acting_for(user.id, user.number)
    count = max(1, chunks // CHUNKS)
    for first in range(0, count, _AT_ONCE):
        async with owner.writing() as work:
            for number in range(first, min(first + _AT_ONCE, count)):
                recording = await create_recording(
                    work, name=f"Talk {number}", recorded_us=1_700_000_000_000_000 + number * 86_400_000_000
                )
                await runtime.ingester.store(work, recording, prepared[number % len(prepared)])
    return owner
