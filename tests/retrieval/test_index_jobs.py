"""Indexing as a job: what readers see when it fails for good, and when its transcript is gone."""

from __future__ import annotations

import pytest

from earmark.identity.projects import create_project, get_tenant
from earmark.jobs import outbox, queue
from earmark.library import transcripts
from earmark.library.end_users import create_end_user
from earmark.library.recordings import create_recording
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant
from earmark.transcripts.types import ParsedTranscript, Segment

TALK = ParsedTranscript((Segment(0, 4_000, "The launch is in July.", "Ada"),), "en")


async def _enqueued(runtime: Runtime) -> tuple[Tenant, str, str]:
    """Return the tenant, the recording and the processing transcription."""
    tenant = await get_tenant(runtime.operator, (await create_project(runtime.operator, "tests")).id, "live")
    user = await create_end_user(tenant)
    recording = await create_recording(tenant.acting_for(user.id, user.number))
    return tenant, recording.id, (await runtime.ingester.enqueue(tenant, recording.id, TALK)).id


async def _run_to_failure(runtime: Runtime) -> str:
    """Run the waiting job until it has failed; return its error code."""
    while waiting := await queue.list_jobs(runtime.operator, state="pending"):
        assert await runtime.worker.run_job(waiting[0].tenant_id, waiting[0].id)
    [job] = await queue.list_jobs(runtime.operator, state="failed")
    return str(job.error_code)


async def test_an_indexed_transcript_is_completed_and_announced_once(runtime: Runtime) -> None:
    tenant, _, transcription_id = await _enqueued(runtime)
    [job] = await queue.list_jobs(runtime.operator, state="pending")
    assert await runtime.worker.run_job(job.tenant_id, job.id)
    assert (await transcripts.get_transcription(tenant, transcription_id)).status == "completed"
    types = [event.type for event in await outbox.read_after(runtime.operator, 0)]
    assert types == ["recording.created", "transcription.started", "transcription.completed"]


async def test_a_transcript_that_can_not_be_indexed_has_failed_and_says_so(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr("earmark.retrieval.index.ingest.analyse_transcript", broken)
    tenant, _, transcription_id = await _enqueued(runtime)
    assert await _run_to_failure(runtime) == "internal_error"
    failed = await transcripts.get_transcription(tenant, transcription_id)
    assert (failed.status, failed.error_message) == ("failed", "The transcript could not be indexed.")
    assert (await outbox.read_after(runtime.operator, 0))[-1].type == "transcription.failed"


async def test_a_recording_deleted_while_its_transcript_waits_takes_the_job_and_its_events_along(
    runtime: Runtime,
) -> None:
    tenant, recording_id, _ = await _enqueued(runtime)
    await runtime.deletion.delete_recording(tenant, recording_id)
    kinds = {job.kind for job in await queue.list_jobs(runtime.operator)}
    assert "transcript.index" not in kinds
    assert [event.type for event in await outbox.read_after(runtime.operator, 0)] == ["recording.deleted"]
