"""Search: from a question to ranked moments of one end user's library."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from earmark.library.transcripts import list_segments_between
from earmark.retrieval import queries
from earmark.retrieval.analysis import analyze_query
from earmark.retrieval.embedders import Embedder
from earmark.retrieval.types import ChunkHit, SearchRequest
from earmark.retrieval.vectors import fetch_similarities
from earmark.storage.tenant import Tenant
from earmark.telemetry import span
from earmark.text import fold

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from earmark.retrieval.ranking import Hit
    from earmark.retrieval.snapshot import Library

T = TypeVar("T")
_THREADS = 2


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


class Searcher:
    """Finds moments. Arithmetic runs on worker threads; the event loop only waits for it."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="earmark-search")

    async def search(self, tenant: Tenant, request: SearchRequest) -> list[ChunkHit]:
        """Return at most `request.limit` moments, best first.

        The handle must be narrowed to one end user: statistics, candidates and scores are those of
        that person's library and of nobody else's.
        """
        assert tenant.end_user_id is not None
        from earmark.retrieval.snapshot import Library, rank_library

        async with tenant.reading() as snapshot:
            params = {"embedder": self.embedder.name}
            rows = [_IndexRow(*row) for row in await snapshot.fetch_all(queries.select_indexes, params)]
            chosen = _in_scope(rows, request)
            if not any(chosen):
                return []
            query = analyze_query(request.query, {row.language for row in rows})
            with span("embed question"):
                wanted = await self._offload(self._embed, request.query)
            nos = None if all(chosen) else [row.recording_no for row, is_in in zip(rows, chosen, strict=True) if is_in]
            library = Library(
                rows=rows,
                chosen=chosen,
                postings=await snapshot.fetch_all(queries.select_postings, {"terms": list(query.terms)}),
                wanted=wanted,
                similarities=await fetch_similarities(snapshot, wanted, nos),
                are_products=snapshot.database.has_pgvector,
                spoken_by=await _spoken_by(snapshot, request.speaker),
            )
            with span("rank", recordings=len(rows)):
                hits = await self._offload(rank_library, query, library, request.limit)
            return [await _load(snapshot, rows, library, hit) for hit in hits]

    def _embed(self, text: str) -> NDArray[np.int8]:
        from earmark.retrieval.quantize import quantize

        return quantize(self.embedder.embed_query(text))

    def _offload(self, work: Callable[..., T], *args: Any) -> Awaitable[T]:
        return asyncio.get_running_loop().run_in_executor(self._threads, work, *args)

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=True)


def _in_scope(rows: Sequence[_IndexRow], request: SearchRequest) -> list[bool]:
    wanted = None if request.recording_ids is None else set(request.recording_ids)
    after, before = request.recorded_after_us, request.recorded_before_us
    return [
        (wanted is None or row.recording_id in wanted)
        and (after is None or (row.recorded_us is not None and row.recorded_us >= after))
        and (before is None or (row.recorded_us is not None and row.recorded_us < before))
        for row in rows
    ]


async def _spoken_by(snapshot: Tenant, speaker: str | None) -> set[tuple[str, int]] | None:
    """Return the (recording id, chunk ordinal) pairs in which this person speaks, or None for no filter."""
    if speaker is None:
        return None
    wanted = fold(speaker)
    rows = await snapshot.fetch_all(queries.select_chunks_of_speaker)
    return {(recording_id, ordinal) for recording_id, ordinal, name in rows if fold(name) == wanted}


async def _load(snapshot: Tenant, rows: Sequence[_IndexRow], library: Library, hit: Hit) -> ChunkHit:
    """Read a hit's words."""
    index, ordinal = library.locate(hit.chunk)
    row = rows[index]
    found = await snapshot.fetch_one(queries.select_chunk, {"recording_id": row.recording_id, "ordinal": ordinal})
    assert found is not None
    chunk_id, speaker, first, last = found
    segments = await list_segments_between(snapshot, row.transcription_id, first, last)
    return ChunkHit(
        chunk_id, row.recording_id, row.transcription_id, tuple(segments), speaker, row.recorded_us, row.name,
        hit.score, hit.parts,
    )  # fmt: skip
