"""Deleting a recording, a session or an end user: one function each, with which every room registers what it deletes.

All rooms delete in one unit of work: either everything is gone or nothing. Rows that refer to the deleted one go by
cascade; a room registers what no cascade reaches (files, shared indexes, stored answers, jobs, events).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from earmark.idempotency import requests as idempotency
from earmark.identity.audit import OPERATOR, record
from earmark.jobs import outbox, queue
from earmark.jobs.kinds import enqueue_log_truncation
from earmark.library import queries
from earmark.library.errors import EndUserNotFoundError, RecordingNotFoundError
from earmark.library.recordings import get_recording
from earmark.storage.errors import LockedError
from earmark.storage.tenant import Tenant

_PATIENCE_MS = 250
_PAUSES_S = tuple(min(0.01 * 2**turn, 0.5) for turn in range(20))


@dataclass(frozen=True, slots=True)
class Gone:
    """What is being deleted: an end user, or one of its recordings or sessions."""

    end_user_id: str
    recording_id: str | None = None
    session_id: str | None = None


Afterwards = Callable[[], Awaitable[None]]
Hook = Callable[[Tenant, Gone], Awaitable[Afterwards | None]]
"""Called in the unit of work before the rows go; what it returns is called in the same one, after they went."""


@dataclass(frozen=True, slots=True)
class RoomDeletion:
    """What one room deletes besides what goes by cascade."""

    room: str
    recording: Hook | None = None
    session: Hook | None = None
    end_user: Hook | None = None


class Deletion:
    """Deletes with all registered rooms.

    Args:
        rooms: the registrations of all rooms, wired in `runtime.py`.
    """

    def __init__(self, rooms: Sequence[RoomDeletion]) -> None:
        self.rooms = tuple(rooms)

    async def delete_recording(self, tenant: Tenant, recording_id: str) -> None:
        """Delete a recording with its transcripts, index, audio and every copy of its words.

        Raises: RecordingNotFoundError.
        """
        async with tenant.writing() as work:
            recording = await get_recording(work, recording_id)
            await idempotency.delete_quoting(work, recording.end_user_id, recording_id)
            gone = Gone(recording.end_user_id, recording_id=recording_id)
            found = {"recording_id": recording_id}

            async def delete_rows(work: Tenant) -> None:
                if not await work.execute(queries.delete_recording, found):
                    raise RecordingNotFoundError

            await _delete([room.recording for room in self.rooms], work, gone, delete_rows)
            await _delete_traces(work, recording_id)
            await outbox.emit(work, "recording.deleted", end_user_id=recording.end_user_id, data=found)
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
            await _delete([room.end_user for room in self.rooms], work, Gone(end_user_id), delete_rows)
            await queue.delete_of_end_user(work, end_user_id)
            await outbox.delete_of_end_user(work, end_user_id)
            whole = work.whole_tenant()
            await outbox.emit(whole, "end_user.deleted", end_user_id=None, data={"end_user_id": end_user_id})
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
