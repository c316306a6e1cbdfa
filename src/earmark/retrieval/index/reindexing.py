"""Making every vector anew with the embedder that the settings want, while search goes on with the old ones.

Vectors are made recording by recording and staged, so that a stopped run goes on where it was; once an end user's
library has all of them they take the old ones' place in one unit of work. Last of all the wanted embedder is put into
use for new transcripts; what was imported meanwhile with the old one is then made anew as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import numpy as np

from earmark.errors import EarmarkError
from earmark.identity.projects import list_tenants
from earmark.jobs.kinds import JobKind
from earmark.jobs.queue import enqueue_for_installation
from earmark.jobs.running import RunningJob
from earmark.jobs.types import NewJob, PermanentJobError
from earmark.library.transcripts import list_segments
from earmark.retrieval import queries
from earmark.retrieval.embedding.embedders import Embedder
from earmark.retrieval.embedding.registry import RememberedEmbedders
from earmark.retrieval.embedding.specs import EmbedderSpec
from earmark.retrieval.index.chunking import Chunk
from earmark.retrieval.index.postings import pack_lengths, unpack_lengths
from earmark.retrieval.index.quantize import pack_vectors, quantize, unpack_vectors
from earmark.retrieval.index.spans import encoded_texts
from earmark.retrieval.index.vectors import replace_vectors
from earmark.retrieval.types import NO_EMBEDDER, WantsVectors, always
from earmark.storage.tenant import Operator, Tenant

RENEW = "index.renew"
"""The kind of job that makes every vector anew."""
_FOREGROUND_S = 60.0


@dataclass(frozen=True, slots=True)
class _Stale:
    """A recording whose vectors are to be made anew."""

    recording_no: int
    recording_id: str
    transcription_id: str
    embedder: str
    chunk_count: int
    revision: int


@dataclass(frozen=True, slots=True)
class _StaleOwner:
    """An end user with such recordings: how many there are, and how many of them have no vectors."""

    end_user_id: str
    end_user_no: int
    count: int
    without_vectors: int


class Reindexer:
    """Brings the whole installation's index to the wanted embedder.

    Args:
        wants_vectors: whether an end user's transcripts have vectors. Those of one who wants none lose old ones here,
            and those of one who wants them again get them.
    """

    def __init__(
        self, operator: Operator, embedders: RememberedEmbedders, wants_vectors: WantsVectors = always
    ) -> None:
        self._operator = operator
        self._embedders = embedders
        self._wants_vectors = wants_vectors
        self.on_made: Callable[[], None] = lambda: None
        """Called for each recording that this process has made anew."""
        self.is_foreground = False
        """Whether somebody waits for the job in this process."""
        self.failure: EarmarkError | None = None
        """What the job failed with in the foreground."""

    async def count(self) -> int:
        """Return how many recordings have other vectors than the wanted embedder makes today."""
        name = (await self._embedders.get(self._embedders.wanted)).name
        return sum([
            stale.count - (0 if is_wanted else stale.without_vectors)
            async for _, stale, is_wanted in self._stale_owners(name)
        ])  # fmt: skip

    async def _stale_owners(self, name: str) -> AsyncIterator[tuple[Tenant, _StaleOwner, bool]]:
        """Yield each end user with something to do: the narrowed handle, how much, and whether vectors are wanted."""
        params = {"embedder": name, "no_embedder": NO_EMBEDDER}
        for tenant in await list_tenants(self._operator):
            for stale in [_StaleOwner(*row) for row in await tenant.fetch_all(queries.select_stale_owners, params)]:
                is_wanted = await self._wants_vectors(tenant, stale.end_user_id)
                if is_wanted or stale.count > stale.without_vectors:
                    yield tenant.acting_for(stale.end_user_id, stale.end_user_no), stale, is_wanted

    async def run(self, spec: EmbedderSpec | None = None) -> AsyncIterator[str]:
        """Make and put into place all vectors of the wanted embedder; yield the id of each recording as it is made.

        Raises: EmbedderUnavailableError; what was made until then stays staged.
        """
        spec = spec or self._embedders.wanted
        embedder = await self._embedders.remember(spec)
        async for recording_id in self._sweep(embedder):
            yield recording_id
        await self._embedders.put_into_use(spec)
        async for recording_id in self._sweep(embedder):
            yield recording_id

    async def enqueue(self) -> str | None:
        """Add the job that does all of it, with the embedder that is wanted now; None if one is under way.

        It waits a minute, in which the process that adds it may run it itself (`Worker.run_job`).
        """
        payload = {"spec": self._embedders.wanted.to_json()}
        new = NewJob(RENEW, payload=payload, unique_key=RENEW, delay_s=_FOREGROUND_S)
        return await enqueue_for_installation(self._operator, new)

    def kinds(self) -> list[JobKind]:
        """Return this room's kinds of job that need a reindexer."""
        return [JobKind(RENEW, self._renew, is_heavy=True, max_losses=20)]

    async def _renew(self, running: RunningJob) -> None:
        """Make all vectors anew; in the foreground with today's settings, and a failure is told instead of retried."""
        spec = None if self.is_foreground else EmbedderSpec.from_json(running.job.payload["spec"])
        total, made = max(1, await self.count()), 0
        try:
            async for _ in self.run(spec):
                made += 1
                self.on_made()
                await running.report(made / total)
        except EarmarkError as error:
            if not self.is_foreground:
                raise
            self.failure = error
            raise PermanentJobError(error.code, error.message) from error

    async def _sweep(self, embedder: Embedder) -> AsyncIterator[str]:
        async for owner, _, is_wanted in self._stale_owners(embedder.name):
            if not is_wanted:
                for recording_id in await _drop_all(owner, embedder.name):
                    yield recording_id
                continue
            while not await _put_into_place(owner, embedder.name):
                async for recording_id in _stage_all(owner, embedder):
                    yield recording_id


async def _stage_all(owner: Tenant, embedder: Embedder) -> AsyncIterator[str]:
    wanted = {"embedder": embedder.name}
    staged = {row[0] for row in await owner.fetch_all(queries.select_staged_nos, wanted)}
    for stale in [_Stale(*row) for row in await owner.fetch_all(queries.select_stale, wanted)]:
        if stale.recording_no not in staged:
            await _stage(owner, embedder, stale)
            yield stale.recording_id


async def _stage(owner: Tenant, embedder: Embedder, stale: _Stale) -> None:
    """Make a recording's vectors; they are dropped if its transcript was replaced, corrected or deleted meanwhile."""
    async with owner.reading() as snapshot:
        bounds = await snapshot.fetch_all(queries.select_chunk_bounds, {"recording_id": stale.recording_id})
        segments = await list_segments(snapshot, stale.transcription_id)
    texts, counts = encoded_texts(segments, [Chunk(first, last) for first, last in bounds])
    vectors = quantize(await asyncio.to_thread(embedder.embed_passages, texts))
    async with owner.writing() as work:
        of_it = {"recording_no": stale.recording_no}
        row = await work.fetch_one(queries.select_index_transcription, of_it)
        if row is None or tuple(row) != (stale.transcription_id, stale.revision):
            return
        await work.execute(queries.delete_staged, of_it)
        values = {**of_it, "end_user_no": owner.key.end_user_no, "embedder": embedder.name}
        made = {"vectors": pack_vectors(vectors), "vector_counts": pack_lengths(counts)}
        await work.execute(queries.insert_staged, {**values, **made})


async def _put_into_place(owner: Tenant, name: str) -> bool:
    """Swap the vectors of an end user's whole library in one unit of work; False if some aren't staged yet."""
    async with owner.writing() as work:
        stale = [_Stale(*row) for row in await work.fetch_all(queries.select_stale, {"embedder": name})]
        staged = {row[0] for row in await work.fetch_all(queries.select_staged_nos, {"embedder": name})}
        if any(one.recording_no not in staged for one in stale):
            return False
        for one in stale:
            await _swap(work, one, name)
    return True


async def _drop_all(owner: Tenant, name: str) -> list[str]:
    """Delete the vectors of other embedders than `name`; return whose they were. The words stay indexed."""
    none = np.zeros((0, 0), np.int8)
    async with owner.writing() as work:
        stale = [_Stale(*row) for row in await work.fetch_all(queries.select_stale, {"embedder": name})]
        dropped = [one for one in stale if one.embedder != NO_EMBEDDER]
        for one in dropped:
            of_it = {"recording_no": one.recording_no}
            counts = {"new_embedder": NO_EMBEDDER, "new_vector_counts": pack_lengths([0] * one.chunk_count)}
            await replace_vectors(work, one.recording_no, none)
            await work.execute(queries.update_index_embedder, {**of_it, **counts})
            await work.execute(queries.delete_staged, of_it)
    return [one.recording_id for one in dropped]


async def _swap(work: Tenant, stale: _Stale, name: str) -> None:
    of_it = {"recording_no": stale.recording_no}
    row = await work.fetch_one(queries.select_staged, {**of_it, "embedder": name})
    assert row is not None
    vectors, counts = row
    width = len(vectors) // max(1, int(unpack_lengths(counts).sum()))
    await replace_vectors(work, stale.recording_no, unpack_vectors([vectors], width))
    await work.execute(queries.update_index_embedder, {**of_it, "new_embedder": name, "new_vector_counts": counts})
    await work.execute(queries.delete_staged, of_it)
