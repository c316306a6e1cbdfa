"""What an upload and a transcript set off, with functions that note what they were asked to start."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from earmark.errors import ConflictError, EarmarkError, UnavailableError
from earmark.jobs import queue
from earmark.jobs.claiming import new_process
from earmark.jobs.types import NewJob
from earmark.jobs.worker import Worker
from earmark.library.recordings import get_recording
from earmark.processing.config import set_for_end_user, set_for_project
from earmark.processing.reacting import REACT, Reactor
from earmark.processing.sections import PROCESSING
from earmark.processing.types import Starts
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant
from tests.processing.world import TALK, Person, new_person

BOTH = {"auto_transcription": {"enabled": True}, "auto_summary": {"enabled": True}}


@dataclass
class Rooms:
    """Stands for the rooms that transcribe and summarise: a job each, which this notes and a test ends."""

    started: list[tuple[str, ...]] = field(default_factory=list)
    failure: EarmarkError | None = None

    async def transcription(self, work: Tenant, recording_id: str) -> None:
        self._start("transcription", recording_id)
        await queue.enqueue(work, NewJob("test.transcribe", recording_id))

    async def summary(self, work: Tenant, transcription_id: str, template_id: str) -> None:
        self._start("summary", transcription_id, template_id)
        await queue.enqueue(work, NewJob("test.summarise", transcription_id))

    def _start(self, *what: str) -> None:
        self.started.append(what)
        if self.failure is not None:
            raise self.failure


@dataclass
class Automatic:
    """A reactor over a fresh place, and a worker of its jobs."""

    person: Person
    rooms: Rooms
    reactor: Reactor
    worker: Worker

    async def run(self) -> list[str]:
        """Read all events and run the jobs that they set off once; return the jobs' states."""
        while await self.reactor.read_events():
            pass
        operator = self.person.runtime.operator
        jobs = [job for job in await queue.list_jobs(operator, state="pending") if job.kind == REACT]
        for job in reversed(jobs):  # the oldest first
            assert await self.worker.run_job(job.tenant_id, job.id)
        return [(await queue.get_job(operator, job.id)).state for job in reversed(jobs)]


@pytest.fixture
async def automatic(runtime: Runtime) -> Automatic:
    rooms = Rooms()
    reactor = Reactor(runtime.operator, Starts(rooms.transcription, rooms.summary))
    worker = Worker(runtime.operator, reactor.kinds(), new_process("host", 30, 1))
    return Automatic(await new_person(runtime), rooms, reactor, worker)


async def test_upload_transcript_and_summary_follow_each_other_without_a_client(automatic: Automatic) -> None:
    person = automatic.person
    await set_for_project(person.tenant, PROCESSING, BOTH)
    recording_id = await person.recording()
    await person.upload(recording_id)
    assert await automatic.run() == ["succeeded"]
    assert automatic.rooms.started == [("transcription", recording_id)]
    transcription_id = await person.transcribe(recording_id)  # as the transcription's job does
    assert await automatic.run() == ["succeeded"]
    assert automatic.rooms.started[1:] == [("summary", transcription_id, "tmpl_general_notes")]
    assert await automatic.run() == []


async def test_nothing_is_started_where_nothing_is_configured(automatic: Automatic) -> None:
    recording_id = await automatic.person.recording()
    await automatic.person.upload(recording_id)
    await automatic.person.transcribe(recording_id)
    assert await automatic.run() == []
    assert automatic.rooms.started == []


async def test_a_persons_setting_goes_before_the_projects(automatic: Automatic) -> None:
    first = automatic.person
    second = await new_person(first.runtime, first.tenant)
    await set_for_project(first.tenant, PROCESSING, BOTH)
    await set_for_end_user(first.tenant, PROCESSING, first.id, {"auto_summary": {"enabled": False}})
    await set_for_end_user(first.tenant, PROCESSING, second.id, {"auto_summary": {"template": "tmpl_sales_call"}})
    await first.transcribe(await first.recording())
    theirs = await second.transcribe(await second.recording())
    assert await automatic.run() == ["succeeded"]
    assert automatic.rooms.started == [("summary", theirs, "tmpl_sales_call")]


async def test_another_projects_and_modes_configuration_sets_nothing_off(automatic: Automatic) -> None:
    other = await new_person(automatic.person.runtime)
    await set_for_project(other.tenant, PROCESSING, BOTH)
    await automatic.person.upload(await automatic.person.recording())
    assert await automatic.run() == []


async def test_audio_that_comes_with_its_transcript_is_not_transcribed(automatic: Automatic) -> None:
    person = automatic.person
    await set_for_project(person.tenant, PROCESSING, {"auto_transcription": {"enabled": True}})
    recording_id = await person.recording()
    await person.transcribe(recording_id)
    await person.upload(recording_id)
    assert await automatic.run() == ["succeeded"]
    assert automatic.rooms.started == []


async def test_what_was_switched_off_before_its_job_ran_is_not_started(automatic: Automatic) -> None:
    person = automatic.person
    await set_for_project(person.tenant, PROCESSING, BOTH)
    await person.upload(await person.recording())
    assert await automatic.reactor.read_events()
    await set_for_project(person.tenant, PROCESSING, {"auto_transcription": None})
    assert await automatic.run() == ["succeeded"]
    assert automatic.rooms.started == []


async def test_what_was_deleted_before_its_job_ran_is_not_started(automatic: Automatic) -> None:
    person = automatic.person
    await set_for_project(person.tenant, PROCESSING, BOTH)
    deleted, replaced = await person.recording(), await person.recording()
    await person.upload(deleted)
    await person.transcribe(replaced)
    assert await automatic.reactor.read_events()
    await person.runtime.deletion.delete_recording(person.tenant, deleted)  # and its job with it
    newest = await person.transcribe(replaced)
    assert await automatic.run() == ["succeeded", "succeeded"]
    assert automatic.rooms.started == [("summary", newest, "tmpl_general_notes")]


async def test_work_that_can_not_be_started_fails_its_job_and_nothing_else(automatic: Automatic) -> None:
    person = automatic.person
    await set_for_project(person.tenant, PROCESSING, BOTH)
    automatic.rooms.failure = ConflictError("No engine is configured.")
    recording_id = await person.recording()
    await person.upload(recording_id)
    assert await automatic.run() == ["failed"]
    assert (await get_recording(person.tenant, recording_id)).status == "uploaded"
    kinds = {job.kind for job in await queue.list_jobs(person.runtime.operator)}
    assert "test.transcribe" not in kinds


async def test_work_that_can_not_be_started_now_is_started_later_and_once(automatic: Automatic) -> None:
    person = automatic.person
    await set_for_project(person.tenant, PROCESSING, BOTH)
    automatic.rooms.failure = UnavailableError("Not now.")
    await person.upload(await person.recording())
    assert await automatic.run() == ["pending"]
    automatic.rooms.failure = None
    assert await automatic.run() == ["succeeded"]
    kinds = [job.kind for job in await queue.list_jobs(person.runtime.operator)]
    assert kinds.count("test.transcribe") == 1


async def test_two_processes_that_read_the_same_events_start_each_work_once(
    automatic: Automatic, runtime: Runtime
) -> None:
    person = automatic.person
    await set_for_project(person.tenant, PROCESSING, {"auto_summary": {"enabled": True}})
    for _ in range(5):
        await runtime.ingester.put_transcript(person.tenant, await person.recording(), TALK)
    second = Reactor(runtime.operator, Starts(automatic.rooms.transcription, automatic.rooms.summary))
    await asyncio.gather(second.read_events(), automatic.reactor.read_events())
    assert await automatic.run() == ["succeeded"] * 5
    assert len(automatic.rooms.started) == 5


async def test_an_installation_that_can_not_summarise_only_transcribes(automatic: Automatic) -> None:
    person = automatic.person
    automatic.reactor = Reactor(person.runtime.operator, Starts(transcription=automatic.rooms.transcription))
    await set_for_project(person.tenant, PROCESSING, BOTH)
    await person.transcribe(await person.recording())
    assert await automatic.run() == []
