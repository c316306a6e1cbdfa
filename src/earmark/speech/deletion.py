"""What this room does when a recording or an end user is deleted; its rows go by cascade."""

from __future__ import annotations

from earmark.jobs import queue
from earmark.library.deletion import Gone, RoomDeletion
from earmark.library.transcripts import TRANSCRIPTIONS
from earmark.speech import copies
from earmark.storage.tenant import Tenant


def deletion() -> RoomDeletion:
    """Return what this room does: the jobs of what is deleted go, their engines stop, and vendors' copies go."""
    # Jobs before the other rows, as runs lock them: two that lock crosswise would deadlock.

    async def stop(work: Tenant, gone: Gone) -> None:
        await copies.delete_with_owner(work, gone)
        if gone.recording_id is None:
            await queue.delete_of_end_user(work, gone.end_user_id)
        else:
            await queue.delete_about(work, gone.recording_id)
        work.signal(TRANSCRIPTIONS)

    return RoomDeletion("speech", recording=stop, end_user=stop)
