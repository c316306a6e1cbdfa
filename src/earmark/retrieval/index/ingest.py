"""From a parsed transcript to one that can be read and found: prepared outside the database, stored at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from earmark.computing.process import Apart
from earmark.computing.threads import LATER, give_way
from earmark.contexts import run_on
from earmark.fair_slots import FairSlots, Owner
from earmark.identity.projects import list_tenants
from earmark.ids import new_id
from earmark.jobs.kinds import JobKind
from earmark.jobs.queue import enqueue
from earmark.jobs.running import RunningJob
from earmark.jobs.types import Job, NewJob
from earmark.library import transcripts
from earmark.library.announcing import emit_transcription
from earmark.library.errors import RecordingNotFoundError, TranscriptionNotFoundError
from earmark.library.recordings import get_recording, hold_recording
from earmark.library.types import Recording, Transcription
from earmark.limits.admission import owner_of
from earmark.retrieval import queries
from earmark.retrieval.embedding.embedders import Embedder
from earmark.retrieval.embedding.registry import Embedders
from earmark.retrieval.index.apart import analyse_apart, join_analysed, to_pieces
from earmark.retrieval.index.building import AnalysedTranscript, PreparedIndex, analyse_transcript
from earmark.retrieval.index.known_vectors import StoredIndexing, known_vectors
from earmark.retrieval.index.quantize import quantize
from earmark.retrieval.index.vectors import insert_vectors
from earmark.retrieval.types import WantsVectors, always
from earmark.storage.tenant import Operator, Tenant
from earmark.telemetry import span
from earmark.transcripts.types import ParsedTranscript, Segment

T = TypeVar("T")
_TEXTS_AT_ONCE = 64
"""Embedded before somebody else's turn: about half a second."""
_LONG_SEGMENTS = 200
"""From here on a transcript takes longer to analyse than to send to another process."""
INDEX = "transcript.index"
"""The kind of job that indexes a transcript whose words are stored."""


class Ingester:
    """Prepares and stores transcripts with their index.

    Arithmetic runs on one worker thread, piece by piece, so that the event loop stays free and a short transcript
    never waits for a long one of somebody else.

    Args:
        wants_vectors: whether transcripts of an end user get vectors; the index of their words is always made.
        apart: where long transcripts are analysed; None: here.
    """

    def __init__(self, embedders: Embedders, wants_vectors: WantsVectors = always, apart: Apart | None = None) -> None:
        self._apart = apart
        self._embedders = embedders
        self._wants_vectors = wants_vectors
        later = (LATER,)  # embedding a minute of talk takes as long as answering a question: that comes first
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="earmark-ingest", initializer=give_way, initargs=later)
        self._turns = FairSlots(1)

    async def _offload(self, owner: Owner, work: Callable[..., T], *args: Any) -> T:
        """Run `work` on the ingest thread when it is the owner's turn."""
        async with self._turns.hold(owner):
            return await run_on(self._thread, work, *args)

    async def prepare(
        self, tenant: Tenant, parsed: ParsedTranscript, *, end_user_id: str | None = None
    ) -> PreparedTranscript:
        """Cut, analyse and embed a transcript; nothing is written.

        Args:
            end_user_id: whose it is, if the handle isn't narrowed to that end user.
        """
        with span("index transcript", segments=len(parsed.segments)):
            index = await self.prepare_index(tenant, parsed.segments, parsed.language, end_user_id=end_user_id)
        return PreparedTranscript(parsed, index)

    async def prepare_index(
        self,
        tenant: Tenant,
        segments: Sequence[Segment],
        language: str | None,
        before: tuple[StoredIndexing, Sequence[Segment]] | None = None,
        *,
        end_user_id: str | None = None,
    ) -> PreparedIndex:
        """Cut, analyse and embed segments; nothing is written.

        Args:
            before: how they were indexed before a correction, and what they were: texts that stay aren't embedded anew.
            end_user_id: whose they are, if the handle isn't narrowed to that end user.
        """
        owner = owner_of(tenant)
        analysed = await self._analyse(owner, segments, language)
        if not await self._wants_vectors(tenant, end_user_id or tenant.end_user_id):
            return analysed.without_vectors()
        embedder = await self._embedders.in_use()
        known: Mapping[str, NDArray[np.int8]] = {}
        if before is not None and before[0].embedder == embedder.name:
            known = await self._offload(owner, known_vectors, *before)
        new = list(dict.fromkeys(text for text in analysed.texts if text not in known)) if known else analysed.texts
        pieces = [
            await self._offload(owner, _embed, embedder, new[first : first + _TEXTS_AT_ONCE])
            for first in range(0, max(not known, len(new)), _TEXTS_AT_ONCE)
        ]
        if not known:
            return analysed.with_vectors(embedder.name, np.concatenate(pieces))
        known = {**known, **dict(zip(new, (vector for piece in pieces for vector in piece), strict=True))}
        return analysed.with_vectors(embedder.name, np.stack([known[text] for text in analysed.texts]))

    async def _analyse(self, owner: Owner, segments: Sequence[Segment], language: str | None) -> AnalysedTranscript:
        if self._apart is None or len(segments) < _LONG_SEGMENTS:
            return await self._offload(owner, analyse_transcript, segments, language)
        pieces = await self._apart.run(owner, analyse_apart, to_pieces(segments, language))
        return await self._offload(owner, join_analysed, pieces)

    async def store(self, work: Tenant, recording: Recording, prepared: PreparedTranscript) -> Transcription:
        """Store a prepared transcript and its index in the caller's unit of work, replacing earlier ones."""
        transcription = await transcripts.insert_transcript(work, recording, prepared.parsed, status="completed")
        await _publish(work, recording, transcription, prepared.index)
        return transcription

    async def complete(
        self,
        work: Tenant,
        recording: Recording,
        transcription_id: str,
        prepared: PreparedTranscript,
        *,
        duration_ms: int,
    ) -> bool:
        """Store the words and index of a processing transcription; return False if it is no longer processing.

        Args:
            duration_ms: of the audio.
        """
        parsed = prepared.parsed
        transcription = await transcripts.complete_heard(work, transcription_id, parsed, duration_ms=duration_ms)
        if transcription is None:
            return False
        await _publish(work, recording, transcription, prepared.index)
        return True

    async def put_transcript(
        self, tenant: Tenant, recording_id: str, parsed: ParsedTranscript
    ) -> tuple[Transcription, bool]:
        """Bring a recording's transcript; return it and whether it is the first.

        Raises: RecordingNotFoundError.
        """
        whose = (await get_recording(tenant, recording_id)).end_user_id
        prepared = await self.prepare(tenant, parsed, end_user_id=whose)
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
        whose = transcription.end_user_id
        index = await self.prepare_index(running.tenant, segments, transcription.language, end_user_id=whose)
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
    await transcripts.fail_transcription(work, job.payload["transcription_id"])


async def _publish(work: Tenant, recording: Recording, transcription: Transcription, index: PreparedIndex) -> None:
    """Swap the index and what readers see, in one unit of work."""
    await _delete_index(work, recording)
    await transcripts.publish_transcript(work, transcription)
    await _insert_index(work, recording, transcription, index)
    await emit_transcription(work, "transcription.completed", transcription)


async def replace_index(work: Tenant, recording: Recording, transcription: Transcription, index: PreparedIndex) -> None:
    """Replace the index of a transcript whose words were corrected, in the caller's unit of work."""
    await _delete_index(work, recording)
    await _insert_index(work, recording, transcription, index)


async def _delete_index(work: Tenant, recording: Recording) -> None:
    await work.execute(queries.delete_index, {"recording_id": recording.id})
    await work.execute(queries.delete_chunks, {"recording_id": recording.id})


async def _insert_index(work: Tenant, recording: Recording, transcription: Transcription, index: PreparedIndex) -> None:
    common = {"end_user_no": work.key.end_user_no, "recording_no": recording.number}
    row = {
        **common, "recording_id": recording.id, "transcription_id": transcription.id, "embedder": index.embedder,
        "language": transcription.language, "chunk_count": len(index.chunks), "chunk_lengths": index.chunk_lengths,
        "vector_counts": index.vector_counts, "revision": transcription.revision,
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
