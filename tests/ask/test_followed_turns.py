"""Following a turn of another process: one look for all, when there is something to see, and now and then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from earmark.ask.answers.feed import Follower, TextAdded, TurnEvent, TurnFailed
from earmark.ask.errors import SessionNotFoundError
from earmark.ask.sessions.sessions import delete_session
from earmark.ask.turns import followed
from earmark.ask.turns.followed import FollowedTurn
from earmark.ask.turns.following import follow_turn
from earmark.ask.turns.running import RunningTurn
from earmark.ask.turns.turn import begin_send
from earmark.ask.types import Question
from earmark.errors import EarmarkError, UnavailableError
from earmark.llm.types import Finished, TextDelta
from earmark.storage.signals import Signals
from earmark.storage.sqlite import SQLiteDatabase
from tests.ask.desk import QUESTION, Desk, FakeModel, another_process
from tests.ask.test_turn_heartbeat import counted
from tests.streamed import shown

LOOK = "select_event_marks"
NEVER_S = 10_000.0


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def elsewhere(desk: Desk) -> AsyncIterator[Desk]:
    """Another process on the desk's database, once it hears what it can hear."""
    async with another_process(desk.runtime.settings, FakeModel(), desk.tenant) as other:
        database = other.runtime.database
        await until(lambda: database.signals.is_shared or database.change_marker() is not None)
        yield other


async def _speaking(desk: Desk, words: int) -> tuple[RunningTurn, list[asyncio.Event]]:
    """Start a turn that says a word, and one more for each event that is set."""
    gates = [asyncio.Event() for _ in range(words)]
    said = [one for number, gate in enumerate(gates) for one in (gate, TextDelta(f"word{number} "))]
    desk.model.says = (TextDelta("On "), *said, Finished())
    session = await desk.session()
    return await begin_send(desk.tenant, desk.engine, session.id, Question(QUESTION)), gates


def _asked(turn: RunningTurn) -> str:
    return str(shown(turn.feed.events[0]).data["user_message_id"])


async def _follow(at: Desk, turn: RunningTurn, after: int = 0) -> Follower:
    return await follow_turn(at.tenant, at.engine.running, turn.session_id, _asked(turn), after)


class Seen(list[tuple[int, TurnEvent]]):
    """What a follower has seen so far."""

    def __init__(self, follower: Follower) -> None:
        super().__init__()
        self.reading = asyncio.create_task(self._read(follower))

    async def _read(self, follower: Follower) -> None:
        async for one in follower:
            self.append(one)

    @property
    def text(self) -> str:
        return "".join(event.text for _, event in self if isinstance(event, TextAdded))


def _failure_of(seen: Seen) -> type[EarmarkError]:
    last = seen[-1][1]
    assert isinstance(last, TurnFailed)
    return type(last.error)


async def test_each_part_is_seen_in_another_process_without_a_look_at_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed, "FALLBACK_S", NEVER_S)
    turn, gates = await _speaking(desk, 3)
    async with elsewhere(desk) as other:
        all_seen = [Seen(await _follow(other, turn)) for _ in range(20)]
        await until(lambda: all(seen.text == "On " for seen in all_seen))
        with counted() as found:
            for number, gate in enumerate(gates):
                gate.set()
                await until(lambda n=number: all(f"word{n}" in seen.text for seen in all_seen))  # type: ignore[misc]
            await asyncio.gather(*(seen.reading for seen in all_seen))
        # Of each commit one look, for all twenty.
        assert 3 <= found[LOOK] <= found["insert_events"] + found["update_turn_leases"] + 1
        assert found["select_events"] <= 4
        assert [one[0] for one in all_seen[0]] == list(range(1, len(turn.feed.events) + 1))
        assert other.engine.running.followed._turns == {}


async def test_followers_of_silent_turns_look_at_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followed, "FALLBACK_S", NEVER_S)
    turn, _ = await _speaking(desk, 1)
    async with elsewhere(desk) as other:
        here, there = Seen(await _follow(desk, turn)), Seen(await _follow(other, turn))
        await until(lambda: here.text == there.text == "On ")
        with counted() as found:
            await asyncio.sleep(0.6)
        assert found["select_turn_signs"] > 0, "the heartbeat's own read"
        assert found[LOOK] <= found["update_turn_leases"], "the marker of a file tells of these as well"
        for seen in (here, there):
            seen.reading.cancel()
        await until(lambda: not other.engine.running.followed._turns)
        await until(lambda: bool(other.engine.running.followed._task and other.engine.running.followed._task.done()))
        assert not any(name.startswith("turn ") for name in other.runtime.database.signals._waiting)


async def test_a_lost_notification_is_made_up_for_by_the_fallback(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    turn, (gate,) = await _speaking(desk, 1)
    async with elsewhere(desk) as other:
        seen = Seen(await _follow(other, turn))
        await until(lambda: seen.text == "On ")
        monkeypatch.setattr(Signals, "fire", lambda *_: None)  # nothing is heard from here on
        monkeypatch.setattr(SQLiteDatabase, "change_marker", lambda _: 1)
        gate.set()
        await turn.result()
        assert not seen.reading.done()
        monkeypatch.setattr(followed, "FALLBACK_S", 0.05)
        other.engine.running.followed._next.wake()  # it waits for the fallback of before
        async with asyncio.timeout(30):
            await seen.reading
        assert seen.text == "On word0 "


async def test_where_signals_can_not_arrive_one_poll_serves_all(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followed, "FALLBACK_S", NEVER_S)
    turn, (gate,) = await _speaking(desk, 1)
    async with elsewhere(desk) as other:
        monkeypatch.setattr(type(other.runtime.database), "change_marker", lambda _: None)
        other.runtime.database.signals.is_shared = False
        monkeypatch.setattr(Signals, "fire", lambda *_: None)
        all_seen = [Seen(await _follow(other, turn)) for _ in range(20)]
        await until(lambda: all(seen.text == "On " for seen in all_seen))
        with counted() as found:
            await until(lambda: found[LOOK] >= 3)
            assert found["select_turn_leases"] == found[LOOK]
            assert found["select_events"] == 0
        gate.set()
        await asyncio.gather(*(seen.reading for seen in all_seen))


async def test_followers_wait_while_the_database_is_away_and_a_bug_ends_only_those_concerned(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed, "FALLBACK_S", 0.01)
    raised: list[Exception] = []

    look, session_id = followed._look, ""
    error: Exception = UnavailableError("The database does not answer.")

    async def breaking(turns: Sequence[FollowedTurn]) -> None:
        if any(turn.session_id == session_id for turn in turns):
            raised.append(error)
            raise error
        await look(turns)

    (one, _), (another, (gate,)) = await _speaking(desk, 1), await _speaking(desk, 1)
    async with elsewhere(desk) as other:
        seen, unconcerned = Seen(await _follow(other, one)), Seen(await _follow(other, another))
        await until(lambda: seen.text == unconcerned.text == "On ")
        session_id = one.session_id
        monkeypatch.setattr(followed, "_look", breaking)
        await until(lambda: len(raised) > 2)
        assert not seen.reading.done()
        error = RuntimeError()
        async with asyncio.timeout(30):
            await seen.reading
        assert _failure_of(seen) is EarmarkError
        gate.set()
        async with asyncio.timeout(30):
            await unconcerned.reading
        assert unconcerned.text == "On word0 "


async def test_a_deleted_session_ends_its_followers_in_every_process(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed, "FALLBACK_S", NEVER_S)
    turn, _ = await _speaking(desk, 1)
    async with elsewhere(desk) as other:
        seen = Seen(await _follow(other, turn))
        await until(lambda: seen.text == "On ")
        await delete_session(desk.tenant, desk.runtime.deletion, turn.session_id)
        async with asyncio.timeout(30):
            await seen.reading
        assert _failure_of(seen) is SessionNotFoundError


async def test_who_comes_later_or_resumes_gets_the_same_events(desk: Desk) -> None:
    turn, gates = await _speaking(desk, 2)
    async with elsewhere(desk) as other:
        first = Seen(await _follow(other, turn))
        await until(lambda: first.text == "On ")
        gates[0].set()
        await until(lambda: "word0" in first.text)
        late, resumed = Seen(await _follow(other, turn)), Seen(await _follow(other, turn, after=3))
        assert len(other.engine.running.followed._turns) == 1
        gates[1].set()
        await asyncio.gather(*(seen.reading for seen in (first, late, resumed)))
        assert late == first
        assert resumed == first[3:]


async def test_a_follower_that_never_begins_leaves_nothing_behind(desk: Desk) -> None:
    turn, _ = await _speaking(desk, 1)
    async with elsewhere(desk) as other:
        await until(lambda: turn._held is not None and turn._held.written > 0)
        await _follow(other, turn)
        assert other.engine.running.followed._turns == {}


async def test_sqlites_marker_changes_with_the_commits_of_others_only(desk: Desk) -> None:
    async with elsewhere(desk) as other:
        database = other.runtime.database
        before = database.change_marker()
        assert database.change_marker() == before
        await desk.session()
        assert (database.change_marker() == before) == (before is None)
