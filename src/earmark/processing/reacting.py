"""What an upload or a transcript sets off: events of the outbox become jobs, and jobs start other rooms' work.

The events are read in order, by one process at a time. Where automatic work is configured, a job is added in the
transaction that moves the reader's position, so that each event has it once, however often a process dies. The job
looks at the configuration again and starts the work in the unit of work in which it succeeds. The upload itself was
answered long before: nothing here can fail it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import structlog

from earmark.errors import ConflictError, EarmarkError, InvalidError, NotFoundError, UnavailableError
from earmark.jobs import outbox
from earmark.jobs.kinds import JobKind
from earmark.jobs.outbox import EVENTS, Event
from earmark.jobs.queue import enqueue_for_tenant
from earmark.jobs.running import RunningJob
from earmark.jobs.types import JobInterruptedError, NewJob, PermanentJobError
from earmark.library.errors import RecordingNotFoundError, TranscriptionNotFoundError
from earmark.library.recordings import get_recording
from earmark.library.transcripts import get_transcription
from earmark.processing import queries
from earmark.processing.config import resolve, resolve_levels
from earmark.processing.sections import PROCESSING
from earmark.processing.types import Level, Starts
from earmark.storage.tenant import Operator, Tenant

REACT: Final = "processing.react"
"""The kind of job that starts automatic work."""
_READER: Final = "processing"
_SWITCHES: Final = {"recording.uploaded": "auto_transcription", "transcription.completed": "auto_summary"}
"""Which switch says that an event of a type sets something off."""
_POLL_S, _POLL_SIGNALLED_S = 2.0, 30.0
log = structlog.get_logger("earmark.processing")


class Reactor:
    """Starts automatic work; `starts` are the other rooms' functions, wired in `runtime.py`."""

    def __init__(self, operator: Operator, starts: Starts) -> None:
        self._operator = operator
        self._starts = starts
        self._seen: int | None = None

    def kinds(self) -> list[JobKind]:
        """Return this room's kind of job that needs a reactor."""
        return [JobKind(REACT, self._react)]

    # ---- from events to jobs -------------------------------------------------------------------------

    async def follow(self) -> None:
        """Read events as they are committed, until cancelled; a supervised task of each server process."""
        signals = self._operator.database.signals
        with signals.listening(EVENTS) as waiter:
            while True:
                read = 0
                with suppress(UnavailableError):  # the database is away: the same events are there afterwards
                    read = await self.read_events()
                if not read:
                    await waiter.wait(_POLL_SIGNALLED_S if signals.is_shared else _POLL_S)

    async def read_events(self) -> int:
        """Read the next events; return how many there were."""
        last = await outbox.last_position(self._operator)
        if last == self._seen:
            return 0  # without a transaction that writes
        read = await outbox.read_once(self._operator, _READER, self._hand_on)
        if not read:
            self._seen = last
        return read

    async def _hand_on(self, work: Operator, events: Sequence[Event]) -> None:
        """Add a job for each event that sets something off."""
        wanted = [event for event in events if self._has_work(event.type)]
        if not wanted:
            return
        switches = await _read_switches(work, wanted)
        for event in wanted:
            value = resolve_levels(PROCESSING, switches(event)).value
            if value[_SWITCHES[event.type]]["enabled"]:
                payload = {"type": event.type, **event.data}
                new = NewJob(REACT, event.subject_id, payload, unique_key=f"{REACT}:{event.id}")
                await enqueue_for_tenant(work, event.tenant_id, new, end_user_id=event.end_user_id)

    def _has_work(self, type_: str) -> bool:
        starts = {"recording.uploaded": self._starts.transcription, "transcription.completed": self._starts.summary}
        return starts.get(type_) is not None

    # ---- from jobs to other rooms' work --------------------------------------------------------------

    async def _react(self, running: RunningJob) -> None:
        """Start the work, together with the success of this job."""
        payload = running.job.payload
        is_upload = payload["type"] == "recording.uploaded"
        try:
            async with running.finishing() as work:
                await (self._transcribe(work, payload) if is_upload else self._summarise(work, payload))
        except (RecordingNotFoundError, TranscriptionNotFoundError):  # deleted or replaced meanwhile
            return
        except JobInterruptedError:
            raise
        except (NotFoundError, ConflictError, InvalidError) as error:  # trying again would change nothing
            log.warning("processing.not_started", switch=_SWITCHES[payload["type"]], error=type(error).__name__)
            raise PermanentJobError(_code_of(error), error.message) from error

    async def _transcribe(self, work: Tenant, payload: dict[str, Any]) -> None:
        recording = await get_recording(work, payload["recording_id"])
        settings = (await resolve(work, PROCESSING, recording.end_user_id)).value["auto_transcription"]
        is_wanted = settings["enabled"] and recording.transcription_id is None and recording.media_id is not None
        if is_wanted and self._starts.transcription is not None:
            await self._starts.transcription(work, recording.id)

    async def _summarise(self, work: Tenant, payload: dict[str, Any]) -> None:
        transcription = await get_transcription(work, payload["transcription_id"])
        settings = (await resolve(work, PROCESSING, transcription.end_user_id)).value["auto_summary"]
        if settings["enabled"] and self._starts.summary is not None:
            await self._starts.summary(work, transcription.id, settings["template"])


def _code_of(error: EarmarkError) -> str:
    return error.code


class _Switches:
    """What projects and end users set of `processing`, for the events of one batch."""

    def __init__(self, projects: dict[int, Any], end_users: dict[tuple[int, str | None], Any]) -> None:
        self._projects = projects
        self._end_users = end_users

    def __call__(self, event: Event) -> dict[Level, Any]:
        """Return the levels that apply to an event."""
        return {
            "project": self._projects.get(event.tenant_id, {}),
            "end_user": self._end_users.get((event.tenant_id, event.end_user_id), {}),
        }


async def _read_switches(work: Operator, events: Sequence[Event]) -> _Switches:
    """Read them in the transaction that reads the events: what was set before an event's commit is seen."""
    section = {"of_section": PROCESSING.name, "tenant_ids": sorted({event.tenant_id for event in events})}
    projects = await work.fetch_all(queries.select_configs_of_projects, section)
    whose = sorted({event.end_user_id for event in events if event.end_user_id is not None})
    end_users = await work.fetch_all(queries.select_configs_of_end_users, {**section, "end_user_ids": whose})
    return _Switches(
        {tenant_id: json.loads(value) for tenant_id, value in projects},
        {(tenant_id, end_user_id): json.loads(value) for tenant_id, end_user_id, value in end_users},
    )
