"""What retrieval deletes with a transcript whose recording stays; with the recording itself it goes by cascade."""

from __future__ import annotations

from earmark.library.deletion import Gone, RoomDeletion
from earmark.retrieval import queries
from earmark.storage.tenant import Tenant


def deletion() -> RoomDeletion:
    """Return what this room deletes."""
    return RoomDeletion("retrieval", transcript=_delete_index)


async def _delete_index(work: Tenant, gone: Gone) -> None:
    """Delete the index of the transcript, unless the recording has another one's by now."""
    row = await work.fetch_one(queries.select_indexed_transcription, {"recording_id": gone.recording_id})
    if row is not None and row[0] == gone.transcription_id:
        await work.execute(queries.delete_index, {"recording_id": gone.recording_id})
        await work.execute(queries.delete_chunks, {"recording_id": gone.recording_id})
