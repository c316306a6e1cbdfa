"""Deliveries by real processes to real receivers: retries, ends, lanes, rotation, erasure."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from earmark.clock import now_us
from earmark.jobs.outbox import emit
from earmark.jobs.queue import list_jobs
from earmark.library.deletion import Deletion
from earmark.library.end_users import create_end_user
from earmark.library.recordings import create_recording
from earmark.library.transcripts import insert_transcript, publish_transcript
from earmark.outbound.sending import Sender
from earmark.retrieval.index.ingest import emit_transcription
from earmark.transcripts.types import ParsedTranscript, Segment
from earmark.webhooks import erasure
from earmark.webhooks.deliveries import RECOVER, recover, resend, send_test
from earmark.webhooks.delivering import GIVEN_UP_EVENTS, GIVEN_UP_US
from earmark.webhooks.endpoints import delete_endpoint, save_endpoint, update_endpoint
from earmark.webhooks.queries import select_readers
from earmark.webhooks.reading import FAN_OUT
from earmark.webhooks.rotation import reseal_all, rotate_secret
from earmark.webhooks.signatures import verify
from earmark.webhooks.types import Delivery
from tests.clock import shifted_clock
from tests.webhooks.conftest import HERE, Project
from tests.webhooks.receiver import Receiver, in_turn, ok, receiving, reset, status

MINUTE_US = 60_000_000


def all_are(wanted: str, count: int = 1) -> Callable[[list[Delivery]], bool]:
    return lambda found: len(found) >= count and {one.status for one in found} == {wanted}


def all_tried(count: int = 1) -> Callable[[list[Delivery]], bool]:
    return lambda found: len(found) >= count and all(one.attempts for one in found)


async def states_of(project: Project, kind: str) -> set[str]:
    return {job.state for job in await list_jobs(project.operator, limit=1_000) if job.kind == kind}


async def are_handed_on(project: Project, position: int) -> bool:
    """Whether the events up to a position were read, and no job with them is left."""
    rows = await project.operator.fetch_all(select_readers, {"names": ["webhooks"]})
    jobs = await list_jobs(project.operator, limit=1_000)
    open_ones = [job for job in jobs if job.kind == FAN_OUT and job.state in ("pending", "running")]
    return bool(rows[0][1] >= position and not open_ones)


async def test_each_endpoint_gets_what_it_asks_for_and_the_same_bytes(project: Project) -> None:
    with receiving() as every, receiving() as some, receiving() as none:
        first = await project.endpoint(every.url)
        second = await project.endpoint(some.url, events=["recording.created"])
        third = await project.endpoint(none.url, events=["summary.completed"])
        created = await project.emit(3)
        deleted = await project.emit(2, "recording.deleted")
        async with project.process():
            await project.until(first, all_are("succeeded", 5))
            await project.until(second, all_are("succeeded", 3))
        assert await project.deliveries(third) == []
        assert set(every.ids) == {*created, *deleted}
        assert set(some.ids) == set(created)
        bodies = {one.event["id"]: one.body for one in every.got}
        assert all(one.body == bodies[one.event["id"]] for one in some.got)


async def test_events_from_before_an_endpoint_are_not_sent_to_it(project: Project, receiver: Receiver) -> None:
    await project.emit(3)
    endpoint = await project.endpoint(receiver.url)
    [after] = await project.emit()
    async with project.process():
        await project.until(endpoint, all_are("succeeded"))
    assert list(receiver.ids) == [after]


async def test_an_installation_without_endpoints_reads_no_events_and_runs_no_jobs(project: Project) -> None:
    await project.emit(3)
    async with project.process() as worker:
        await asyncio.sleep(0)
        assert not worker._running
    rows = await project.operator.fetch_all(select_readers, {"names": ["webhooks"]})
    assert rows == []


async def test_a_failed_attempt_is_made_again_on_schedule_with_fresh_timestamps(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earmark.webhooks.schedule.PAUSES_S", (0.05, 0.05, 0.05, 0.05, 0.05))
    with receiving(in_turn(status(500), reset, status(404), ok)) as receiver:
        endpoint = await project.endpoint(receiver.url)
        await project.emit()
        async with project.process():
            [delivery] = await project.until(endpoint, all_are("succeeded"))
        attempts = await project.attempts(delivery)
        assert [one.status_code for one in attempts] == [500, None, 404, 200]
        assert attempts[1].error_code in ("connection_broken", "protocol_error")
        assert len({one.body for one in receiver.got}) == 1
        assert (await project.now(endpoint)).failing_since_us is None


async def test_after_six_attempts_a_delivery_has_failed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("earmark.webhooks.schedule.PAUSES_S", (0.02, 0.02, 0.02, 0.02, 0.02))
    with receiving(status(503)) as receiver:
        endpoint = await project.endpoint(receiver.url)
        await project.emit()
        async with project.process():
            [delivery] = await project.until(endpoint, all_are("failed"))
        assert (delivery.attempts, delivery.next_us, len(receiver.got)) == (6, None, 6)
        assert (await project.now(endpoint)).status == "enabled"


async def test_the_next_attempt_waits_a_minute_or_as_long_as_the_receiver_asks(project: Project) -> None:
    with receiving(status(500)) as plain, receiving(status(429, b"", Retry_After="600")) as asking:
        first, second = await project.endpoint(plain.url), await project.endpoint(asking.url)
        await project.emit()
        async with project.process():
            [one] = await project.until(first, all_tried())
            [other] = await project.until(second, all_tried())
    assert one.next_us is not None
    assert other.next_us is not None
    assert 53 * 1e6 < one.next_us - one.created_us < 120 * 1e6
    assert 590 * 1e6 < other.next_us - other.created_us < 660 * 1e6


async def test_an_endpoint_that_is_gone_is_disabled_and_what_waits_for_it_ends(
    project: Project, receiver: Receiver
) -> None:
    other = await project.endpoint(receiver.url, events=["webhook_endpoint.disabled"])
    with receiving(status(410)) as gone:
        endpoint = await project.endpoint(gone.url)
        await project.emit(20)
        async with project.process():
            await project.until(endpoint, all_are("failed", 20))
            await project.until(other, all_are("succeeded"))
        assert len(gone.got) <= 2  # one in each lane
    shown = await project.now(endpoint)
    assert (shown.status, shown.disabled_reason) == ("disabled", "gone")
    assert receiver.got[0].event["data"]["id"] == endpoint.id
    assert gone.url not in json.dumps(receiver.got[0].event)  # it may hold that receiver's secret


@pytest.mark.parametrize(("days", "events", "is_given_up"), [(5, 20, True), (5, 19, False), (4, 20, False)])
async def test_an_endpoint_is_given_up_after_twenty_events_failed_over_five_days(
    project: Project, days: int, events: int, is_given_up: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (GIVEN_UP_EVENTS, GIVEN_UP_US) == (20, 5 * 24 * 60 * MINUTE_US)
    monkeypatch.setattr("earmark.webhooks.schedule.PAUSES_S", ())
    monkeypatch.setattr("earmark.webhooks.schedule.ATTEMPTS", 1)
    with receiving(status(500)) as receiver:
        endpoint = await project.endpoint(receiver.url)
        await project.emit(events - 1)
        async with project.process():
            await project.until(endpoint, all_are("failed", events - 1))
            since = now_us() - days * 24 * 60 * MINUTE_US - MINUTE_US
            async with project.tenant.writing() as work:
                await save_endpoint(work, replace(await project.now(endpoint), failing_since_us=since))
            await send_test(project.tenant, endpoint.id)  # tests don't count
            await project.until(endpoint, all_are("failed", events))
            assert (await project.now(endpoint)).status == "enabled"
            await project.emit()
            await project.until(endpoint, all_are("failed", events + 1))
    assert ((await project.now(endpoint)).disabled_reason == "failing") is is_given_up


async def test_at_most_two_are_under_way_to_an_endpoint_in_all_processes_together(project: Project) -> None:
    with receiving() as slow, receiving() as quick:
        slow.answer = slow.hanging
        first, second = await project.endpoint(slow.url), await project.endpoint(quick.url)
        await project.emit(20)
        async with project.process(), project.process(), project.process():
            await project.until(second, all_are("succeeded", 20))
            await asyncio.to_thread(slow.wait, 2)
            assert slow.most_under_way == 2
            slow.hold.set()
            await project.until(first, all_are("succeeded", 20))
        assert slow.most_under_way <= 2
        assert sorted(slow.ids.values()) == [1] * 20


async def test_a_secret_that_is_rotated_during_deliveries_leaves_none_unverifiable(
    project: Project, receiver: Receiver
) -> None:
    endpoint = await project.endpoint(receiver.url)
    secrets = [project.sealer.open(endpoint.secret_sealed)]
    await project.emit(60)
    async with project.process():
        await asyncio.to_thread(receiver.wait, 5)
        for _ in range(3):
            rotated = await rotate_secret(project.tenant, project.sealer, endpoint.id, grace_s=60, force=True)
            secrets.append(rotated[1])
            await reseal_all(project.operator, project.sealer)  # under another key, meanwhile
        await project.until(endpoint, all_are("succeeded", 60))
    for got in receiver.got:
        assert verify(got.headers, got.body, secrets, int(got.at_s)) is None


async def test_what_is_erased_while_it_is_sent_leaves_nothing(project: Project) -> None:
    user = await create_end_user(project.tenant, external_id="mara")
    with receiving() as receiver:
        receiver.answer = receiver.hanging
        endpoint = await project.endpoint(receiver.url)
        for subject in ("rec_1", None):
            async with project.tenant.acting_for(user.id, user.number).writing() as work:
                await emit(
                    work, "recording.created", end_user_id=user.id, subject_id=subject, data={"recording_id": "rec_1"}
                )
        async with project.process():
            await asyncio.to_thread(receiver.wait, 2)
            await Deletion([erasure.deletion()]).erase_end_user(project.tenant, user.id)
            receiver.hold.set()
            found = await project.until(endpoint, all_are("succeeded"))
        assert [one.type for one in found] == ["end_user.deleted"]
        assert receiver.got[-1].event["data"]["external_id"] == "mara"


async def test_an_event_with_too_many_words_goes_without_them(project: Project, receiver: Receiver) -> None:
    user = await create_end_user(project.tenant)
    owner = project.tenant.acting_for(user.id, user.number)
    endpoint = await project.endpoint(receiver.url, has_text=True, events=["transcription.completed"])
    for count in (3, 400):
        segments = tuple(
            Segment(start_ms=at * 1_000, end_ms=at * 1_000 + 500, speaker="Ada", text="lantern " * 100, confidence=None)
            for at in range(count)
        )
        async with owner.writing() as work:
            recording = await create_recording(work, name="Lantern")
            made = await insert_transcript(work, recording, ParsedTranscript(segments), status="completed")
            await publish_transcript(work, made)
            await emit_transcription(work, "transcription.completed", made)
    async with project.process():
        await project.until(endpoint, all_are("succeeded", 2))
    whole, cut = sorted((one.event["data"] for one in receiver.got), key=lambda data: data["word_count"])
    assert len(whole["segments"]) == 3
    assert "truncated" not in whole
    assert cut["truncated"] is True
    assert "text" not in cut
    assert "segments" not in cut
    assert cut["word_count"] == 40_000
    assert max(len(one.body) for one in receiver.got) <= 256 << 10


async def test_a_deleted_endpoint_gets_nothing_more(project: Project) -> None:
    with receiving() as receiver:
        receiver.answer = receiver.hanging
        endpoint = await project.endpoint(receiver.url)
        await project.emit(10)
        async with project.process() as worker:
            await asyncio.to_thread(receiver.wait, 2)
            await delete_endpoint(project.tenant, endpoint.id)
            receiver.hold.set()
            async with asyncio.timeout(60):
                while worker._running:
                    await asyncio.sleep(0.02)
        assert len(receiver.got) == 2


async def test_enabling_starts_anew_and_recovering_sends_what_was_missed(project: Project, receiver: Receiver) -> None:
    endpoint = await project.endpoint(receiver.url)
    async with project.process():
        await update_endpoint(project.tenant, endpoint.id, {"status": "disabled"})
        missed = await project.emit(45)
        async with asyncio.timeout(60):  # they were handed on, to nobody
            while not await are_handed_on(project, 45):
                await asyncio.sleep(0.02)
        await update_endpoint(project.tenant, endpoint.id, {"status": "enabled"})
        assert await recover(project.tenant, endpoint.id, endpoint.created_us) == 45
        await project.until(endpoint, all_are("succeeded", 45))
    assert set(receiver.ids) == set(missed)


async def test_what_failed_is_recovered_some_at_a_time_and_once(
    project: Project, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earmark.webhooks.jobs._FAILED_AT_ONCE", 4)
    monkeypatch.setattr("earmark.webhooks.schedule.ATTEMPTS", 1)
    receiver.answer = status(500)
    endpoint = await project.endpoint(receiver.url)
    told = await project.emit(10)
    async with project.process():
        await project.until(endpoint, all_are("failed", 10))
        assert await recover(project.tenant, endpoint.id, now_us()) == 0
        assert await recover(project.tenant, endpoint.id, endpoint.created_us) == 10
        await asyncio.to_thread(receiver.wait, 20)  # all fail again: none is queued a third time
        await project.until(endpoint, all_are("failed", 10))
        assert set(receiver.ids.values()) == {2}
        receiver.answer = ok
        assert await recover(project.tenant, endpoint.id, endpoint.created_us) == 10
        await project.until(endpoint, all_are("succeeded", 10))
    assert receiver.ids == dict.fromkeys(told, 3)


async def test_recovering_ends_with_its_endpoint(project: Project, receiver: Receiver) -> None:
    endpoint = await project.endpoint(receiver.url)
    await project.emit(3)
    receiver.answer = status(410)
    async with project.process():
        await project.until(endpoint, all_are("failed", 3))
        await update_endpoint(project.tenant, endpoint.id, {"status": "enabled"})
        await recover(project.tenant, endpoint.id, endpoint.created_us)
        await delete_endpoint(project.tenant, endpoint.id)
        async with asyncio.timeout(20):
            while (states := await states_of(project, RECOVER)) & {"pending", "running"}:
                await asyncio.sleep(0.02)
    assert states == {"succeeded"}


async def test_an_attempt_is_not_late_by_as_much_as_the_clock_was_set_back(project: Project) -> None:
    with shifted_clock() as clock, receiving(in_turn(status(500), ok)) as receiver:
        endpoint = await project.endpoint(receiver.url)
        await project.emit()
        async with project.process():
            [delivery] = await project.until(endpoint, all_tried())
            clock.shift_s = -7_200
            [delivery] = await project.until(endpoint, all_are("succeeded"))
        assert delivery.attempts == 2


async def test_an_endpoint_is_told_of_what_happens_after_the_clock_was_set_back(
    project: Project, receiver: Receiver
) -> None:
    with shifted_clock() as clock:
        endpoint = await project.endpoint(receiver.url)
        clock.shift_s = -7_200
        told = await project.emit(2)
        async with project.process():
            await project.until(endpoint, all_are("succeeded", 2))
    assert receiver.ids == dict.fromkeys(told, 1)


async def test_resending_goes_through_the_whole_schedule_again(project: Project) -> None:
    with receiving(in_turn(status(410), ok)) as receiver:
        endpoint = await project.endpoint(receiver.url)
        await project.emit()
        async with project.process():
            [delivery] = await project.until(endpoint, all_are("failed"))
            await update_endpoint(project.tenant, endpoint.id, {"status": "enabled"})
            await resend(project.tenant, endpoint.id, delivery.id)
            [again] = await project.until(endpoint, all_are("succeeded"))
        assert (again.attempts, again.step, again.id) == (2, 1, delivery.id)


async def test_a_secret_under_a_lost_key_fails_the_attempt_and_no_more(project: Project, receiver: Receiver) -> None:
    endpoint = await project.endpoint(receiver.url)
    (project.place.data_dir / "secrets.key").unlink()
    await project.emit()
    async with project.process(Sender(HERE)):
        [delivery] = await project.until(endpoint, all_tried())
        [attempt] = await project.attempts(delivery)
    assert (attempt.error_code, delivery.status, receiver.got) == ("secret_unreadable", "pending", [])
