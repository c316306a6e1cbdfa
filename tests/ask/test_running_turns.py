"""Running turns: follow, cancel, fall back to the next model, count usage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from earmark.api.wire.turns import part_to_wire
from earmark.ask.answers.feed import SourcesFound, TextAdded, TurnCompleted, TurnEvent, TurnFailed
from earmark.ask.errors import (
    AnswerFailedError,
    EventsGoneError,
    MessageNotFoundError,
    TurnInterruptedError,
    TurnStillRunningError,
)
from earmark.ask.sessions.sessions import delete_session
from earmark.ask.turns import log as turn_log
from earmark.ask.turns.following import cancel_turn, follow_turn
from earmark.ask.turns.running import RunningTurn, RunningTurns
from earmark.ask.turns.turn import begin_regenerate, begin_send
from earmark.ask.turns.usage import UsageFilters, list_usage
from earmark.ask.types import Question, Scope
from earmark.errors import ProviderError
from earmark.llm.providers import Providers
from earmark.llm.types import CitationMark, Finished, TextDelta
from tests.ask.desk import QUESTION, TALK, Desk, FakeModel, another_process, send
from tests.streamed import parts_of, shown

FAILED = ProviderError("The model did not answer.")


async def _all(events: AsyncIterator[tuple[int, TurnEvent]]) -> list[tuple[int, TurnEvent]]:
    async with asyncio.timeout(30):
        return [one async for one in events]


def assemble(events: list[tuple[int, TurnEvent]]) -> list[dict[str, Any]]:
    """Return the parts that a client assembles from numbered events."""
    return parts_of(shown(event) for _, event in events)


async def test_the_feed_numbers_its_events_and_adds_up_to_the_stored_answer(desk: Desk) -> None:
    recording = await desk.recording()
    session = await desk.session(Scope("recording", (recording.id,)))
    desk.model.says = (TextDelta("On the "), TextDelta("ninth"), CitationMark(2), TextDelta("."), CitationMark(99),
                       CitationMark(3), CitationMark(3), Finished("stop", 5, 6, 1))  # fmt: skip
    turn = await begin_send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    events = await _all(turn.feed.follow())
    assert [number for number, _ in events] == list(range(1, len(events) + 1))
    names = [shown(event).name for _, event in events]
    assert names[:2] == ["turn.started", "turn.sources"]
    assert names[-1] == "turn.completed"
    result = await turn.result()
    assert assemble(events) == [part_to_wire(part) for part in result.message.parts]
    assert len([name for name in names if name == "citation"]) == 2
    again = await _all(turn.feed.follow(after=3))
    assert again == events[3:]


async def _slow_turn(desk: Desk, session_id: str) -> tuple[RunningTurn, asyncio.Event]:
    """Start a turn that publishes two words and waits for the event before its last."""
    goes_on = asyncio.Event()
    desk.model.says = (TextDelta("On the "), TextDelta("ninth "), goes_on, TextDelta("of June."), Finished())
    turn = await begin_send(desk.tenant, desk.engine, session_id, Question(QUESTION))
    async for _, event in turn.feed.follow():
        if isinstance(event, TextAdded) and event.text == "ninth ":
            break
    return turn, goes_on


def _started(turn: RunningTurn) -> str:
    return str(shown(turn.feed.events[0]).data["user_message_id"])


async def test_another_process_follows_a_running_turn_to_its_end(desk: Desk) -> None:
    session = await desk.session()
    async with another_process(desk.runtime.settings, FakeModel(), desk.tenant) as other:
        turn, goes_on = await _slow_turn(desk, session.id)
        asked = _started(turn)
        seen: list[tuple[int, TurnEvent]] = []
        async for number, event in await follow_turn(other.tenant, RunningTurns(), session.id, asked, 0):
            seen.append((number, event))
            if isinstance(event, TextAdded) and event.text == "ninth ":
                goes_on.set()
        assert [number for number, _ in seen] == list(range(1, len(turn.feed.events) + 1))
        assert isinstance(seen[-1][1], TurnCompleted)
        assert seen[-1][1].result.message == (await turn.result()).message
        assert assemble(seen) == assemble(await _all(turn.feed.follow()))
        tail = await _all(await follow_turn(other.tenant, RunningTurns(), session.id, asked, 4))
        assert [number for number, _ in tail] == [number for number, _ in seen if number > 4]


async def test_events_are_gone_five_minutes_after_the_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await desk.session()
    turn = await begin_send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    answer = (await turn.result()).message
    asked = _started(turn)
    kept = await _all(await follow_turn(desk.tenant, RunningTurns(), session.id, asked, 0))
    assert isinstance(kept[-1][1], TurnCompleted)
    monkeypatch.setattr("earmark.ask.turns.following.RETENTION_US", 0)
    with pytest.raises(EventsGoneError):
        await follow_turn(desk.tenant, RunningTurns(), session.id, asked, 0)
    with pytest.raises(MessageNotFoundError):
        await follow_turn(desk.tenant, RunningTurns(), session.id, answer.id, 0)
    monkeypatch.setattr(turn_log, "_SWEPT_US", -1_000_000)
    await turn_log.sweep_events(desk.runtime.operator)
    assert await turn_log.read_events(desk.tenant, session.id, asked) == ([], None)


async def test_a_deleted_recordings_words_are_not_replayed(desk: Desk) -> None:
    recording = await desk.recording()
    session = await desk.session()
    turn = await begin_send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    assert (await turn.result()).sources
    asked = _started(turn)
    kept = await _all(await follow_turn(desk.tenant, RunningTurns(), session.id, asked, 0))
    assert kept[1][1] == SourcesFound((await turn.result()).sources)
    await desk.runtime.deletion.delete_recording(desk.tenant, recording.id)
    again = await _all(await follow_turn(desk.tenant, RunningTurns(), session.id, asked, 0))
    assert again[1][1] == SourcesFound(())
    assert again[-1][1].result.sources == ()
    assert [number for number, _ in again] == [number for number, _ in kept]


async def test_evidence_is_bounded_by_the_models_context(desk: Desk) -> None:
    for number in range(6):
        await desk.recording(f"Meeting {number}", [replace(one, text=f"{one.text} {number} " * 40) for one in TALK])
    session = await desk.session()
    counts = []
    for context in (None, 4_000):
        desk.model.context_tokens = context
        result = await send(desk.tenant, desk.engine, session.id, Question(f"{QUESTION} {context}"))
        request = desk.model.requests[-1]
        counts.append(len(result.sources))
        assert len(request.hits) == len(result.sources)
    assert 1 <= counts[1] < counts[0]


async def test_a_failed_turn_stores_its_failure_and_none_of_its_words(desk: Desk) -> None:
    session = await desk.session()
    desk.model.says = (TextDelta("Half a "), TextDelta("sentence"), FAILED)
    turn = await begin_send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    with pytest.raises(AnswerFailedError):
        await turn.result()
    live = await _all(turn.feed.follow())
    kept = await _all(await follow_turn(desk.tenant, RunningTurns(), session.id, _started(turn), 0))
    assert [shown(event).name for _, event in kept] == ["turn.started", "turn.failed"]
    assert kept[-1][0] == live[-1][0]
    assert kept[-1][1].error.session_id == session.id
    assert (kept[-1][1].error.code, kept[-1][1].error.status) == ("provider_error", 502)


async def test_a_cancelled_turn_stores_the_text_so_far(desk: Desk) -> None:
    session = await desk.session()
    turn, _ = await _slow_turn(desk, session.id)
    running = desk.engine.running
    assert await cancel_turn(desk.tenant, running, session.id, _started(turn)) == "cancelled"
    result = await turn.result()
    assert (result.message.content, result.message.finish_reason) == ("On the ninth ", "cancelled")
    assert await cancel_turn(desk.tenant, running, session.id, _started(turn)) == "cancelled"
    assert [message.role for message in await desk.messages(session.id)] == ["user", "assistant"]


async def test_a_turn_is_cancelled_from_another_process(desk: Desk) -> None:
    session = await desk.session()
    async with another_process(desk.runtime.settings, FakeModel(), desk.tenant) as other:
        turn, _ = await _slow_turn(desk, session.id)
        assert await cancel_turn(other.tenant, RunningTurns(), session.id, _started(turn)) == "cancelled"
        assert (await turn.result()).message.finish_reason == "cancelled"


async def test_a_turn_that_does_not_stop_is_not_reported_as_stopped(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def for_ever(*_: object) -> bool:
        return True

    session = await desk.session()
    turn, _ = await _slow_turn(desk, session.id)
    with monkeypatch.context() as patch:
        patch.setattr("earmark.ask.turns.following._CANCEL_S", 0.1)
        patch.setattr("earmark.ask.turns.following._runs", for_ever)
        with pytest.raises(TurnStillRunningError):
            await cancel_turn(desk.tenant, desk.engine.running, session.id, _started(turn))
    assert await cancel_turn(desk.tenant, desk.engine.running, session.id, _started(turn)) == "cancelled"


async def test_cancelling_a_finished_turn_changes_nothing(desk: Desk) -> None:
    session = await desk.session()
    turn = await begin_send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    before = (await turn.result()).message
    assert await cancel_turn(desk.tenant, desk.engine.running, session.id, _started(turn)) == "finished"
    assert (await desk.messages(session.id))[1] == before


async def test_a_regeneration_cancelled_before_its_first_word_keeps_the_old_answer(desk: Desk) -> None:
    session = await desk.session()
    old = await send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    asked = (await desk.messages(session.id))[0]
    desk.model.meanwhile = asyncio.Event().wait
    turn = await begin_regenerate(desk.tenant, desk.engine, session.id, asked.id, None)
    await desk.until_running(session.id)
    assert await cancel_turn(desk.tenant, desk.engine.running, session.id, asked.id) == "cancelled"
    assert (await turn.result()).message == old.message
    assert await desk.messages(session.id) == [asked, old.message]


async def test_a_session_deleted_during_its_turn_ends_the_feed(desk: Desk) -> None:
    session = await desk.session()
    turn, _ = await _slow_turn(desk, session.id)
    await delete_session(desk.tenant, desk.runtime.deletion, session.id)
    events = await _all(turn.feed.follow())
    assert isinstance(events[-1][1], TurnFailed)
    assert events[-1][1].error.status == 404


async def test_a_turn_whose_process_died_is_reported_as_interrupted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await desk.session()
    turn, _ = await _slow_turn(desk, session.id)
    await asyncio.sleep(0.5)  # its words are written down for other processes
    monkeypatch.setattr("earmark.ask.turns.queue.now_us", lambda: 1 << 60)  # its lease has run out
    events = await _all(await follow_turn(desk.tenant, RunningTurns(), session.id, _started(turn), 0))
    assert isinstance(events[-1][1].error, TurnInterruptedError)


# ---- who answers -----------------------------------------------------------------------------------


def _two_models(desk: Desk, **options: Any) -> tuple[FakeModel, FakeModel, Any]:
    first, second = FakeModel(), FakeModel()
    first.provider, first.model = "first", "first-1"
    second.provider, second.model = "second", "second-1"
    second.says = (TextDelta("The second says so."), Finished())
    return first, second, replace(desk.engine, providers=Providers([first, second], **options))


async def test_the_next_model_answers_a_turn_that_named_none(desk: Desk) -> None:
    first, _, engine = _two_models(desk, fallback=["second"])
    first.says = (FAILED,)
    session = await desk.session()
    result = await send(desk.tenant, engine, session.id, Question(QUESTION))
    assert (result.message.provider, result.message.model) == ("second", "second-1")
    with pytest.raises(AnswerFailedError):
        await send(desk.tenant, engine, session.id, Question("Named?", provider="first"))


async def test_no_other_model_continues_once_text_was_published(desk: Desk) -> None:
    first, second, engine = _two_models(desk, fallback=["second"])
    first.says = (TextDelta("I begin"), FAILED)
    session = await desk.session()
    with pytest.raises(AnswerFailedError):
        await send(desk.tenant, engine, session.id, Question(QUESTION))
    assert second.requests == []


async def test_an_answer_shows_the_alias_asked_for_and_the_model_used(desk: Desk) -> None:
    _, _, engine = _two_models(desk, aliases={"gemini": "second"})
    session = await desk.session()
    result = await send(desk.tenant, engine, session.id, Question(QUESTION, provider="gemini"))
    assert (result.message.provider, result.message.model) == ("gemini", "second-1")


async def test_a_project_has_its_own_default(desk: Desk) -> None:
    _, _, engine = _two_models(desk, by_project={desk.tenant.key.project_id: "second"})
    session = await desk.session()
    result = await send(desk.tenant, engine, session.id, Question(QUESTION))
    assert result.message.provider == "second"


async def test_an_empty_answer_is_retried_once_and_then_fails(desk: Desk) -> None:
    session = await desk.session()
    desk.model.says = (TextDelta("  "), CitationMark(1), Finished())
    with pytest.raises(AnswerFailedError):
        await send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    assert len(desk.model.requests) == 2


async def test_a_model_that_does_not_stop_is_cut_off(desk: Desk) -> None:
    session = await desk.session()
    desk.model.says = (*(TextDelta("word " * 10_000) for _ in range(40)), Finished())
    result = await send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    assert (len(result.message.content), result.message.finish_reason) == (200_000, "length")


async def test_usage_is_counted_by_day_and_model_and_outlives_the_session(desk: Desk) -> None:
    desk.model.says = (TextDelta("In June."), Finished("stop", 100, 7, 3))
    for _ in range(2):
        session = await desk.session()
        await send(desk.tenant, desk.engine, session.id, Question(QUESTION))
        await delete_session(desk.tenant, desk.runtime.deletion, session.id)
    (day,) = await list_usage(desk.tenant)
    assert (day.provider, day.model) == ("fake", "fake-1")
    assert (day.answers, day.input_tokens, day.output_tokens, day.cached_tokens) == (2, 200, 14, 6)
    assert await list_usage(desk.tenant, UsageFilters(since="2100-01-01")) == []


async def test_a_retry_with_the_same_message_id_returns_the_stored_answer(desk: Desk) -> None:
    session = await desk.session()
    question = Question(QUESTION, message_id="msg_again")
    first = await send(desk.tenant, desk.engine, session.id, question)
    turn = await begin_send(desk.tenant, desk.engine, session.id, question)
    assert await turn.result() == first
    assert assemble(await _all(turn.feed.follow())) == [part_to_wire(part) for part in first.message.parts]
    assert len(await desk.messages(session.id)) == 2
