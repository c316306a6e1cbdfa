"""Which events the library writes about recordings and transcriptions, and what they carry: ids and statuses."""

from __future__ import annotations

from earmark.jobs.outbox import emit
from earmark.library.types import Recording, Transcription
from earmark.storage.tenant import Tenant


async def emit_recording(work: Tenant, type_: str, recording: Recording) -> None:
    """Write an event about a recording in the caller's unit of work."""
    data = {"recording_id": recording.id, "status": recording.status}
    await emit(work, type_, end_user_id=recording.end_user_id, subject_id=recording.id, data=data)


async def emit_correction(work: Tenant, recording: Recording, transcription: Transcription) -> None:
    """Write `recording.updated` for a corrected transcript in the caller's unit of work."""
    data = {
        "recording_id": recording.id, "status": recording.status, "transcription_id": transcription.id,
        "revision": transcription.revision,
    }  # fmt: skip
    await emit(work, "recording.updated", end_user_id=recording.end_user_id, subject_id=recording.id, data=data)


async def emit_transcription(work: Tenant, type_: str, transcription: Transcription) -> None:
    """Write an event about a transcription in the caller's unit of work."""
    data = {"transcription_id": transcription.id, "recording_id": transcription.recording_id}
    whose = transcription.end_user_id
    await emit(work, type_, end_user_id=whose, subject_id=transcription.recording_id, data=data)
