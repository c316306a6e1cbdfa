"""Deleting a recording, a transcript, a session or an end user: every room registers what it deletes with them.

All rooms delete in one unit of work: either everything is gone or nothing. Rows that refer to the deleted one go by
cascade; a room registers what no cascade reaches (files, shared indexes, stored answers, jobs, events).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from earmark.clock import now_us
from earmark.identity.audit import OPERATOR, record
from earmark.jobs import outbox, queue
from earmark.jobs.upkeep import enqueue_log_truncation
from earmark.library import queries, transcript_queries
from earmark.library.announcing import emit_recording
from earmark.library.end_users import get_end_user
from earmark.library.errors import EndUserNotFoundError, RecordingNotFoundError, TranscriptionNotFoundError
from earmark.library.recordings import get_recording, hold_recording
from earmark.library.transcripts import get_transcription
from earmark.storage.errors import LockedError
from earmark.storage.tenant import Tenant

_PATIENCE_MS = 250
_PAUSES_S = tuple(min(0.01 * 2**turn, 0.5) for turn in range(20))


@dataclass(frozen=True, slots=True)
class Gone:
    """What is being deleted: an end user, one of its recordings or sessions, or a recording's transcript."""

    end_user_id: str
    recording_id: str | None = None
    session_id: str | None = None
    transcription_id: str | None = None


Afterwards = Callable[[], Awaitable[None]]
Hook = Callable[[Tenant, Gone], Awaitable[Afterwards | None]]
"""Called in the unit of work before the rows go; what it returns is called in the same one, after they went."""


@dataclass(frozen=True, slots=True)
class RoomDeletion:
    """What one room deletes besides what goes by cascade."""

    room: str
    recording: Hook | None = None
    transcript: Hook | None = None
    session: Hook | None = None
    end_user: Hook | None = None


class Deletion:
    """Deletes with all registered rooms.

    Args:
        rooms: the rooms' registrations; more may follow before the first deletion.
    """

    def __init__(self, rooms: Iterable[RoomDeletion] = ()) -> None:
        self.rooms = tuple(rooms)

    def register(self, rooms: Iterable[RoomDeletion]) -> None:
        """Add registrations."""
        self.rooms += tuple(rooms)

    async def delete_recording(self, tenant: Tenant, recording_id: str) -> None:
        """Delete a recording with its transcripts, index, audio and every copy of its words.

        Raises: RecordingNotFoundError.
        """
        async with tenant.writing() as work:
            recording = await get_recording(work, recording_id)
            gone = Gone(recording.end_user_id, recording_id=recording_id)
            found = {"recording_id": recording_id}
            whose = {"external_id": (await get_end_user(work, recording.end_user_id)).external_id}

            async def delete_rows(work: Tenant) -> None:
                if not await work.execute(queries.delete_recording, found):
                    raise RecordingNotFoundError

            await _delete([room.recording for room in self.rooms], work, gone, delete_rows)
            await _delete_traces(work, recording_id)
            data = found | whose
            await outbox.emit(work, "recording.deleted", end_user_id=recording.end_user_id, data=data)
            await enqueue_log_truncation(work, at_once=False)

    async def delete_transcript(self, tenant: Tenant, transcription_id: str) -> None:
        """Delete a transcript with its index and every copy of its words; its recording and the audio stay.

        Raises: TranscriptionNotFoundError.
        """
        async with tenant.writing() as work:
            found = {"transcription_id": transcription_id}
            transcription = await get_transcription(work, transcription_id)
            recording_id = transcription.recording_id
            owner, _ = await hold_recording(work, recording_id)

            async def delete_rows(work: Tenant) -> None:
                gone = {"recording_id": recording_id, "gone_transcription_id": transcription_id, "now_us": now_us()}
                await work.execute(queries.update_recording_without_transcript, gone)
                if not await work.execute(transcript_queries.delete_transcription, found):
                    raise TranscriptionNotFoundError

            gone = Gone(transcription.end_user_id, recording_id=recording_id, transcription_id=transcription_id)
            await _delete([room.transcript for room in self.rooms], owner, gone, delete_rows)
            await emit_recording(work, "recording.updated", await get_recording(work, recording_id))
            await enqueue_log_truncation(work, at_once=False)

    async def delete_session(
        self, tenant: Tenant, gone: Gone, delete_rows: Callable[[Tenant], Awaitable[None]]
    ) -> None:
        """Delete a session; `delete_rows` deletes its row in the unit of work, and raises if there is none."""
        assert gone.session_id is not None
        async with tenant.writing() as work:
            await _delete([room.session for room in self.rooms], work, gone, delete_rows)
            await _delete_traces(work, gone.session_id)
            await enqueue_log_truncation(work, at_once=False)

    async def erase_end_user(self, tenant: Tenant, end_user_id: str, *, actor: str = OPERATOR) -> None:
        """Delete an end user and everything it has, for good; the audit trail records who did it.

        Raises: EndUserNotFoundError.
        """
        for pause_s in _PAUSES_S:
            try:
                await self._erase(tenant, end_user_id, actor)
            except LockedError:
                await asyncio.sleep(pause_s)
            else:
                return
        await self._erase(tenant, end_user_id, actor)

    async def _erase(self, tenant: Tenant, end_user_id: str, actor: str) -> None:
        """Short lock timeout and retry: an erasure locks rows that many turns wait for, so it backs off, not they."""

        async def delete_rows(work: Tenant) -> None:
            if not await work.execute(queries.delete_end_user, {"end_user_id": end_user_id}):
                raise EndUserNotFoundError

        async with tenant.writing(_PATIENCE_MS) as work:
            user = await get_end_user(work, end_user_id)
            await _delete([room.end_user for room in self.rooms], work, Gone(end_user_id), delete_rows)
            await queue.delete_of_end_user(work, end_user_id)
            await outbox.delete_of_end_user(work, end_user_id)
            whole = work.whole_tenant()
            data = {"end_user_id": end_user_id, "external_id": user.external_id}
            await outbox.emit(whole, "end_user.deleted", end_user_id=None, data=data)
            await enqueue_log_truncation(work, at_once=True)
            await record(work, "end_user.erased", end_user_id, actor=actor)


async def _delete(
    hooks: Sequence[Hook | None], work: Tenant, gone: Gone, delete_rows: Callable[[Tenant], Awaitable[None]]
) -> None:
    """Call the rooms' hooks, delete the rows, then call what the hooks returned."""
    later = [await hook(work, gone) for hook in hooks if hook is not None]
    await delete_rows(work)
    for afterwards in later:
        if afterwards is not None:
            await afterwards()


async def _delete_traces(work: Tenant, subject_id: str) -> None:
    """Jobs and events about what is deleted."""
    await queue.delete_about(work, subject_id)
    await outbox.delete_about(work, subject_id)
