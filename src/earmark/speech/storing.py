"""Stores what an engine hears, piece by piece, each with how far the job is: a later run goes on from there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import replace
from typing import Final

from earmark.clock import now_us
from earmark.jobs.running import RunningJob
from earmark.jobs.types import JobCancelledError, JobInterruptedError
from earmark.library.recordings import get_recording, mark_audio
from earmark.library.types import Transcription
from earmark.speech import queries
from earmark.speech.copies import enqueue_deletion
from earmark.speech.heard import clean_segments, progress_of, rows_of
from earmark.speech.types import End, Heard, HeardChunk, Progress, Sent, State

_STORE_S: Final = 1.0
"""Between two notes of silence, each of which is a write."""


class Storing:
    """What one run of a job stores of a transcription."""

    def __init__(self, running: RunningJob, one: Transcription, state: State, count: int) -> None:
        self.state = state
        self.count = count
        """How many segments are stored."""
        self._running = running
        self._one = one
        self._found = {"transcription_id": one.id}
        self._stored_s = 0.0

    async def store(self, heard: Heard) -> None:
        """Store what was heard, how far the engine is, or that it is done.

        Raises: JobInterruptedError if nobody wants it any more.
        """
        if isinstance(heard, End):
            return await self._store_end(heard)
        if isinstance(heard, Sent):
            return await self._keeping(heard.vendor_id, self._store_sent(heard))
        copy_id = heard.copy_id if isinstance(heard, HeardChunk) else None
        return await self._keeping(copy_id, self._store_heard(heard))

    async def _keeping(self, copy_id: str | None, storing: Awaitable[None]) -> None:
        """Store; if nobody wants it any more, have the vendor's copy deleted nevertheless.

        Raises: JobInterruptedError.
        """
        kept = asyncio.ensure_future(self._keep(copy_id, storing))
        try:
            await asyncio.shield(kept)
        finally:  # a run that is stopped knows what it stored
            await asyncio.gather(kept, return_exceptions=True)

    async def _keep(self, copy_id: str | None, storing: Awaitable[None]) -> None:
        try:
            await storing
        except JobInterruptedError:
            if copy_id is not None:
                async with self._running.tenant.writing() as work:
                    await enqueue_deletion(work, self._one.engine, copy_id)
            raise

    async def _store_sent(self, sent: Sent) -> None:
        async with self._running.writing() as work:
            told = {"new_sent": sent.write(), "now_us": now_us()}
            if not await work.execute(queries.update_sent, {**self._found, **told}):
                raise JobCancelledError

    async def _store_heard(self, heard: HeardChunk | Progress) -> None:
        segments = clean_segments(heard.segments) if isinstance(heard, HeardChunk) else ()
        state = self.state
        is_too_soon = isinstance(heard, Progress) and time.monotonic() - self._stored_s < _STORE_S
        if is_too_soon or heard.heard_until_ms <= state.heard_until_ms:  # or said twice
            return
        language = heard.language if isinstance(heard, HeardChunk) and segments else None
        progress = max(state.progress, progress_of(heard))
        told = {"new_heard_until_ms": heard.heard_until_ms, "new_progress": progress, "new_language": language}
        async with self._running.writing() as work:
            if not await work.execute(queries.update_heard, {**self._found, **told, "now_us": now_us()}):
                raise JobCancelledError  # deleted, or another run was further
            await work.execute_many(queries.insert_heard, rows_of(self._one, segments, self.count))
            await self._running.report_in(work, progress)
            if isinstance(heard, HeardChunk) and heard.copy_id is not None:
                await enqueue_deletion(work, self._one.engine, heard.copy_id)
        self._stored_s = time.monotonic()
        self.count += len(segments)
        known = state.language or language
        self.state = replace(state, heard_until_ms=heard.heard_until_ms, progress=progress, language=known)

    async def _store_end(self, end: End) -> None:
        """Store that all of it is heard, and how long the recording is."""
        told = {"new_decoded_ms": end.decoded_ms, "new_is_partial": int(end.is_partial), "new_progress": 1.0}
        async with self._running.writing() as work:
            recording = await get_recording(work, self._one.recording_id)
            await mark_audio(work, recording.id, recording.status, duration_ms=end.decoded_ms)
            await work.execute(queries.update_heard_whole, {**self._found, **told, "now_us": now_us()})
            await self._running.report_in(work, 1.0)
        self.state = replace(self.state, decoded_ms=end.decoded_ms, is_partial=int(end.is_partial))


async def open_storing(running: RunningJob, one: Transcription, state: State) -> Storing:
    """Return what stores the rest of a transcription."""
    row = await running.tenant.fetch_one(queries.count_heard, {"transcription_id": one.id})
    assert row is not None
    return Storing(running, one, state, int(row[0]))
