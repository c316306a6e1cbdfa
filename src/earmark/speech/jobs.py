"""The job that makes a transcript of a recording's audio: chunk by chunk, so that a crash repeats at most one.

Each chunk is stored as soon as it is heard, with how far the job is; a later run goes on from there. The transcript,
its index, the events and the job's success are one unit of work.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from earmark.clock import now_us
from earmark.errors import UnavailableError
from earmark.jobs.kinds import JobKind
from earmark.jobs.running import RunningJob
from earmark.jobs.types import FailedJobError, Job, JobCancelledError, PermanentJobError
from earmark.library import transcripts
from earmark.library.errors import RecordingNotFoundError, TranscriptionNotFoundError
from earmark.library.recordings import hold_recording
from earmark.library.types import Transcription
from earmark.media.downloads import get_verified
from earmark.media.errors import MediaNotFoundError
from earmark.media.store import MediaStore
from earmark.retrieval.index.ingest import Ingester
from earmark.speech import copies
from earmark.speech.copies import end_hearing
from earmark.speech.engines import Engines
from earmark.speech.errors import HearingError, describe
from earmark.speech.storing import Storing, open_storing
from earmark.speech.transcribing import LOCAL, VENDOR, find_state, list_heard
from earmark.speech.types import Sent, State, Task
from earmark.storage.tenant import Tenant
from earmark.transcripts.types import ParsedTranscript, TranscriptWarning

_ATTEMPTS, _LOSSES = 3, 5
"""Without a chunk between them."""
_VENDORS_ON_HOST: Final = 3
"""A vendor may take an hour; among several projects a tenant has one slot less, so that others have one."""
_SHORTEST_MS: Final = 1_000
_LOOK_S: Final = 0.5
"""Between looks whether the transcription is still wanted, where no signal says so."""
_BUSY_PATIENCE_S: Final = 24 * 3_600.0
"""So long after its beginning a transcription waits for a vendor that takes no more requests."""
_AWAY_PATIENCE_S: Final = 1_800.0
"""So long it waits for one that can't be reached; from then on every failure counts."""
_DAMAGED = TranscriptWarning("audio_damaged", "some of the audio is damaged; what could be read was transcribed.")


@dataclass(frozen=True, slots=True)
class Means:
    """What every transcription works with."""

    engines: Engines
    ingester: Ingester
    store: MediaStore
    max_ms: int


def kinds(means: Means) -> list[JobKind]:
    """Return this room's kinds of job.

    One local engine runs on a host, at the lowest priority: it holds up no import, whose slots it does not take.
    Tenants take turns at it, a transcription each.
    """

    async def run(running: RunningJob) -> None:
        await _Run(running, means).run()

    usual: dict[str, Any] = {"max_attempts": _ATTEMPTS, "max_losses": _LOSSES, "on_failure": _note_failure}
    return [
        JobKind(LOCAL, run, most_on_host=1, **usual),
        JobKind(VENDOR, run, most_on_host=_VENDORS_ON_HOST, **usual),
        *copies.kinds(means.engines),
    ]


async def _note_failure(work: Tenant, job: Job) -> None:
    """Fail the transcription with its job; what was heard goes."""
    transcription_id = job.payload["transcription_id"]
    code, message = describe(job.error_code)
    await transcripts.fail_transcription(work, transcription_id, code, message)
    await end_hearing(work, transcription_id)


class _Run:
    """One run of a job."""

    def __init__(self, running: RunningJob, means: Means) -> None:
        self._running = running
        self._means = means
        self._id: str = running.job.payload["transcription_id"]

    async def run(self) -> None:
        """Transcribe while the transcription is wanted.

        Raises: JobCancelledError; FailedJobError.
        """
        transcribing = asyncio.create_task(self._transcribe(), name="transcribe")
        watching = asyncio.create_task(self._until_unwanted(), name="look whether it is wanted")
        try:
            await asyncio.wait((transcribing, watching), return_when=asyncio.FIRST_COMPLETED)
        finally:
            watching.cancel()
            if not transcribing.done():
                transcribing.cancel()
            await asyncio.gather(transcribing, watching, return_exceptions=True)
        if transcribing.cancelled():
            watching.result()
            await self._forget()  # nobody wants it any more
        transcribing.result()

    # ---- whether it is wanted --------------------------------------------------------------------------

    async def _until_unwanted(self) -> None:
        """Return when somebody cancelled, replaced or deleted the transcription."""
        with self._running.operator.database.signals.listening(transcripts.TRANSCRIPTIONS) as waiter:
            while True:
                with suppress(UnavailableError):
                    one = await self._find()
                    if one is None or one.status == "failed":
                        return
                await waiter.wait(_LOOK_S)

    async def _find(self) -> Transcription | None:
        try:
            return await transcripts.get_transcription(self._running.tenant, self._id)
        except TranscriptionNotFoundError:
            return None

    async def _forget(self) -> None:
        """Delete what was heard, and end the run.

        Raises: JobCancelledError.
        """
        if await self._find() is not None:
            async with self._running.writing() as work:
                await end_hearing(work, self._id)
        raise JobCancelledError

    # ---- from audio to a transcript --------------------------------------------------------------------

    async def _transcribe(self) -> None:
        one = await self._find()
        state = await find_state(self._running.tenant, self._id)
        if one is None or state is None or not one.is_open:
            return await self._forget()
        storing = await open_storing(self._running, one, state)
        async with self._running.writing() as work:
            await transcripts.start_transcription(work, self._id)
        try:
            if state.decoded_ms is None:
                await self._listen(one, storing)
            await self._finish(one, storing.state)
        except HearingError as error:
            if not await self._try_later(error):
                kind = FailedJobError if error.is_temporary else PermanentJobError
                raise kind(error.code, error.message) from error

    async def _try_later(self, error: HearingError) -> bool:
        """Put the job back if a vendor is busy or away; return whether it is. This run is none of its attempts."""
        patience_s = _BUSY_PATIENCE_S if error.code == "vendor_busy" else _AWAY_PATIENCE_S
        waited_s = (now_us() - self._running.job.created_us) / 1e6
        if error.after_s is None or waited_s > patience_s:
            return False
        await self._running.put_back(error.after_s, error.code, is_counted=False)
        return True

    async def _listen(self, one: Transcription, storing: Storing) -> None:
        """Have the engine listen from where the last run was, and store what it hears.

        Raises: HearingError.
        """
        engine, state = self._means.engines.find(one.engine), storing.state
        if engine is None:  # configured no more
            raise HearingError("vendor_not_configured")
        terms = tuple(json.loads(state.vocabulary_json)) if state.vocabulary_json else ()
        sent = Sent.read(state.sent) if state.sent else None
        task = Task(
            one.language, bool(state.diarization), terms, state.heard_until_ms, self._means.max_ms, sent,
            is_understood=storing.count > 0,
        )  # fmt: skip
        try:
            media = await get_verified(self._running.tenant, state.media_id)
            file = await self._means.store.open(media.key(self._running.job.tenant_id))
        except MediaNotFoundError as error:
            raise HearingError("processing_error") from error
        try:
            async with engine.hearing.hear(file, task) as heard:
                async for each in heard:
                    await storing.store(each)
        finally:
            await file.close()
        if storing.state.decoded_ms is None:
            raise HearingError("engine_crashed", is_temporary=True)

    async def _finish(self, one: Transcription, state: State) -> None:
        """Make what was heard the recording's transcript.

        Raises: HearingError; JobCancelledError.
        """
        duration_ms = state.decoded_ms or 0
        if duration_ms < _SHORTEST_MS:
            raise HearingError("audio_too_short")
        segments = await list_heard(self._running.tenant, one.id)
        if not segments:
            raise HearingError("no_speech")
        warnings = (_DAMAGED,) if state.is_partial else ()
        parsed = ParsedTranscript(
            tuple(segments), state.language or one.language, one.provider, one.engine, warnings=warnings,
            warnings_total=len(warnings),
        )  # fmt: skip
        prepared = await self._means.ingester.prepare(self._running.tenant, parsed)
        try:
            async with self._running.finishing() as work:
                owner, recording = await hold_recording(work, one.recording_id)
                if not await self._means.ingester.complete(owner, recording, one.id, prepared, duration_ms=duration_ms):
                    raise JobCancelledError
                await end_hearing(owner, one.id)
        except RecordingNotFoundError as error:  # deleted this instant
            raise JobCancelledError from error
