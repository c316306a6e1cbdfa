"""Waiting for turns: woken by events within a process, by a slow look at the database between processes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from earmark.ask import queries
from earmark.ask.answers.feed import TurnEvent
from earmark.ask.turns import signals as turn_signals
from earmark.ask.turns.following import cancel_turn, follow_turn
from earmark.ask.turns.signals import TurnSignals
from earmark.ask.turns.turn import begin_send
from earmark.ask.types import Question
from earmark.llm.types import Finished, TextDelta
from tests.ask.desk import QUESTION, Desk, FakeModel, another_process, at_desk, send
from tests.ask.test_turn_heartbeat import counted


def test_a_wake_up_between_two_waits_is_not_lost() -> None:
    async def main() -> None:
        signals = TurnSignals()
        with signals.listening("as_1") as listener:
            signals.wake("as_1")
            async with asyncio.timeout(0.1):
                await listener.wait(5)
            started_s = time.monotonic()
            await listener.wait(0.05)
            assert time.monotonic() - started_s >= 0.04

    asyncio.run(main())


def test_only_the_sessions_own_listeners_are_woken_and_none_is_remembered() -> None:
    async def main() -> None:
        signals = TurnSignals()
        with signals.listening("as_1") as mine, signals.listening("as_1"), signals.listening("as_2"):
            signals.wake("as_2")
            started_s = time.monotonic()
            await mine.wait(0.05)
            assert time.monotonic() - started_s >= 0.04
        assert signals._sessions._waiting == {}
        with pytest.raises(RuntimeError), signals.announcing("as_1", "holder"):
            assert signals.patience_s("holder") > signals.patience_s("another") == signals.patience_s(None)
            raise RuntimeError
        assert signals.patience_s("holder") == signals.patience_s(None)

    asyncio.run(main())


async def _until_in_line(desk: Desk, session_id: str, count: int) -> None:
    async with asyncio.timeout(30):
        while len(await desk.tenant.fetch_all(queries.select_waiters, {"session_id": session_id})) != count:
            await asyncio.sleep(0.002)


def test_sends_in_line_behind_a_turn_of_this_process_read_nothing_until_it_ends(tmp_path: Path) -> None:
    async def work(desk: Desk) -> None:
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
        started_s = time.monotonic()
        goes_on.set()
        await asyncio.gather(*sends)
        assert time.monotonic() - started_s < 3  # and not a look at the database later, each
        assert desk.engine.running.signals._sessions._waiting == {}

    at_desk(tmp_path, work)


def test_a_send_in_line_behind_a_turn_of_another_process_looks_slowly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(desk: Desk) -> None:
        session = await desk.session()
        goes_on = asyncio.Event()
        desk.model.meanwhile = goes_on.wait
        first = asyncio.create_task(send(desk.tenant, desk.engine, session.id, Question(QUESTION)))
        await desk.until_running(session.id)
        async with another_process(desk.runtime.settings, FakeModel(), desk.tenant) as other:
            second = asyncio.create_task(send(other.tenant, other.engine, session.id, Question("Who agreed?")))
            await _until_in_line(desk, session.id, 1)
            with counted() as found:
                await asyncio.sleep(1)
            assert 1 <= found["select_session_state"] <= 5
            monkeypatch.setattr(turn_signals, "_POLL_S", 20)  # from now on only a wake-up helps, wherever it comes from
            await asyncio.sleep(0.3)
            goes_on.set()
            await first
            other.engine.running.signals.wake(session.id)
            async with asyncio.timeout(10):
                await second

    at_desk(tmp_path, work)


async def _numbers(events: AsyncIterator[tuple[int, TurnEvent]]) -> list[int]:
    return [number async for number, _ in events]


def test_a_follower_in_another_process_is_woken_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(desk: Desk) -> None:
        session = await desk.session()
        goes_on = asyncio.Event()
        desk.model.says = (TextDelta("On the "), goes_on, TextDelta("ninth."), Finished())
        turn = await begin_send(desk.tenant, desk.engine, session.id, Question(QUESTION))
        asked = str(turn.feed.events[0].data["user_message_id"])
        monkeypatch.setattr(turn_signals, "_POLL_S", 20)
        monkeypatch.setattr("earmark.ask.turns.following._LOOK_S", 20)
        async with another_process(desk.runtime.settings, FakeModel(), desk.tenant) as other:
            signals = other.engine.running.signals
            events = await follow_turn(other.tenant, other.engine.running, session.id, asked, 0)
            seeing = asyncio.create_task(_numbers(events))
            while not signals._sessions._waiting:
                await asyncio.sleep(0.01)
            goes_on.set()
            await turn.result()
            signals.wake(session.id)
            async with asyncio.timeout(10):
                assert await seeing == list(range(1, len(turn.feed.events) + 1))
            assert signals._sessions._waiting == {}

    at_desk(tmp_path, work)


def test_a_cancel_in_the_turns_own_process_returns_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(desk: Desk) -> None:
        session = await desk.session()
        desk.model.says = (TextDelta("On the "), asyncio.Event())
        turn = await begin_send(desk.tenant, desk.engine, session.id, Question(QUESTION))
        monkeypatch.setattr(turn_signals, "_POLL_S", 20)
        monkeypatch.setattr("earmark.ask.turns.heartbeat.BEAT_S", 20)
        await asyncio.sleep(0.3)  # the beat that was due before
        async with asyncio.timeout(5):
            asked = str(turn.feed.events[0].data["user_message_id"])
            assert await cancel_turn(desk.tenant, desk.engine.running, session.id, asked) == "cancelled"

    at_desk(tmp_path, work)
