"""Turns disturbed by deletions, commits with unknown outcomes and unexpected errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from earmark.api.pipeline.streaming import stream_turn
from earmark.ask.answers.feed import TextAdded, TurnCompleted, TurnEvent, TurnFailed, TurnFeed, TurnStarted
from earmark.ask.errors import SessionNotFoundError
from earmark.ask.sessions.sessions import delete_session, get_state
from earmark.ask.turns import followed
from earmark.ask.turns import heartbeat as turn_heartbeat
from earmark.ask.turns import log as turn_log
from earmark.ask.turns.following import follow_turn
from earmark.ask.turns.heartbeat import beat
from earmark.ask.turns.held_turn import HeldTurn
from earmark.ask.turns.running import RunningTurn, RunningTurns
from earmark.ask.turns.turn import begin_send
from earmark.ask.types import Question
from earmark.errors import UnavailableError
from earmark.library.recordings import update_recording
from earmark.llm.types import Finished, TextDelta
from earmark.storage.errors import StorageUnavailableError
from tests.ask.desk import QUESTION, Desk
from tests.ask.test_turn_heartbeat import counted
from tests.http.test_waiting_streams import fake_call
from tests.streamed import shown


async def _all(events: AsyncIterator[tuple[int, TurnEvent]]) -> list[tuple[int, TurnEvent]]:
    async with asyncio.timeout(60):
        return [one async for one in events]


async def _halfway(desk: Desk, session_id: str) -> tuple[RunningTurn, str, asyncio.Event]:
    """Start a turn that waits after a word; return it, its question's id, its release."""
    goes_on = asyncio.Event()
    desk.model.says = (TextDelta("On the "), goes_on, TextDelta("ninth."), Finished())
    turn = await begin_send(desk.tenant, desk.engine, session_id, Question(QUESTION))
    async for _, event in turn.feed.follow():
        if isinstance(event, TextAdded):
            break
    return turn, str(shown(turn.feed.events[0]).data["user_message_id"]), goes_on


async def test_a_slow_deletion_ends_a_running_turn(desk: Desk) -> None:
    session = await desk.session()
    turn, _, _ = await _halfway(desk, session.id)
    async with desk.tenant.writing() as slow:
        await delete_session(slow, desk.runtime.deletion, session.id)
        await asyncio.sleep(0.6)  # the heartbeat meets it in the middle
    last = (await _all(turn.feed.follow()))[-1][1]
    assert (shown(last).name, shown(last).data.status) == ("turn.failed", 404)


async def test_a_turn_whose_heartbeat_fails_fails_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError

    session = await desk.session()
    monkeypatch.setattr(turn_heartbeat, "append_batches", broken)
    turn, _, _ = await _halfway(desk, session.id)
    assert isinstance((await _all(turn.feed.follow()))[-1][1], TurnFailed)


async def test_a_commit_with_an_unknown_outcome_writes_no_event_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = asyncio.Event()

    async def unheard(turns: Sequence[HeldTurn]) -> None:
        (held,) = turns
        before = held.written
        await beat(turns)
        if held.written > before and not lost.is_set():
            held.written = before
            lost.set()
            raise StorageUnavailableError("The database does not answer.")

    monkeypatch.setattr(turn_heartbeat, "beat", unheard)
    session = await desk.session()
    turn, asked, goes_on = await _halfway(desk, session.id)
    async with asyncio.timeout(60):
        await lost.wait()
    goes_on.set()
    answer = (await turn.result()).message
    kept = await _all(await follow_turn(desk.tenant, RunningTurns(), session.id, asked, 0))
    assert [number for number, _ in kept] == list(range(1, len(turn.feed.events) + 1))
    assert isinstance(kept[-1][1], TurnCompleted)
    assert kept[-1][1].result.message == answer


async def test_a_follower_does_not_read_again_what_it_has_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[list[int]] = []

    async def noted(*place: Any, **options: Any) -> Any:
        events, ended_us = await turn_log.read_events(*place, **options)
        read.append([number for number, _ in events])
        return events, ended_us

    session = await desk.session()
    turn, asked, goes_on = await _halfway(desk, session.id)
    await _until(lambda: turn._held is not None and turn._held.written == len(turn.feed.events))
    events = await follow_turn(desk.tenant, RunningTurns(), session.id, asked, 0)
    monkeypatch.setattr(followed, "read_events", noted)
    monkeypatch.setattr(followed, "FALLBACK_S", 0.01)
    with counted() as found:
        seeing = asyncio.create_task(_all(events))
        await _until(lambda: found["select_event_marks"] > 3)
    assert [number for batch in read for number in batch] == list(range(1, len(turn.feed.events) + 1))
    goes_on.set()
    assert [number for number, _ in await seeing] == list(range(1, len(turn.feed.events) + 1))


async def _until(is_so: Any) -> None:
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.01)


async def test_an_error_while_streaming_is_sent_as_the_last_event() -> None:
    sent: list[Any] = []

    async def send_it(message: Any) -> None:
        sent.append(message)

    async def stays_on_the_line() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    feed = TurnFeed()
    feed.publish(TurnStarted("as_a", "msg_a"))
    sending = asyncio.create_task(stream_turn(fake_call(), feed.follow()).send_pieces(send_it, stays_on_the_line))
    while not sent:
        await asyncio.sleep(0)
    feed.break_off(UnavailableError("The database does not answer."))
    await sending
    assert sent[1]["body"].startswith(b"id: 2\nevent: turn.failed\n")
    assert b'"unavailable"' in sent[1]["body"]
    assert sent[-1] == {"type": "http.response.body", "body": b""}


async def test_erasing_an_end_user_waits_for_an_answer_that_is_being_stored(desk: Desk) -> None:
    recording = await desk.recording()
    session = await desk.session()
    whole = desk.tenant.whole_tenant()
    async with desk.tenant.writing() as storing:
        await get_state(storing, session.id, for_update=True)
        erasing = asyncio.create_task(desk.runtime.deletion.erase_end_user(whole, str(desk.tenant.end_user_id)))
        await asyncio.sleep(0.5)  # it waits for the session now, and must hold nothing that we need
        await update_recording(storing, recording.id, {"name": "Quoted"})
    await erasing
    with pytest.raises(SessionNotFoundError):
        await desk.state(session.id)
