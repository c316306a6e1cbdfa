"""Search: from a question to ranked moments of one end user's library.

A search reads in three short steps and computes between them, holding no connection: what the question's wording
depends on; the index, in one snapshot; the words of the hits. Every hit is checked against the index it was ranked
in, and the search is repeated if the library has changed under it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog

from earmark.computing.threads import compute
from earmark.contexts import run_on
from earmark.fair_slots import FairSlots
from earmark.limits.admission import owner_of
from earmark.retrieval import queries
from earmark.retrieval.embedding.embedders import EmbedderUnavailableError, MiniLMEmbedder
from earmark.retrieval.embedding.registry import Embedders
from earmark.retrieval.index.analysis import analyze_query
from earmark.retrieval.index.vector_cache import VectorCache
from earmark.retrieval.ranking.phrasing import address
from earmark.retrieval.types import NO_EMBEDDER, ChunkHit, SearchRequest
from earmark.storage.tenant import Tenant
from earmark.telemetry import span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from earmark.retrieval.ranking.combining import Hit
    from earmark.retrieval.reading import StoredIndex, Wanted
    from earmark.retrieval.snapshot import Library

_WAITING_THREADS = 8
_AT_ONCE = 4
"""Searches that read or rank at the same time: two compute while two read."""
_ATTEMPTS = 3
log = structlog.get_logger("earmark.retrieval")


class Searcher:
    """Finds moments. Arithmetic runs on worker threads; the event loop only waits for it.

    Args:
        connections: size of the database's pool; one connection at least is left to other requests.
    """

    def __init__(self, embedders: Embedders, vectors: VectorCache, *, connections: int = 10) -> None:
        self._embedders = embedders
        self._vectors = vectors
        count = max(1, min(_AT_ONCE, connections - 1))
        self._slots = FairSlots(count, most_each=max(1, count // 2))  # a free one for whoever else comes
        # A server of embeddings is waited for elsewhere: its slowness must not hold up arithmetic.
        self._waiting = ThreadPoolExecutor(_WAITING_THREADS, thread_name_prefix="earmark-embed")

    async def search(self, tenant: Tenant, request: SearchRequest) -> list[ChunkHit]:
        """Return at most `request.limit` moments, best first.

        The handle must be narrowed to one end user: statistics, candidates and scores are those of
        that person's library and of nobody else's.
        """
        assert tenant.end_user_id is not None
        found: list[ChunkHit] = []
        for _ in range(_ATTEMPTS):
            wanted = await self._embed_question(tenant, request.query)
            async with self._slots.hold(owner_of(tenant)):
                found, is_current = await self._find(tenant, request, wanted)
            if is_current:
                break
        return found  # after the last attempt without what is gone, so that a busy library is answered too

    async def _find(self, tenant: Tenant, request: SearchRequest, wanted: Wanted) -> tuple[list[ChunkHit], bool]:
        """Return the hits, and whether the library stood still between the snapshots of this search."""
        from earmark.retrieval.hits import load_hits
        from earmark.retrieval.reading import read_index, store_vectors

        if not wanted:
            return [], True  # an empty library
        index = await read_index(tenant, self._vectors, request, wanted)
        if index is None:
            return [], True
        with span("rank", recordings=len(index.rows)):
            library, ranked = await compute(_rank, index, request)
        store_vectors(self._vectors, index, library)
        hits = await load_hits(tenant, library, ranked, request)
        return hits, index.has_all_embedders and len(hits) == len(ranked)

    async def _embed_question(self, tenant: Tenant, question: str) -> Wanted:
        """Return the question's vector by each embedder that made vectors of the library.

        One that can't be asked is None: the words still find.
        """
        known = await tenant.fetch_all(queries.select_languages)
        languages = {language for language, _ in known}
        query = analyze_query(question, languages)
        terms = await tenant.fetch_all(queries.select_known_terms, {"terms": list(query.speaker_terms)})
        asked = address(query, {term for (term,) in terms}, languages)
        return {name: await self._embed(tenant, name, asked) for name in sorted({name for _, name in known})}

    async def _embed(self, tenant: Tenant, name: str, question: str) -> NDArray[np.int8] | None:
        from earmark.retrieval.index.quantize import quantize

        embedder = None if name == NO_EMBEDDER else await self._embedders.find(name)
        if embedder is None:
            return None
        try:
            with span("embed question"):
                if embedder.is_remote:
                    vector = await run_on(self._waiting, embedder.embed_query, question)
                else:
                    vector = await compute(embedder.embed_query, question)
        except EmbedderUnavailableError as error:
            if not embedder.is_remote:
                raise
            log.warning("search.without_meaning", embedder=name, error=error.message)
            return None
        return quantize(vector)

    def close(self) -> None:
        """Let the threads go."""
        self._waiting.shutdown(wait=True)


def _rank(index: StoredIndex, request: SearchRequest) -> tuple[Library, list[Hit]]:
    """Prepare and rank the index; arithmetic, for a worker thread.

    The floor was measured with the built-in embedder: others' similarities have other scales.
    """
    from earmark.retrieval.ranking.combining import FLOOR
    from earmark.retrieval.reading import to_library
    from earmark.retrieval.snapshot import rank_library

    library = to_library(index)
    is_measured = all(row.embedder in (MiniLMEmbedder.name, NO_EMBEDDER) for row in index.rows)
    floor = FLOOR if request.is_floored and is_measured else 0.0
    return library, rank_library(index.query, library, request.limit, floor)
