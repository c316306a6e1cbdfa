"""Which events summaries write, and what they carry: ids and statuses."""

from __future__ import annotations

from earmark.jobs.outbox import emit
from earmark.storage.tenant import Tenant
from earmark.summaries.types import Summary


async def emit_summary(work: Tenant, type_: str, one: Summary) -> None:
    """Write an event about a summary in the caller's unit of work."""
    data = {
        "summary_id": one.id, "transcription_id": one.transcription_id, "recording_id": one.recording_id,
        "status": one.status, "template_id": one.template_id, "error": one.error_code,
    }  # fmt: skip
    await emit(work, type_, end_user_id=one.end_user_id, subject_id=one.recording_id, data=data)
