"""The passages of a whole transcript, numbered from 1."""

from __future__ import annotations

from earmark.library.recordings import get_recording
from earmark.library.transcripts import get_transcription, list_segments
from earmark.llm.types import Passage
from earmark.storage.tenant import Tenant


async def read_passages(tenant: Tenant, transcription_id: str) -> list[Passage]:
    """Return every segment of a transcript.

    Raises: TranscriptionNotFoundError; RecordingNotFoundError.
    """
    async with tenant.reading() as snapshot:
        transcription = await get_transcription(snapshot, transcription_id)
        segments = await list_segments(snapshot, transcription_id)
        recording = await get_recording(snapshot, transcription.recording_id)
    return [
        Passage(
            ordinal + 1, recording.id, recording.name, recording.recorded_us, one.start_ms, one.end_ms, one.speaker,
            one.text, ordinal, recording.recorded_offset_min,
        )
        for ordinal, one in enumerate(segments)
    ]  # fmt: skip
