"""A turn, those who wait for it and those who follow it, under a wall clock that jumps both ways."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from earmark import clock_jumps
from earmark.ask import queries
from earmark.ask.answers.feed import TextAdded, TurnCompleted
from earmark.ask.errors import TurnStillRunningError, TurnWaitedTooLongError
from earmark.ask.turns import followed, following
from earmark.ask.turns import heartbeat as turn_heartbeat
from earmark.ask.turns.following import cancel_turn, follow_turn
from earmark.ask.turns.queue import take_turn
from earmark.ask.turns.running import RunningTurn, RunningTurns
from earmark.ask.turns.turn import begin_send
from earmark.ask.types import Question
from earmark.clock import now_us
from earmark.llm.types import Finished, TextDelta
from tests.ask.desk import QUESTION, Desk, FakeModel, another_process, send
from tests.clock import Clock
from tests.streamed import shown

HOUR_S = 3_600
LOOKS_S = 0.6
"""Long enough for whoever looks four times a second."""


async def _slow_turn(desk: Desk, session_id: str) -> tuple[RunningTurn, asyncio.Event]:
    """Start a turn that has said a word; return it with what lets it go on."""
    goes_on = asyncio.Event()
    desk.model.says = (TextDelta("On the "), goes_on, TextDelta("ninth."), Finished())
    turn = await begin_send(desk.tenant, desk.engine, session_id, Question(QUESTION))
    async for _, event in turn.feed.follow():
        if isinstance(event, TextAdded):
            break
    return turn, goes_on


async def _jump(clock: Clock, *shifts_s: int) -> None:
    await asyncio.sleep(LOOKS_S)  # who waits has begun
    for shift_s in shifts_s:
        clock.shift_s = shift_s
        await asyncio.sleep(LOOKS_S)


@pytest.mark.parametrize("shifts_s", [(HOUR_S, 0), (-HOUR_S, 0), (HOUR_S, -HOUR_S)])
async def test_a_turn_and_the_line_behind_it_in_another_process_survive_jumps(
    desk: Desk, clock: Clock, shifts_s: tuple[int, ...]
) -> None:
    session = await desk.session()
    turn, goes_on = await _slow_turn(desk, session.id)
    async with another_process(desk.runtime.settings, FakeModel(), desk.tenant) as other:
        waiting = []
        for content in ("The second?", "The third?"):
            waiting.append(asyncio.create_task(send(other.tenant, other.engine, session.id, Question(content))))
            await asyncio.sleep(LOOKS_S)  # it stands in line
        await _jump(clock, *shifts_s)
        assert other.model.requests == []
        assert not any(one.done() for one in waiting)
        goes_on.set()
        answers = [(await turn.result()).message, *[(await one).message for one in waiting]]
    assert [one.content for one in answers[:1]] == ["On the ninth."]
    assert [one.ordinal for one in answers] == [1, 3, 5]


async def test_who_leaves_the_line_after_a_jump_takes_no_living_place_along(desk: Desk, clock: Clock) -> None:
    async def places(desk: Desk, session_id: str) -> list[int]:
        return [row[0] for row in await desk.tenant.fetch_all(queries.select_waiters, {"session_id": session_id})]

    session = await desk.session()
    turn, goes_on = await _slow_turn(desk, session.id)
    waiting = []
    for content in ("The second?", "The third?"):
        waiting.append(asyncio.create_task(send(desk.tenant, desk.engine, session.id, Question(content))))
        await asyncio.sleep(LOOKS_S)
    clock.shift_s = HOUR_S
    waiting[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    assert await places(desk, session.id) == [2]
    goes_on.set()
    assert [(await one).message.ordinal for one in (asyncio.create_task(turn.result()), waiting[1])] == [1, 3]


async def test_a_process_that_notices_a_jump_renews_its_turns_at_the_next_beat(
    desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_heartbeat, "_RENEW_S", 1e9)
    session = await desk.session()
    turn, goes_on = await _slow_turn(desk, session.id)
    for shift_s in (HOUR_S, 0, -HOUR_S):
        clock.shift_s = shift_s
        async with asyncio.timeout(60):
            while not 0 < ((await desk.state(session.id)).turn_expires_us or 0) - now_us() <= 20_000_000:
                await asyncio.sleep(0.02)
    goes_on.set()
    await turn.result()


async def test_who_follows_from_another_process_is_not_told_that_the_turn_was_interrupted(
    desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed, "FALLBACK_S", 0.1)  # it looks at the lease while the clock is wrong
    session = await desk.session()
    turn, goes_on = await _slow_turn(desk, session.id)
    await asyncio.sleep(LOOKS_S)  # its words are persisted
    asked = str(shown(turn.feed.events[0]).data["user_message_id"])
    events = await follow_turn(desk.tenant, RunningTurns(), session.id, asked, 0)

    async def last() -> Any:
        return [event async for _, event in events][-1]

    following_it = asyncio.create_task(last())
    await _jump(clock, HOUR_S, -HOUR_S)
    goes_on.set()
    assert isinstance(await following_it, TurnCompleted)


async def test_a_send_waits_as_long_as_it_may_when_the_clock_steps_back(desk: Desk, clock: Clock) -> None:
    session = await desk.session()
    turn, goes_on = await _slow_turn(desk, session.id)
    late = asyncio.create_task(send(desk.tenant, desk.waiting(1), session.id, Question("And when else?")))
    await _jump(clock, -HOUR_S)
    with pytest.raises(TurnWaitedTooLongError):
        await asyncio.wait_for(late, 60)
    goes_on.set()
    await turn.result()


async def test_a_cancel_waits_as_long_as_it_may_when_the_clock_steps_back(
    desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: Any) -> None:
        return None

    monkeypatch.setattr(turn_heartbeat, "beat", never)  # the turn hears of nothing
    monkeypatch.setattr(following, "_CANCEL_S", 1.0)
    session = await desk.session()
    turn, goes_on = await _slow_turn(desk, session.id)
    asked = str(shown(turn.feed.events[0]).data["user_message_id"])
    cancelling = asyncio.create_task(cancel_turn(desk.tenant, desk.engine.running, session.id, asked))
    await _jump(clock, -HOUR_S)
    with pytest.raises(TurnStillRunningError):
        await asyncio.wait_for(cancelling, 60)
    goes_on.set()
    await turn.result()


@pytest.mark.parametrize("shift_s", [HOUR_S, -HOUR_S])
async def test_a_turn_whose_process_died_around_a_jump_blocks_its_session_only_until_others_would_have_renewed(
    desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch, shift_s: int
) -> None:
    monkeypatch.setattr(clock_jumps, "SETTLES_S", 0.5)
    session = await desk.session()
    async with desk.tenant.writing() as unit:
        await take_turn(unit, session.id, "who died", "msg_none")
    clock.shift_s = shift_s
    await asyncio.wait_for(send(desk.tenant, desk.engine, session.id, Question(QUESTION)), 60)
