"""Search: from a question to ranked moments of one end user's library."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from earmark.library.transcripts import list_segments_between
from earmark.retrieval import queries
from earmark.retrieval.analysis import analyze_query
from earmark.retrieval.choice import Embedders
from earmark.retrieval.embedders import EmbedderUnavailableError
from earmark.retrieval.http_embedder import HttpEmbedder
from earmark.retrieval.phrasing import address
from earmark.retrieval.types import ChunkHit, SearchRequest
from earmark.retrieval.vector_cache import Indexed, Part, VectorCache
from earmark.storage.tenant import Tenant
from earmark.telemetry import span
from earmark.text import fold

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from earmark.retrieval.ranking import Hit
    from earmark.retrieval.snapshot import Library
    from earmark.retrieval.vectors import Scan

T = TypeVar("T")
_THREADS = 2
_WAITING_THREADS = 8
log = structlog.get_logger("earmark.retrieval")


@dataclass(frozen=True, slots=True)
class _IndexRow:
    """One recording of the library, as the index knows it."""

    recording_no: int
    recording_id: str
    transcription_id: str
    language: str | None
    chunk_count: int
    chunk_lengths: bytes
    recorded_us: int | None
    name: str | None
    embedder: str
    vector_counts: bytes | None


class Searcher:
    """Finds moments. Arithmetic runs on worker threads; the event loop only waits for it."""

    def __init__(self, embedders: Embedders, vectors: VectorCache) -> None:
        self._embedders = embedders
        self._vectors = vectors
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="earmark-search")
        # A server of embeddings is waited for elsewhere: its slowness must not hold up arithmetic.
        self._waiting = ThreadPoolExecutor(_WAITING_THREADS, thread_name_prefix="earmark-embed")
        self._server_name: str | None = None

    async def search(self, tenant: Tenant, request: SearchRequest) -> list[ChunkHit]:
        """Return at most `request.limit` moments, best first.

        The handle must be narrowed to one end user: statistics, candidates and scores are those of
        that person's library and of nobody else's.
        """
        assert tenant.end_user_id is not None
        from earmark.retrieval.snapshot import Library, rank_library

        ahead = await self._embed_ahead(tenant, request.query)
        async with tenant.reading() as snapshot:
            rows = [_IndexRow(*row) for row in await snapshot.fetch_all(queries.select_indexes)]
            chosen = _in_scope(rows, request)
            if not any(chosen):
                return []
            languages = {row.language for row in rows}
            query = analyze_query(request.query, languages)
            postings = await snapshot.fetch_all(queries.select_postings, {"terms": list(query.terms)})
            asked = address(query, {row[0] for row in postings}, languages)
            library = Library(
                rows=rows,
                chosen=chosen,
                postings=postings,
                scans=await self._scan(snapshot, by_embedder(rows, chosen), asked, ahead),
                spoken_by=await _spoken_by(snapshot, request.speaker),
            )
            with span("rank", recordings=len(rows)):
                hits = await self._offload(rank_library, query, library, request.limit)
            return [await _load(snapshot, rows, library, hit, request) for hit in hits]

    async def _embed_ahead(self, tenant: Tenant, question: str) -> dict[str, NDArray[np.int8] | None]:
        """Ask the server of embeddings that was asked last before the database is held, for it may take a while."""
        name = self._server_name
        if name is None:
            return {}
        languages = {language for (language,) in await tenant.fetch_all(queries.select_languages)}
        query = analyze_query(question, languages)
        known = await tenant.fetch_all(queries.select_known_terms, {"terms": list(query.speaker_terms)})
        return {name: await self._embed(name, address(query, {term for (term,) in known}, languages))}

    async def _scan(
        self,
        snapshot: Tenant,
        parts: Mapping[str, Mapping[Part, Indexed]],
        question: str,
        ahead: Mapping[str, NDArray[np.int8] | None],
    ) -> list[Scan]:
        """Compare the question with the vectors in scope, those of each embedder with its own vector of the question.

        An embedder that can't be asked is left out: the words still find.
        """
        from earmark.retrieval.vectors import scan

        found = []
        for name, of_it in parts.items():
            wanted = ahead[name] if name in ahead else await self._embed(name, question)
            if wanted is not None:
                found.append(await scan(snapshot, self._vectors, name, wanted, of_it))
        return found

    async def _embed(self, name: str, question: str) -> NDArray[np.int8] | None:
        from earmark.retrieval.quantize import quantize

        embedder = await self._embedders.find(name)
        if embedder is None:
            return None
        is_server = isinstance(embedder, HttpEmbedder)
        if is_server:
            self._server_name = name
        try:
            threads = self._waiting if is_server else self._threads
            with span("embed question"):
                vector = await asyncio.get_running_loop().run_in_executor(threads, embedder.embed_query, question)
        except EmbedderUnavailableError as error:
            if not is_server:
                raise
            log.warning("search.without_meaning", embedder=name, error=error.message)
            return None
        return quantize(vector)

    def _offload(self, work: Callable[..., T], *args: Any) -> Awaitable[T]:
        return asyncio.get_running_loop().run_in_executor(self._threads, work, *args)

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=True)
        self._waiting.shutdown(wait=True)


def _in_scope(rows: Sequence[_IndexRow], request: SearchRequest) -> list[bool]:
    wanted = None if request.recording_ids is None else set(request.recording_ids)
    after, before = request.recorded_after_us, request.recorded_before_us
    return [
        (wanted is None or row.recording_id in wanted)
        and (after is None or (row.recorded_us is not None and row.recorded_us >= after))
        and (before is None or (row.recorded_us is not None and row.recorded_us < before))
        for row in rows
    ]


def by_embedder(rows: Sequence[_IndexRow], chosen: Sequence[bool]) -> dict[str, dict[Part, Indexed]]:
    """Return, for each embedder that made vectors in scope, all the recordings it made any of."""
    parts: dict[str, dict[Part, Indexed]] = {}
    for row, is_in in zip(rows, chosen, strict=True):
        part = (row.recording_no, row.transcription_id, row.vector_counts is not None)
        parts.setdefault(row.embedder, {})[part] = Indexed(is_in, row.chunk_count, row.vector_counts)
    return {name: of_it for name, of_it in parts.items() if any(one.is_in_scope for one in of_it.values())}


async def _spoken_by(snapshot: Tenant, speaker: str | None) -> set[tuple[str, int]] | None:
    """Return the (recording id, chunk ordinal) pairs in which this person speaks, or None for no filter."""
    if speaker is None:
        return None
    wanted = fold(speaker)
    rows = await snapshot.fetch_all(queries.select_chunks_of_speaker)
    return {(recording_id, ordinal) for recording_id, ordinal, name in rows if fold(name) == wanted}


async def _load(
    snapshot: Tenant, rows: Sequence[_IndexRow], library: Library, hit: Hit, request: SearchRequest
) -> ChunkHit:
    """Read a hit's words, and those around it that are asked for."""
    index, ordinal = library.locate(hit.chunk)
    row = rows[index]
    found = await snapshot.fetch_one(queries.select_chunk, {"recording_id": row.recording_id, "ordinal": ordinal})
    assert found is not None
    chunk_id, speaker, first, last = found
    start = max(0, first - request.before)
    around = tuple(await list_segments_between(snapshot, row.transcription_id, start, last + request.after))
    return ChunkHit(
        chunk_id, row.recording_id, row.transcription_id, around[first - start : last + 1 - start], speaker,
        row.recorded_us, row.name, hit.score, hit.parts, first, around, start,
    )  # fmt: skip
