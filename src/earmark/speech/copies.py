"""Copies that vendors keep: each is deleted there by a job, whose result the audit trail records.

The job is added in the unit of work in which the copy is not needed any more: its words are stored, or the
transcription ended otherwise, or its recording or end user is deleted. It belongs to the project and outlives these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from earmark.identity.audit import record
from earmark.jobs import queue
from earmark.jobs.kinds import JobKind
from earmark.jobs.running import RunningJob
from earmark.jobs.types import FailedJobError, Job, NewJob, PermanentJobError
from earmark.library.deletion import Gone
from earmark.speech import queries
from earmark.speech.engines import Engines
from earmark.speech.errors import HearingError
from earmark.speech.types import Sent
from earmark.storage.tenant import Tenant

_DELETE: Final = "speech.delete_copy"
_ATTEMPTS: Final = 20
"""With pauses of up to five minutes: more than an hour."""


async def enqueue_deletion(work: Tenant, engine: str, copy_id: str) -> None:
    """Have a copy deleted at the vendor of an engine once this unit of work is committed."""
    payload = {"engine": engine, "copy_id": copy_id}
    await queue.enqueue(work.whole_tenant(), NewJob(_DELETE, payload=payload, unique_key=f"speech.copy:{copy_id}"))


async def end_hearing(work: Tenant, transcription_id: str) -> None:
    """Delete what was heard of a transcription, here and, by a job, at a vendor that still has it."""
    found = {"transcription_id": transcription_id}
    await _enqueue_all(work, await work.fetch_all(queries.select_sent, found))
    await work.execute(queries.delete_hearing, found)


async def delete_with_owner(work: Tenant, gone: Gone) -> None:
    """Have the copies deleted that vendors have of what is being deleted here."""
    if gone.recording_id is None:
        found = {"of_end_user_id": gone.end_user_id}
        rows = await work.fetch_all(queries.select_sent_of_end_user, found)
    else:
        rows = await work.fetch_all(queries.select_sent_of_recording, {"recording_id": gone.recording_id})
    await _enqueue_all(work, rows)


async def _enqueue_all(work: Tenant, rows: Sequence[Any]) -> None:
    for engine, sent in rows:
        await enqueue_deletion(work, engine, Sent.read(sent).vendor_id)


def kinds(engines: Engines) -> list[JobKind]:
    """Return the kind of job that deletes a copy."""

    async def delete(running: RunningJob) -> None:
        engine = engines.find(running.job.payload["engine"])
        if engine is None or engine.copies is None:
            raise PermanentJobError("vendor_not_configured", "The engine is not configured any more.")
        copy_id: str = running.job.payload["copy_id"]
        try:
            await engine.copies.delete(copy_id)
        except HearingError as error:
            kind = FailedJobError if error.is_temporary else PermanentJobError
            raise kind(error.code, error.message) from error
        async with running.finishing() as work:
            await record(work, "vendor_copy.deleted", copy_id)

    return [JobKind(_DELETE, delete, max_attempts=_ATTEMPTS, on_failure=_note_failure)]


async def _note_failure(work: Tenant, job: Job) -> None:
    await record(work, "vendor_copy.not_deleted", job.payload["copy_id"])
