"""Waiting for turns: woken by events within a process, by a slow look at the database between processes."""

from __future__ import annotations

import asyncio

import pytest

from earmark.ask import queries
from earmark.ask.turns import signals as turn_signals
from earmark.ask.turns.following import cancel_turn
from earmark.ask.turns.signals import TurnSignals, line_channel
from earmark.ask.turns.turn import begin_send
from earmark.ask.types import Question
from earmark.llm.types import TextDelta
from earmark.storage.signals import Signals
from tests.ask.desk import QUESTION, Desk, FakeModel, another_process, send
from tests.ask.test_turn_heartbeat import counted
from tests.streamed import shown


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks at the database unasked: only a wake-up ends a wait."""
    monkeypatch.setattr(turn_signals, "_POLL_S", 600)
    monkeypatch.setattr(turn_signals, "_AT_MOST_S", 1_200)


async def _is_still_waiting(waiting: asyncio.Task[None]) -> bool:
    done, _ = await asyncio.wait([waiting], timeout=0.05)
    waiting.cancel()
    return not done


@pytest.mark.usefixtures("patient")
async def test_a_wake_up_between_two_waits_is_not_lost() -> None:
    signals = TurnSignals()
    with signals.listening("as_1", Signals()) as listener:
        signals.wake("as_1")
        async with asyncio.timeout(30):
            await listener.wait(600)
        assert await _is_still_waiting(asyncio.create_task(listener.wait(600)))


@pytest.mark.usefixtures("patient")
async def test_only_the_sessions_own_listeners_are_woken_and_none_is_remembered() -> None:
    signals, between = TurnSignals(), Signals()
    with (
        signals.listening("as_1", between) as mine,
        signals.listening("as_1", between),
        signals.listening("as_2", between),
    ):
        signals.wake("as_2")
        between.fire(line_channel("as_2"))
        assert await _is_still_waiting(asyncio.create_task(mine.wait(600)))
    assert signals._sessions._waiting == between._waiting == {}
    with pytest.raises(RuntimeError), signals.announcing("as_1", "holder"):
        assert (signals.is_running("holder"), signals.is_running("another")) == (True, False)
        raise RuntimeError
    assert not signals.is_running("holder")


async def test_nobody_looks_in_vain_where_signals_of_other_processes_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn_signals, "_POLL_S", 0)
    monkeypatch.setattr(turn_signals, "_AT_MOST_S", 1_200)
    signals, between = TurnSignals(), Signals()
    with signals.listening("as_1", between) as listener:
        async with asyncio.timeout(30):
            await listener.wait(600, holder="of another process")
        between.is_shared = True
        assert await _is_still_waiting(asyncio.create_task(listener.wait(600, holder="of another process")))
        between.fire(line_channel("as_1"))
        async with asyncio.timeout(30):
            await listener.wait(600, holder="of another process")


async def _until_in_line(desk: Desk, session_id: str, count: int) -> None:
    async with asyncio.timeout(30):
        while len(await desk.tenant.fetch_all(queries.select_waiters, {"session_id": session_id})) != count:
            await asyncio.sleep(0.002)


@pytest.mark.usefixtures("patient")
async def test_sends_in_line_behind_a_turn_of_this_process_read_nothing_until_it_ends(desk: Desk) -> None:
    session = await desk.session()
    goes_on = asyncio.Event()
    desk.model.meanwhile = goes_on.wait
    sends = [asyncio.create_task(send(desk.tenant, desk.engine, session.id, Question(QUESTION)))]
    await desk.until_running(session.id)
    for count in range(1, 4):
        text = f"Question {count}?"
        sends.append(asyncio.create_task(send(desk.tenant, desk.engine, session.id, Question(text))))
        await _until_in_line(desk, session.id, count)
    with counted() as found:
        await asyncio.sleep(1)
    assert found["select_session_state"] == found["select_waiters"] == 0
    goes_on.set()
    async with asyncio.timeout(60):  # a look at the database, which no wake-up asked for, is ten minutes away
        await asyncio.gather(*sends)
    assert desk.engine.running.signals._sessions._waiting == {}


async def test_a_send_in_line_behind_a_turn_of_another_process_looks_slowly_or_not_at_all_where_it_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await desk.session()
    goes_on = asyncio.Event()
    desk.model.meanwhile = goes_on.wait
    first = asyncio.create_task(send(desk.tenant, desk.engine, session.id, Question(QUESTION)))
    await desk.until_running(session.id)
    is_told = desk.runtime.settings.database_url is not None
    async with another_process(desk.runtime.settings, FakeModel(), desk.tenant) as other:
        async with asyncio.timeout(30):
            while other.runtime.database.signals.is_shared != is_told:
                await asyncio.sleep(0.002)
        second = asyncio.create_task(send(other.tenant, other.engine, session.id, Question("Who agreed?")))
        await _until_in_line(desk, session.id, 1)
        with counted() as found:
            await asyncio.sleep(1)
        assert found["select_session_state"] == 0 if is_told else 1 <= found["select_session_state"] <= 5
        monkeypatch.setattr(turn_signals, "_POLL_S", 600)  # from now on only a wake-up helps, wherever it comes from
        monkeypatch.setattr(turn_signals, "_AT_MOST_S", 600)
        await asyncio.sleep(0.3)
        goes_on.set()
        await first
        if not is_told:
            other.engine.running.signals.wake(session.id)
        async with asyncio.timeout(60):
            await second


async def test_a_cancel_in_the_turns_own_process_returns_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await desk.session()
    desk.model.says = (TextDelta("On the "), asyncio.Event())
    turn = await begin_send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    monkeypatch.setattr(turn_signals, "_POLL_S", 600)
    monkeypatch.setattr("earmark.ask.turns.heartbeat.BEAT_S", 600)
    await asyncio.sleep(0.3)  # the beat that was due before
    async with asyncio.timeout(60):
        asked = str(shown(turn.feed.events[0]).data["user_message_id"])
        assert await cancel_turn(desk.tenant, desk.engine.running, session.id, asked) == "cancelled"
