"""Deletes what is past its time, once a day: audio, transcripts with summaries and index, Ask sessions.

Time counts from what this server did: an upload's completion, a transcript's completion, a session's last message (of
an imported session, whose messages have the export's times: its last change here). Each thing is deleted in a unit of
work of its own, in which its owner's configuration and its age are looked at again, and the audit trail gets an event.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Final, NamedTuple

import structlog

from earmark.ask.errors import SessionNotFoundError
from earmark.ask.sessions.sessions import delete_session
from earmark.clock import now_us
from earmark.clock_jumps import jumps
from earmark.identity import audit
from earmark.identity.projects import list_tenants
from earmark.jobs.kinds import JobKind
from earmark.jobs.running import RunningJob
from earmark.library.deletion import Deletion
from earmark.library.errors import RecordingNotFoundError, TranscriptionNotFoundError
from earmark.library.transcripts import get_transcription
from earmark.media.deletion import delete_audio
from earmark.media.errors import MediaNotFoundError
from earmark.media.store import MediaStore
from earmark.media.uploads import completed_us
from earmark.processing import queries
from earmark.processing.config import NOTHING, Stored, days_of, read_end_user, read_project, to_stored
from earmark.processing.sections import RETENTION
from earmark.processing.types import Expired, RetentionKind
from earmark.storage.query import Query, Row
from earmark.storage.tenant import Operator, Tenant

RETAIN: Final = "processing.retention"
"""The kind of job that deletes what is past its time."""
_EVERY_S: Final = 24 * 3_600.0
_DAY_US: Final = 24 * 3_600 * 1_000_000
_PAGE: Final = 500
_QUIET_S: Final = 3_600.0
"""While the clock has jumped within this time, nothing is deleted: it may be wrong, and set right again."""
_GONE = (MediaNotFoundError, RecordingNotFoundError, TranscriptionNotFoundError, SessionNotFoundError)
log = structlog.get_logger("earmark.processing")


class _Kind(NamedTuple):
    """What is deleted after the days of which key, found by which query, recorded as what."""

    key: str
    query: Query
    action: audit.Action


_KINDS: Final[Mapping[RetentionKind, _Kind]] = {
    "audio": _Kind("audio_days", queries.select_old_audio, "retention.audio_deleted"),
    "transcript": _Kind("transcript_days", queries.select_old_transcripts, "retention.transcript_deleted"),
    "session": _Kind("session_days", queries.select_old_sessions, "retention.session_deleted"),
}


class _Owners(NamedTuple):
    """Whose days apply: those of everybody who sets nothing (None), or of one end user."""

    end_user_id: str | None
    days: Mapping[str, int | None]


class Retention:
    """Finds and deletes what is past its time."""

    def __init__(self, operator: Operator, store: MediaStore, deletion: Deletion) -> None:
        self._operator = operator
        self._store = store
        self._deletion = deletion

    def kinds(self) -> list[JobKind]:
        """Return the kind of job that deletes it daily."""
        return [JobKind(RETAIN, self._retain, every_s=_EVERY_S, max_losses=20)]

    async def _retain(self, running: RunningJob) -> None:
        if jumps.quiet_s() < _QUIET_S:
            await running.put_back(_QUIET_S, None, is_counted=False)
            return
        counts = dict.fromkeys(_KINDS, 0)
        async for tenant, one in self.find_expired():
            counts[one.kind] += await self.delete(tenant, one)
        if any(counts.values()):
            log.info("retention.deleted", **counts)

    async def find_expired(self) -> AsyncIterator[tuple[Tenant, Expired]]:
        """Yield what is past its time now, of all tenants; nothing is changed."""
        for tenant in await list_tenants(self._operator):
            project = await read_project(tenant, RETENTION)
            rows = await tenant.fetch_all(queries.select_end_user_configs, {"of_section": RETENTION.name})
            own = {row[0]: to_stored(row[1:]) for row in rows}
            if project == NOTHING and not own:
                continue
            for kind in _KINDS:
                async for one in _find_of_tenant(tenant, kind, project, own):
                    yield tenant, one

    async def delete(self, tenant: Tenant, one: Expired) -> bool:
        """Delete one of them, unless it is gone, changed or no longer past its time; return whether it was."""
        try:
            async with tenant.writing() as work:
                before_us = await _before_us(work, one)
                if before_us is None or not await self._delete(work, one, before_us):
                    return False
                await audit.record(work, _KINDS[one.kind].action, one.id, actor=audit.RETENTION)
        except _GONE:
            return False
        return True

    async def _delete(self, work: Tenant, one: Expired, before_us: int) -> bool:
        if one.kind == "audio":
            is_old = await completed_us(work, one.id) <= before_us
            if is_old:
                await delete_audio(work, self._store, one.id)
        elif one.kind == "transcript":
            completed = (await get_transcription(work, one.id)).completed_us
            is_old = completed is not None and completed <= before_us
            if is_old:
                await self._deletion.delete_transcript(work, one.id)
        else:
            params = {"session_id": one.id, "before_us": before_us, "now_us": now_us()}
            is_old = await work.fetch_one(queries.select_old_session, params) is not None
            if is_old:
                await delete_session(work, self._deletion, one.id)
        return is_old


async def _before_us(work: Tenant, one: Expired) -> int | None:
    """Return the newest time that is past its owner's days, as they are configured now; None: kept for ever."""
    project, own = await read_project(work, RETENTION), await read_end_user(work, RETENTION, one.end_user_id)
    now = now_us()
    days = days_of(project, own, now)[_KINDS[one.kind].key]
    return None if days is None else now - days * _DAY_US


async def _find_of_tenant(
    tenant: Tenant, kind: RetentionKind, project: Stored, own: Mapping[str, Stored]
) -> AsyncIterator[Expired]:
    now = now_us()
    everybody = _Owners(None, days_of(project, NOTHING, now))
    each = [_Owners(end_user_id, days_of(project, stored, now)) for end_user_id, stored in own.items()]
    for owners in (everybody, *each):
        days = owners.days[_KINDS[kind].key]
        if days is None:
            continue
        async for row in _pages(tenant, kind, owners.end_user_id, now - days * _DAY_US):
            one = _to_expired(kind, row, days)
            if owners.end_user_id is not None or one.end_user_id not in own:
                yield one


async def _pages(tenant: Tenant, kind: RetentionKind, end_user_id: str | None, before_us: int) -> AsyncIterator[Row]:
    params = {"before_us": before_us, "now_us": now_us(), "after_id": "", "most": _PAGE, "of_end_user": end_user_id}
    while True:
        rows = await tenant.fetch_all(_KINDS[kind].query, params, of_one=end_user_id is not None)
        for row in rows:
            yield row
        if len(rows) < _PAGE:
            return
        params["after_id"] = rows[-1][0]


def _to_expired(kind: RetentionKind, row: Row, days: int) -> Expired:
    own_id, end_user_id, recording_id, since_us = row
    return Expired(kind, own_id, end_user_id, recording_id, since_us, days)
