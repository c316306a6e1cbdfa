"""Transcriptions of audio: asked for, looked at while they run, cancelled."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from earmark.clock import now_us
from earmark.jobs import queue
from earmark.jobs.types import JobEndedError, JobNotFoundError, NewJob
from earmark.library import transcripts
from earmark.library.recordings import get_recording, hold_recording
from earmark.library.types import Recording, Transcription
from earmark.speech import queries
from earmark.speech.copies import end_hearing
from earmark.speech.engines import Engine, Engines
from earmark.speech.errors import MESSAGES, NoAudioError, TranscriptionRunningError
from earmark.speech.speakers import number_speakers
from earmark.speech.types import Asked, State
from earmark.storage.tenant import Tenant
from earmark.transcripts.types import Segment

LOCAL: Final = "speech.hear"
VENDOR: Final = "speech.send"
KINDS: Final = {"local": LOCAL, "vendor": VENDOR}
"""The kind of job for an engine's kind."""
_TRANSCRIBED: Final = ("uploaded", "completed")


@dataclass(frozen=True, slots=True)
class Running:
    """How far a transcription is; `segments` are those that were heard so far, if asked for."""

    progress: float
    segments: tuple[Segment, ...] | None = None


async def begin_transcription(
    tenant: Tenant, engines: Engines, recording_id: str, asked: Asked, *, param: str | None = None
) -> Transcription:
    """Start to transcribe a recording's audio; return the transcription that is running if it does what is asked.

    Args:
        param: the field that named the recording.

    Raises: SpeechProviderError, EngineLanguageError, RecordingNotFoundError, NoAudioError,
        TranscriptionRunningError.
    """
    engine = engines.choose(asked)
    await get_recording(tenant, recording_id, param=param)
    async with tenant.writing() as work:
        owner, recording = await hold_recording(work, recording_id)
        running = await transcripts.list_open_heard(owner, recording_id)
        if running:
            return _join(running[0], asked)
        if recording.media_id is None or recording.status not in _TRANSCRIBED:
            raise NoAudioError
        return await _enqueue(owner, recording, engine, asked)


def _join(running: Transcription, asked: Asked) -> Transcription:
    """Return the running transcription, unless another provider or language is asked for."""
    is_same = asked.provider in (None, running.provider) and asked.language in (None, running.language)
    if not is_same:
        raise TranscriptionRunningError(running.id)
    return running


async def _enqueue(owner: Tenant, recording: Recording, engine: Engine, asked: Asked) -> Transcription:
    transcription = await transcripts.insert_pending(
        owner, recording, language=asked.language, provider=asked.provider or engine.provider, engine=engine.name
    )
    payload = {"transcription_id": transcription.id}
    key = f"speech:{transcription.id}"
    job_id = await queue.enqueue(owner, NewJob(KINDS[engine.kind], recording.id, payload, unique_key=key))
    terms = json.dumps(asked.vocabulary, ensure_ascii=False) if asked.vocabulary else None
    row = {
        "transcription_id": transcription.id, "media_id": recording.media_id, "job_id": job_id,
        "diarization": int(asked.diarization), "vocabulary_json": terms, "language": None, "heard_until_ms": 0,
        "progress": 0.0, "decoded_ms": None, "is_partial": 0, "updated_us": now_us(), "sent": None,
    }  # fmt: skip
    await owner.execute(queries.insert_hearing, row)
    return transcription


async def cancel_transcription(tenant: Tenant, transcription_id: str) -> Transcription:
    """Cancel a transcription that a job makes, and stop the job; one that has ended stays as it is.

    Raises: TranscriptionNotFoundError.
    """
    async with tenant.writing() as work:
        state = await find_state(work, transcription_id)
        if state is not None:
            with suppress(JobEndedError, JobNotFoundError):
                await queue.cancel(work, state.job_id)  # first: a run locks its job before its transcription
            cancelled = transcripts.CANCELLED
            await transcripts.fail_transcription(work, transcription_id, cancelled, MESSAGES[cancelled])
            await end_hearing(work, transcription_id)
        return await transcripts.get_transcription(work, transcription_id)


async def find_state(tenant: Tenant, transcription_id: str) -> State | None:
    """Return how far a job is with a transcription; None if none makes it, or if it has ended."""
    row = await tenant.fetch_one(queries.select_hearing, {"transcription_id": transcription_id})
    return None if row is None else State(*row)


async def describe_running(tenant: Tenant, transcription: Transcription, *, is_partial: bool) -> Running | None:
    """Return how far a transcription is, with what was heard so far if `is_partial`; None if no job makes it now."""
    state = await find_state(tenant, transcription.id) if transcription.is_open else None
    if state is None:
        return None
    return Running(state.progress, tuple(await list_heard(tenant, transcription.id)) if is_partial else None)


async def list_heard(tenant: Tenant, transcription_id: str) -> list[Segment]:
    """Return the segments that were heard so far, in time order, with numbered speakers."""
    rows = await tenant.fetch_all(queries.select_heard, {"transcription_id": transcription_id})
    return number_speakers(sorted((Segment(*row) for row in rows), key=lambda segment: segment.start_ms))
