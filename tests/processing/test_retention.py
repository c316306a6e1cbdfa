"""What is deleted after its time: from which date it counts, for whom, and what stays."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from earmark.ask.exchange.documents import SessionDocument
from earmark.ask.sessions.sessions import create_session
from earmark.ask.types import Scope
from earmark.clock import render_time
from earmark.identity import audit
from earmark.jobs.queue import enqueue_for_installation, list_jobs
from earmark.jobs.types import NewJob
from earmark.library.errors import TranscriptionNotFoundError
from earmark.library.recordings import get_recording, update_recording
from earmark.library.transcripts import get_transcription
from earmark.processing.config import set_for_end_user, set_for_project
from earmark.processing.retention import RETAIN
from earmark.processing.sections import RETENTION
from earmark.processing.types import Expired
from earmark.retrieval.types import SearchRequest
from earmark.runtime import Runtime
from tests.ask.importing import import_session
from tests.clock import Clock
from tests.processing.world import Person, new_person
from tests.server import Place

DAY_S = 24 * 3_600


async def expired(runtime: Runtime) -> list[Expired]:
    return [one async for _, one in runtime.retention.find_expired()]


async def delete_expired(runtime: Runtime) -> Counter[str]:
    """Do what the daily job does."""
    found = [(tenant, one) async for tenant, one in runtime.retention.find_expired()]
    return Counter([one.kind for tenant, one in found if await runtime.retention.delete(tenant, one)])


async def retain(person: Person, **days: int | None) -> None:
    await set_for_project(person.tenant, RETENTION, days)


async def recorded(person: Person) -> list[tuple[str, str | None]]:
    return [
        (event.action, event.object_id)
        async for event in audit.walk_events(person.tenant)
        if event.actor == audit.RETENTION
    ]


def files_of(place: Place) -> int:
    return sum(path.is_file() for path in (place.data_dir / "media").rglob("*"))


async def test_audio_goes_and_the_transcript_stays(runtime: Runtime, clock: Clock, fresh_place: Place) -> None:
    person = await new_person(runtime)
    await retain(person, audio_days=10)
    recording_id = await person.recording()
    await person.upload(recording_id)
    transcription_id = await person.transcribe(recording_id)
    before = await get_recording(person.tenant, recording_id)
    clock.shift_s = 10 * DAY_S - 60
    assert await expired(runtime) == []
    clock.shift_s = 10 * DAY_S
    assert await delete_expired(runtime) == {"audio": 1}
    after = await get_recording(person.tenant, recording_id)
    assert (after.status, after.media_id, after.content_sha256) == ("completed", None, None)
    assert (after.transcription_id, after.duration_ms) == (transcription_id, before.duration_ms)
    assert files_of(fresh_place) == 0
    assert await recorded(person) == [("retention.audio_deleted", before.media_id)]
    assert await delete_expired(runtime) == {}


async def test_a_transcript_goes_with_its_index_and_the_audio_stays(runtime: Runtime, clock: Clock) -> None:
    person = await new_person(runtime)
    await retain(person, transcript_days=10)
    recording_id = await person.recording()
    await person.upload(recording_id)
    transcription_id = await person.transcribe(recording_id)
    clock.shift_s = 10 * DAY_S + 1
    assert await delete_expired(runtime) == {"transcript": 1}
    with pytest.raises(TranscriptionNotFoundError):
        await get_transcription(person.tenant, transcription_id)
    after = await get_recording(person.tenant, recording_id)
    assert (after.status, after.transcription_id, after.media_id is None) == ("uploaded", None, False)
    assert await runtime.searcher.search(person.owner, SearchRequest("lantern")) == []
    assert await recorded(person) == [("retention.transcript_deleted", transcription_id)]
    await person.transcribe(recording_id)
    assert len(await runtime.searcher.search(person.owner, SearchRequest("lantern"))) == 1


async def test_a_recording_without_audio_waits_for_an_upload_after_its_transcript_went(
    runtime: Runtime, clock: Clock
) -> None:
    person = await new_person(runtime)
    await retain(person, transcript_days=1, audio_days=1)
    recording_id = await person.recording()
    await person.upload(recording_id)
    await person.transcribe(recording_id)
    clock.shift_s = DAY_S + 1
    assert await delete_expired(runtime) == {"audio": 1, "transcript": 1}
    assert (await get_recording(person.tenant, recording_id)).status == "pending"
    await person.upload(recording_id)
    assert (await get_recording(person.tenant, recording_id)).status == "uploaded"
    assert await expired(runtime) == []


async def test_a_session_goes_after_its_last_message(runtime: Runtime, clock: Clock) -> None:
    person = await new_person(runtime)
    await retain(person, session_days=10)
    old = await create_session(person.owner, Scope("library"))
    clock.shift_s = 5 * DAY_S
    await create_session(person.owner, Scope("library"))
    clock.shift_s = 10 * DAY_S + 1
    assert await delete_expired(runtime) == {"session": 1}
    assert await recorded(person) == [("retention.session_deleted", old.id)]


@pytest.mark.parametrize("year", [1990, 2090])
async def test_an_imported_session_counts_from_its_import_and_not_from_the_exports_times(
    runtime: Runtime, clock: Clock, year: int
) -> None:
    person = await new_person(runtime)
    await retain(person, session_days=10)
    clock.shift_s = DAY_S + 1
    document = SessionDocument.model_validate({
        "format": "earmark.ask-session/1", "title": "Old", "created_at": f"{year}-05-20T10:23:45Z", "messages": [],
        "scope": {"type": "library", "recording_ids": [], "recording_title": None},
    })  # fmt: skip
    session, _ = await import_session(person.owner, document)
    assert render_time(session.last_message_us).startswith(str(year))
    assert await expired(runtime) == []
    clock.shift_s = 11 * DAY_S + 2
    assert [one.id for one in await expired(runtime)] == [session.id]


async def test_dates_that_clients_set_do_not_count(runtime: Runtime, clock: Clock) -> None:
    person = await new_person(runtime)
    await retain(person, audio_days=10, transcript_days=10)
    recording_id = await person.recording()
    await update_recording(person.tenant, recording_id, {"recorded_us": 0})
    await person.upload(recording_id)
    await person.transcribe(recording_id)
    clock.shift_s = 2 * DAY_S
    assert await expired(runtime) == []


async def test_a_shortened_value_takes_effect_after_a_day(runtime: Runtime, clock: Clock) -> None:
    person = await new_person(runtime)
    await retain(person, audio_days=100)
    await person.upload(await person.recording())
    clock.shift_s = 50 * DAY_S
    await retain(person, audio_days=30)
    clock.shift_s = 51 * DAY_S - 60
    assert await expired(runtime) == []
    clock.shift_s = 51 * DAY_S + 1
    assert len(await expired(runtime)) == 1
    await retain(person, audio_days=300)
    assert await expired(runtime) == []


async def test_a_persons_days_go_before_the_projects(runtime: Runtime, clock: Clock) -> None:
    first = await new_person(runtime)
    longer, shorter = await new_person(runtime, first.tenant), await new_person(runtime, first.tenant)
    await retain(first, audio_days=10)
    await set_for_end_user(first.tenant, RETENTION, longer.id, {"audio_days": 30})
    await set_for_end_user(first.tenant, RETENTION, shorter.id, {"audio_days": 2})
    for one in (first, longer, shorter):
        await one.upload(await one.recording())
    owners: list[tuple[int, set[str]]] = [(1, set()), (3, {shorter.id}), (11, {first.id, shorter.id})]
    for days, whose in [*owners, (31, {first.id, longer.id, shorter.id})]:
        clock.shift_s = days * DAY_S + 1
        assert {one.end_user_id for one in await expired(runtime)} == whose


async def test_another_projects_days_delete_nothing_here(runtime: Runtime, clock: Clock) -> None:
    person, other = await new_person(runtime), await new_person(runtime)
    await retain(other, audio_days=1, transcript_days=1, session_days=1)
    recording_id = await person.recording()
    await person.upload(recording_id)
    await person.transcribe(recording_id)
    clock.shift_s = 5 * DAY_S
    assert await expired(runtime) == []


async def test_more_than_a_page_is_found_once_each(
    runtime: Runtime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earmark.processing.retention._PAGE", 2)
    person = await new_person(runtime)
    await retain(person, audio_days=1)
    for _ in range(5):
        await person.upload(await person.recording())
    clock.shift_s = DAY_S + 1
    assert len({one.id for one in await expired(runtime)}) == 5
    assert await delete_expired(runtime) == {"audio": 5}


async def test_what_changed_after_it_was_found_is_kept(runtime: Runtime, clock: Clock) -> None:
    person = await new_person(runtime)
    await retain(person, audio_days=1, session_days=1)
    recording_id = await person.recording()
    await person.upload(recording_id)
    await create_session(person.owner, Scope("library"))
    clock.shift_s = DAY_S + 1
    audio, session = await expired(runtime)
    assert not await runtime.retention.delete(person.tenant, replace(session, id="as_" + "x" * 24))
    await retain(person, session_days=2)
    assert not await runtime.retention.delete(person.tenant, session)
    await runtime.deletion.delete_recording(person.tenant, recording_id)
    assert not await runtime.retention.delete(person.tenant, audio)
    assert await recorded(person) == []


async def _run_daily(runtime: Runtime) -> str:
    job_id = await enqueue_for_installation(runtime.operator, NewJob(RETAIN))
    assert job_id is not None
    assert await runtime.worker.run_job(0, job_id)
    return next(job.state for job in await list_jobs(runtime.operator, limit=1_000) if job.id == job_id)


async def test_the_daily_job_deletes_but_not_while_the_clock_has_just_jumped(
    runtime: Runtime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await new_person(runtime)
    await retain(person, audio_days=1)
    await person.upload(await person.recording())
    clock.shift_s = DAY_S + 1
    assert await _run_daily(runtime) == "pending"
    assert len(await expired(runtime)) == 1
    monkeypatch.setattr("earmark.processing.retention._QUIET_S", 0.0)
    assert await _run_daily(runtime) == "succeeded"
    assert await expired(runtime) == []
    waiting: list[Any] = [job for job in await list_jobs(runtime.operator, state="pending") if job.kind == RETAIN]
    assert len(waiting) == 2  # the one that was put off, and tomorrow's
