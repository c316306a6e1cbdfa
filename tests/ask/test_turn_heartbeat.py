"""The heartbeat of a process: one read and one unit of work for all its turns, and no turn suffers for another."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from earmark.ask.answers.feed import TextAdded
from earmark.ask.errors import SessionNotFoundError, TurnInterruptedError
from earmark.ask.sessions.sessions import delete_session, get_state
from earmark.ask.turns import heartbeat as turn_heartbeat
from earmark.ask.turns.following import follow_turn
from earmark.ask.turns.log import Batch, append_batches, read_events
from earmark.ask.turns.running import RunningTurn, RunningTurns
from earmark.ask.turns.turn import begin_send
from earmark.ask.types import Question
from earmark.llm.types import Finished, TextDelta
from earmark.storage.tenant import Tenant
from tests.ask.desk import QUESTION, Desk, FakeModel, another_process, send
from tests.streamed import shown

WRITES = ("insert_events", "update_turn_leases")


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count the statements of tenants' handles by the names of their queries."""
    found: Counter[str] = Counter()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("fetch_all", "execute", "execute_many"):
            patch.setattr(Tenant, name, _counting(getattr(Tenant, name), found))
        yield found


def _counting(run: Any, found: Counter[str]) -> Any:
    async def counting(tenant: Tenant, query: Any, *args: Any, **shape: Any) -> Any:
        found[query.name] += args[:1] != ([],)  # a change of no rows at all runs nothing
        return await run(tenant, query, *args, **shape)

    return counting


async def _talking(desk: Desk, count: int) -> tuple[list[RunningTurn], asyncio.Event]:
    """Start turns that have said a word and wait; return what lets them go on."""
    goes_on = asyncio.Event()
    desk.model.says = (TextDelta("On the "), goes_on, TextDelta("ninth."), Finished())
    sessions = [await desk.session() for _ in range(count)]
    turns = [await begin_send(desk.tenant, desk.engine, one.id, Question(QUESTION)) for one in sessions]
    for turn in turns:
        async for _, event in turn.feed.follow():
            if isinstance(event, TextAdded):
                break
    return turns, goes_on


def _asked(turn: RunningTurn) -> str:
    return str(shown(turn.feed.events[0]).data["user_message_id"])


async def _until_written(turns: Sequence[RunningTurn]) -> None:
    async with asyncio.timeout(60):
        while any(turn._held is None or turn._held.written < len(turn.feed.events) for turn in turns):
            await asyncio.sleep(0.01)


async def test_what_several_turns_said_is_persisted_in_one_unit_of_work(desk: Desk) -> None:
    with counted() as found:
        turns, goes_on = await _talking(desk, 5)
        await _until_written(turns)
    assert found["insert_events"] <= 2  # one, or two where a beat falls among the starts
    for turn in turns:
        kept, _ = await read_events(desk.tenant, turn.session_id, _asked(turn))
        assert [event for _, event in kept] == turn.feed.events
    goes_on.set()
    await asyncio.gather(*(turn.result() for turn in turns))


async def test_the_leases_of_all_turns_are_renewed_by_one_statement(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns, goes_on = await _talking(desk, 5)
    await _until_written(turns)
    before = [(await desk.state(turn.session_id)).turn_expires_us or 0 for turn in turns]
    monkeypatch.setattr(turn_heartbeat, "_RENEW_S", -1.0)
    with counted() as found:
        await turn_heartbeat.beat([turn._held for turn in turns if turn._held is not None])
    monkeypatch.setattr(turn_heartbeat, "_RENEW_S", 5.0)
    assert {name: found[name] for name in WRITES} == {"insert_events": 0, "update_turn_leases": 1}
    after = [(await desk.state(turn.session_id)).turn_expires_us or 0 for turn in turns]
    assert all(late > early for early, late in zip(before, after, strict=True))
    goes_on.set()
    await asyncio.gather(*(turn.result() for turn in turns))


async def test_each_tenants_turns_are_persisted_under_their_own_tenant(desk: Desk) -> None:
    async with another_process(desk.runtime.settings, FakeModel()) as other:  # another project
        theirs = Desk(other.runtime, other.tenant, desk.engine, desk.model, other.ingester)
        turns, goes_on = await _talking(desk, 1)
        others, others_go_on = await _talking(theirs, 1)
        await _until_written([*turns, *others])
        for tenant, turn in ((desk.tenant, turns[0]), (other.tenant, others[0])):
            kept, _ = await read_events(tenant, turn.session_id, _asked(turn))
            assert [event for _, event in kept] == turn.feed.events
        goes_on.set()
        others_go_on.set()
        await asyncio.gather(*(turn.result() for turn in (*turns, *others)))


async def test_turns_that_say_nothing_cost_one_read_a_beat(desk: Desk) -> None:
    turns, goes_on = await _talking(desk, 5)
    await _until_written(turns)
    with counted() as found:
        await asyncio.sleep(1)
    assert set(found) == {"select_turn_signs"}
    assert found["select_turn_signs"] <= 1 / turn_heartbeat.BEAT_S
    goes_on.set()
    await asyncio.gather(*(turn.result() for turn in turns))


async def test_a_turn_that_is_over_at_once_persists_only_its_end(desk: Desk) -> None:
    session = await desk.session()
    with counted() as found:
        await send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    assert {name: found[name] for name in WRITES} == {"insert_events": 1, "update_turn_leases": 0}


async def test_the_heartbeat_ends_with_the_last_turn_and_begins_again_with_the_next(desk: Desk) -> None:
    heartbeat = desk.engine.running.heartbeat
    for _ in range(2):
        turns, goes_on = await _talking(desk, 2)
        assert heartbeat._task is not None
        assert not heartbeat._task.done()
        goes_on.set()
        await asyncio.gather(*(turn.result() for turn in turns))
        await asyncio.wait_for(heartbeat._task, 60)


async def test_a_turn_whose_events_cannot_be_persisted_fails_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = ""

    async def breaking(unit: Tenant, batches: Sequence[Batch]) -> None:
        if any(place["session_id"] == broken for place, _, _ in batches):
            raise RuntimeError
        await append_batches(unit, batches)

    monkeypatch.setattr(turn_heartbeat, "append_batches", breaking)
    turns, goes_on = await _talking(desk, 3)
    broken = turns[1].session_id
    with pytest.raises(RuntimeError):
        await asyncio.wait_for(turns[1].result(), 60)
    await _until_written([turns[0], turns[2]])
    goes_on.set()
    assert [(await turns[at].result()).message.content for at in (0, 2)] == ["On the ninth."] * 2


async def test_a_session_deleted_meanwhile_ends_its_turn_and_no_other(desk: Desk) -> None:
    turns, goes_on = await _talking(desk, 3)
    await delete_session(desk.tenant, desk.runtime.deletion, turns[1].session_id)
    with pytest.raises(SessionNotFoundError):
        await asyncio.wait_for(turns[1].result(), 60)
    goes_on.set()
    assert [(await turns[at].result()).message.content for at in (0, 2)] == ["On the ninth."] * 2


async def test_a_turn_whose_session_somebody_changes_holds_up_no_other(desk: Desk) -> None:
    turns, goes_on = await _talking(desk, 3)
    if type(desk.runtime.database).__name__ != "SQLiteDatabase":  # there all units of work take turns
        async with desk.tenant.writing() as slow:
            await get_state(slow, turns[1].session_id, for_update=True)
            await _until_written([turns[0], turns[2]])
    goes_on.set()
    for turn in turns:
        await turn.result()


async def test_who_resumes_behind_the_last_persisted_event_of_a_dead_process_hears_of_its_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns, goes_on = await _talking(desk, 1)
    await _until_written(turns)
    sent = len(turns[0].feed.events) + 3  # events that its client had, and the database never
    with monkeypatch.context() as patch:
        patch.setattr("earmark.ask.turns.queue.now_us", lambda: 1 << 60)  # its lease has run out
        place = (turns[0].session_id, _asked(turns[0]), sent)
        events = [one async for one in await follow_turn(desk.tenant, RunningTurns(), *place)]
    assert [number for number, _ in events] == [sent + 1]
    assert isinstance(events[0][1].error, TurnInterruptedError)
    goes_on.set()
    await turns[0].result()
