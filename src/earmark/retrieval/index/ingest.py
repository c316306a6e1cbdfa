"""From a parsed transcript to one that can be read and found: prepared outside the database, stored at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from earmark.fair_slots import FairSlots, Owner
from earmark.identity.projects import list_tenants
from earmark.ids import new_id
from earmark.jobs.queue import enqueue
from earmark.jobs.running import RunningJob
from earmark.jobs.types import Job, JobKind, NewJob
from earmark.library import transcripts
from earmark.library.announcing import emit_transcription
from earmark.library.errors import RecordingNotFoundError, TranscriptionNotFoundError
from earmark.library.recordings import hold_recording
from earmark.library.types import Recording, Transcription
from earmark.limits.admission import owner_of
from earmark.retrieval import queries
from earmark.retrieval.embedding.embedders import Embedder
from earmark.retrieval.embedding.registry import Embedders
from earmark.retrieval.index.building import PreparedIndex, analyse_transcript
from earmark.retrieval.index.quantize import quantize
from earmark.retrieval.index.vectors import insert_vectors
from earmark.storage.tenant import Operator, Tenant
from earmark.telemetry import span
from earmark.transcripts.types import ParsedTranscript, Segment

T = TypeVar("T")
_TEXTS_AT_ONCE = 64
"""Embedded before somebody else's turn: about half a second."""
INDEX = "transcript.index"
"""The kind of job that indexes a transcript whose words are stored."""


class Ingester:
    """Prepares and stores transcripts with their index.

    Arithmetic runs on one worker thread, piece by piece, so that the event loop stays free and a short transcript
    never waits for a long one of somebody else.
    """

    def __init__(self, embedders: Embedders) -> None:
        self._embedders = embedders
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="earmark-ingest")
        self._turns = FairSlots(1)

    async def _offload(self, owner: Owner, work: Callable[..., T], *args: Any) -> T:
        """Run `work` on the ingest thread when it is the owner's turn."""
        async with self._turns.hold(owner):
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    async def prepare(self, tenant: Tenant, parsed: ParsedTranscript) -> PreparedTranscript:
        """Cut, analyse and embed a transcript; no database is touched."""
        with span("index transcript", segments=len(parsed.segments)):
            index = await self._prepare_index(tenant, parsed.segments, parsed.language)
        return PreparedTranscript(parsed, index)

    async def _prepare_index(self, tenant: Tenant, segments: Sequence[Segment], language: str | None) -> PreparedIndex:
        embedder, owner = await self._embedders.in_use(), owner_of(tenant)
        analysed = await self._offload(owner, analyse_transcript, segments, language)
        pieces = [
            await self._offload(owner, _embed, embedder, analysed.texts[first : first + _TEXTS_AT_ONCE])
            for first in range(0, max(1, len(analysed.texts)), _TEXTS_AT_ONCE)
        ]
        return analysed.with_vectors(embedder.name, np.concatenate(pieces))

    async def store(self, work: Tenant, recording: Recording, prepared: PreparedTranscript) -> Transcription:
        """Store a prepared transcript and its index in the caller's unit of work, replacing earlier ones."""
        transcription = await transcripts.insert_transcript(work, recording, prepared.parsed, status="completed")
        await _publish(work, recording, transcription, prepared.index)
        return transcription

    async def put_transcript(
        self, tenant: Tenant, recording_id: str, parsed: ParsedTranscript
    ) -> tuple[Transcription, bool]:
        """Bring a recording's transcript; return it and whether it is the first.

        Raises: RecordingNotFoundError.
        """
        prepared = await self.prepare(tenant, parsed)
        async with tenant.writing() as work:
            owner, recording = await hold_recording(work, recording_id)
            transcription = await self.store(owner, recording, prepared)
        return transcription, recording.transcription_id is None

    async def enqueue(self, tenant: Tenant, recording_id: str, parsed: ParsedTranscript) -> Transcription:
        """Store the words now; a job indexes them.

        Raises: RecordingNotFoundError.
        """
        async with tenant.writing() as work:
            owner, recording = await hold_recording(work, recording_id)
            transcription = await transcripts.insert_transcript(owner, recording, parsed, status="processing")
            payload = {"transcription_id": transcription.id}
            await enqueue(owner, NewJob(INDEX, recording_id, payload, unique_key=f"{INDEX}:{transcription.id}"))
            await emit_transcription(owner, "transcription.started", transcription)
        return transcription

    def kinds(self) -> list[JobKind]:
        """Return this room's kinds of job that need an ingester."""
        return [JobKind(INDEX, self._index, is_heavy=True, on_failure=_note_failure)]

    async def _index(self, running: RunningJob) -> None:
        """Index a transcription whose words are stored; readers see the earlier one until it is done."""
        try:
            transcription = await transcripts.get_transcription(running.tenant, running.job.payload["transcription_id"])
        except TranscriptionNotFoundError:  # replaced or deleted meanwhile
            return
        segments = await transcripts.list_segments(running.tenant, transcription.id)
        index = await self._prepare_index(running.tenant, segments, transcription.language)
        with suppress(RecordingNotFoundError):  # deleted meanwhile, and the transcription with it
            async with running.finishing() as work:
                owner, recording = await hold_recording(work, transcription.recording_id)
                if await transcripts.complete_transcription(owner, transcription.id):
                    await _publish(owner, recording, transcription, index)

    async def describe(self, operator: Operator) -> str:
        """Say how much is indexed."""
        recordings = chunks = 0
        for tenant in await list_tenants(operator):
            row = await tenant.fetch_one(queries.count_indexes)
            assert row is not None
            recordings, chunks = recordings + row[0], chunks + int(row[1])
        return f"{chunks} chunks of {recordings} recordings"

    async def close(self) -> None:
        """Wait for the arithmetic that is under way."""
        await asyncio.to_thread(self._thread.shutdown, wait=True)


class PreparedTranscript:
    """A transcript with its index, ready to be stored."""

    __slots__ = ("index", "parsed")

    def __init__(self, parsed: ParsedTranscript, index: PreparedIndex) -> None:
        self.parsed = parsed
        self.index = index


def _embed(embedder: Embedder, texts: Sequence[str]) -> NDArray[np.int8]:
    return quantize(embedder.embed_passages(texts))


async def _note_failure(work: Tenant, job: Job) -> None:
    transcription_id = job.payload["transcription_id"]
    if await transcripts.fail_transcription(work, transcription_id):  # else it was replaced or deleted meanwhile
        transcription = await transcripts.get_transcription(work, transcription_id)
        await emit_transcription(work, "transcription.failed", transcription)


async def _publish(work: Tenant, recording: Recording, transcription: Transcription, index: PreparedIndex) -> None:
    """Swap the index and what readers see, in one unit of work."""
    await work.execute(queries.delete_index, {"recording_id": recording.id})
    await work.execute(queries.delete_chunks, {"recording_id": recording.id})
    await transcripts.publish_transcript(work, transcription)
    await _insert_index(work, recording, transcription, index)
    await emit_transcription(work, "transcription.completed", transcription)


async def _insert_index(work: Tenant, recording: Recording, transcription: Transcription, index: PreparedIndex) -> None:
    common = {"end_user_no": work.key.end_user_no, "recording_no": recording.number}
    row = {
        **common, "recording_id": recording.id, "transcription_id": transcription.id, "embedder": index.embedder,
        "language": transcription.language, "chunk_count": len(index.chunks), "chunk_lengths": index.chunk_lengths,
        "vector_counts": index.vector_counts,
    }  # fmt: skip
    await work.execute(queries.insert_index, row)
    await insert_vectors(work, recording.number, index.vectors)
    named = {"recording_id": recording.id, "end_user_id": recording.end_user_id}
    rows = (
        {**named, "ordinal": ordinal, "id": new_id("chk"), "first_segment": chunk.first, "last_segment": chunk.last,
         "start_ms": chunk.start_ms, "end_ms": chunk.end_ms, "speaker": chunk.speaker}
        for ordinal, chunk in enumerate(index.chunks)
    )  # fmt: skip
    await work.execute_many(queries.insert_chunk, rows)
    await work.execute_many(
        queries.insert_posting,
        ({**common, "term": term, "occurrences": packed} for term, packed in sorted(index.postings.items())),
    )
