"""Turns: what is stored on success and on failure."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import earmark.ask.turns.heartbeat
import earmark.ask.turns.queue
from earmark.api.wire.turns import part_to_wire
from earmark.ask import queries
from earmark.ask.errors import (
    AnswerFailedError,
    SessionNotFoundError,
    TurnInterruptedError,
    TurnLostError,
    TurnWaitedTooLongError,
)
from earmark.ask.sessions.messages import list_sources
from earmark.ask.sessions.sessions import delete_session, get_session, rename_session
from earmark.ask.turns.opening import NewSession
from earmark.ask.turns.queue import is_running
from earmark.ask.turns.turn import begin_send
from earmark.ask.types import AskResult, Message, Question, Scope
from earmark.clock import now_us
from earmark.errors import ProviderError
from earmark.llm.types import AnswerEvent, CitationMark, Finished, TextDelta
from tests.ask.desk import QUESTION, TALK, Desk, FakeModel, another_process, ask_in_new_session, regenerate, send
from tests.clock import Clock

FAILED = ProviderError("The model did not answer.")


def _said(messages: list[Message]) -> list[tuple[str, str]]:
    return [(one.role, one.content) for one in messages]


def _parts(message: Message) -> list[Any]:
    return [part_to_wire(part) for part in message.parts]


# ---- the model fails -------------------------------------------------------------------------------


async def test_a_model_failure_stores_the_question_and_reports_its_session(desk: Desk) -> None:
    session = await desk.session()
    desk.model.says = (TextDelta("On the"), FAILED)
    with pytest.raises(AnswerFailedError) as caught:
        await send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    assert caught.value.session_id == session.id
    assert _said(await desk.messages(session.id)) == [("user", QUESTION)]
    after = await get_session(desk.tenant, session.id)
    assert (after.message_count, after.title, after.last_model) == (1, QUESTION, None)
    assert not is_running(await desk.state(session.id))


async def test_the_same_text_again_answers_the_waiting_question(desk: Desk) -> None:
    session = await desk.session()
    desk.model.says = (FAILED,)
    with pytest.raises(AnswerFailedError):
        await send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    asked = (await desk.messages(session.id))[0]
    desk.model.says = (TextDelta("In June."), Finished())
    await send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    messages = await desk.messages(session.id)
    assert _said(messages) == [("user", QUESTION), ("assistant", "In June.")]
    assert messages[0] == asked
    assert (await get_session(desk.tenant, session.id)).message_count == 2


async def test_another_text_after_a_failure_is_another_question(desk: Desk) -> None:
    session = await desk.session()
    desk.model.says = (FAILED,)
    with pytest.raises(AnswerFailedError):
        await send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    desk.model.says = (TextDelta("Ada."), Finished())
    await send(desk.tenant, desk.engine, session.id, Question("Who agreed?"))
    assert [role for role, _ in _said(await desk.messages(session.id))] == ["user", "user", "assistant"]


async def test_the_same_text_after_an_answer_is_asked_again(desk: Desk) -> None:
    session = await desk.session()
    for _ in range(2):
        await send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    assert [one.role for one in await desk.messages(session.id)] == ["user", "assistant"] * 2


async def test_a_failed_first_question_leaves_its_new_session(desk: Desk) -> None:
    desk.model.says = (FAILED,)
    with pytest.raises(AnswerFailedError) as caught:
        await ask_in_new_session(desk, NewSession("library"), Question(QUESTION))
    session = await get_session(desk.tenant, caught.value.session_id)
    assert (session.title, session.message_count) == (QUESTION, 1)


async def test_a_failed_regeneration_leaves_the_old_answer(desk: Desk) -> None:
    session = await desk.session()
    await send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    before = await desk.messages(session.id)
    desk.model.says = (TextDelta("Or"), FAILED)
    with pytest.raises(AnswerFailedError):
        await regenerate(desk, session.id, before[0].id)
    assert await desk.messages(session.id) == before


async def test_an_unexpected_error_in_the_model_releases_the_turn(desk: Desk) -> None:
    session = await desk.session()
    desk.model.says = (RuntimeError("a bug"),)
    with pytest.raises(RuntimeError):
        await send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    desk.model.says = (TextDelta("In June."), Finished())
    await send(desk.tenant, desk.waiting(0.5), session.id, Question(QUESTION))
    assert [one.role for one in await desk.messages(session.id)] == ["user", "assistant"]


async def test_a_turn_completes_and_is_stored_after_its_client_disconnects(desk: Desk) -> None:
    session = await desk.session()
    goes_on = asyncio.Event()
    desk.model.meanwhile = goes_on.wait
    sending = asyncio.create_task(send(desk.tenant, desk.engine, session.id, Question(QUESTION)))
    await desk.until_running(session.id)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    goes_on.set()
    await desk.engine.running.finish(30)
    assert [role for role, _ in _said(await desk.messages(session.id))] == ["user", "assistant"]
    assert not is_running(await desk.state(session.id))


async def test_a_turn_that_outlasts_the_grace_period_is_abandoned_without_an_answer(desk: Desk) -> None:
    session = await desk.session()
    desk.model.meanwhile = asyncio.Event().wait
    turn = await begin_send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    await desk.until_running(session.id)
    await desk.engine.running.finish(0.01)
    with pytest.raises(TurnInterruptedError):
        await turn.result()
    assert _said(await desk.messages(session.id)) == [("user", QUESTION)]
    assert not is_running(await desk.state(session.id))


# ---- citations -------------------------------------------------------------------------------------


async def _answer_of(desk: Desk, *says: AnswerEvent) -> list[Any]:
    """Return the parts stored when the model says this, the recording's id as `rec`."""
    recording = await desk.recording()
    session = await desk.session(Scope("recording", (recording.id,)))
    desk.model.says = (*says, Finished())
    result = await send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    stored = (await desk.messages(session.id))[1]
    assert stored == result.message
    assert stored.content == "".join(part["text"] for part in _parts(stored) if part["type"] == "text")
    return [{**part, "recording_id": "rec"} if part["type"] == "citation" else part for part in _parts(stored)]


def _text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def _cited(number: int) -> dict[str, Any]:
    return {"type": "citation", "recording_id": "rec", "start_ms": TALK[number - 1].start_ms}


async def test_a_number_becomes_the_recording_and_where_its_segment_starts(desk: Desk) -> None:
    parts = await _answer_of(
        desk, TextDelta("In "), TextDelta("June."), CitationMark(2), TextDelta(" Yes."), CitationMark(3)
    )
    assert parts == [_text("In June."), _cited(2), _text(" Yes."), _cited(3)]


async def test_unknown_numbers_are_dropped(desk: Desk) -> None:
    unknown = [CitationMark(number) for number in (0, -1, 4, 99, 1 << 70)]
    assert await _answer_of(desk, TextDelta("In June"), *unknown, TextDelta(".")) == [_text("In June.")]


async def test_the_same_moment_cited_twice_in_a_row_is_one_citation(desk: Desk) -> None:
    marks = (CitationMark(2), CitationMark(99), CitationMark(2), CitationMark(1))
    assert await _answer_of(desk, TextDelta("In June."), *marks) == [_text("In June."), _cited(2), _cited(1)]


async def test_the_same_moment_may_support_two_sentences(desk: Desk) -> None:
    parts = await _answer_of(desk, TextDelta("In June."), CitationMark(2), TextDelta(" The ninth."), CitationMark(2))
    assert parts == [_text("In June."), _cited(2), _text(" The ninth."), _cited(2)]


async def test_a_citation_before_any_text_is_dropped(desk: Desk) -> None:
    parts = await _answer_of(
        desk, CitationMark(1), TextDelta(""), CitationMark(2), TextDelta("In June."), CitationMark(3)
    )
    assert parts == [_text("In June."), _cited(3)]


# ---- things go away while the model thinks ---------------------------------------------------------


async def test_a_session_deleted_during_its_turn_leaves_nothing(desk: Desk) -> None:
    await desk.recording()
    session = await desk.session()
    desk.model.meanwhile = lambda: delete_session(desk.tenant, desk.runtime.deletion, session.id)
    with pytest.raises(SessionNotFoundError):
        await send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    assert await desk.messages(session.id) == []


async def test_sources_of_a_recording_deleted_during_the_turn_are_not_stored(desk: Desk) -> None:
    kept, gone = await desk.recording("Kept"), await desk.recording("Gone")
    session = await desk.session()
    desk.model.meanwhile = lambda: desk.runtime.deletion.delete_recording(desk.tenant, gone.id)
    result = await send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    assert {hit.recording_id for hit in desk.model.requests[0].hits} == {kept.id, gone.id}
    sources = await list_sources(desk.tenant, session.id, [result.message])
    assert {one.recording_id for one in sources[result.message.id]} == {kept.id}


async def test_a_turn_that_lost_its_lease_stores_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (earmark.ask.turns.queue, earmark.ask.turns.heartbeat):  # a lease is over as soon as it is taken
        monkeypatch.setattr(module, "LEASE_US", -1)
    session = await desk.session()
    go_on = asyncio.Event()
    desk.model.meanwhile = go_on.wait
    slow = asyncio.create_task(send(desk.tenant, desk.engine, session.id, Question(QUESTION)))
    while not desk.model.at_once:
        await asyncio.sleep(0.002)
    quick = FakeModel()
    quick.says = (TextDelta("Quickly."), Finished())
    async with another_process(desk.runtime.settings, quick, desk.tenant) as other:
        await send(other.tenant, other.engine, session.id, Question(QUESTION))
    before = await get_session(desk.tenant, session.id)
    go_on.set()
    with pytest.raises(TurnLostError):
        await slow
    assert _said(await desk.messages(session.id)) == [("user", QUESTION), ("assistant", "Quickly.")]
    assert await get_session(desk.tenant, session.id) == before


# ---- one at a time, in order of arrival ------------------------------------------------------------


async def _in_line(desk: Desk, session_id: str) -> int:
    return len(await desk.tenant.fetch_all(queries.select_waiters, {"session_id": session_id}))


async def _until_in_line(desk: Desk, session_id: str, count: int) -> None:
    async with asyncio.timeout(30):
        while await _in_line(desk, session_id) != count:
            await asyncio.sleep(0.002)


async def test_a_send_that_waited_too_long_stores_nothing(desk: Desk) -> None:
    session = await desk.session()
    go_on = asyncio.Event()
    desk.model.meanwhile = go_on.wait
    first = asyncio.create_task(send(desk.tenant, desk.engine, session.id, Question(QUESTION)))
    await desk.until_running(session.id)
    with pytest.raises(TurnWaitedTooLongError):
        await send(desk.tenant, desk.waiting(0.05), session.id, Question("Who agreed?"))
    assert await _in_line(desk, session.id) == 0
    go_on.set()
    await first
    assert [one.role for one in await desk.messages(session.id)] == ["user", "assistant"]


async def test_waiting_sends_are_answered_in_order_of_arrival(desk: Desk) -> None:
    session = await desk.session()
    go_on = asyncio.Event()
    desk.model.meanwhile = go_on.wait
    texts = [f"Question {number}?" for number in range(4)]
    sends = [asyncio.create_task(send(desk.tenant, desk.engine, session.id, Question(texts[0])))]
    await desk.until_running(session.id)
    for place, text in enumerate(texts[1:], start=1):
        sends.append(asyncio.create_task(send(desk.tenant, desk.engine, session.id, Question(text))))
        await _until_in_line(desk, session.id, place)
    assert [one.content for one in await desk.messages(session.id)] == texts[:1]
    go_on.set()
    await asyncio.gather(*sends)
    messages = await desk.messages(session.id)
    assert [one.content for one in messages if one.role == "user"] == texts
    assert [one.role for one in messages] == ["user", "assistant"] * 4


async def test_a_cancelled_waiting_send_does_not_block_later_ones(desk: Desk) -> None:
    session = await desk.session()
    go_on = asyncio.Event()
    desk.model.meanwhile = go_on.wait
    first = asyncio.create_task(send(desk.tenant, desk.engine, session.id, Question(QUESTION)))
    await desk.until_running(session.id)
    gone = asyncio.create_task(send(desk.tenant, desk.engine, session.id, Question("Never mind.")))
    await _until_in_line(desk, session.id, 1)
    behind = asyncio.create_task(send(desk.tenant, desk.engine, session.id, Question("Who agreed?")))
    await _until_in_line(desk, session.id, 2)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    go_on.set()
    await asyncio.gather(first, behind)
    asked = [one.content for one in await desk.messages(session.id) if one.role == "user"]
    assert asked == [QUESTION, "Who agreed?"]


async def test_the_running_turn_can_be_seen_until_it_ends(desk: Desk) -> None:
    session = await desk.session()
    go_on = asyncio.Event()
    desk.model.meanwhile = go_on.wait
    sending = asyncio.create_task(send(desk.tenant, desk.engine, session.id, Question(QUESTION)))
    running = await desk.until_running(session.id)
    assert running.turn_message_id == (await desk.messages(session.id))[0].id
    go_on.set()
    await sending
    after = await desk.state(session.id)
    assert (after.turn_holder, after.turn_message_id, after.turn_expires_us) == (None, None, None)


async def test_two_processes_never_run_one_sessions_turns_at_once(desk: Desk) -> None:
    session = await desk.session()
    desk.model.meanwhile = lambda: asyncio.sleep(0.01)
    async with another_process(desk.runtime.settings, desk.model, desk.tenant) as other:
        texts = [f"Question {number}?" for number in range(8)]
        desks = [desk, other] * 4
        results = await asyncio.gather(
            *(send(one.tenant, one.engine, session.id, Question(text)) for one, text in zip(desks, texts, strict=True))
        )
    assert all(isinstance(one, AskResult) for one in results)
    messages = await desk.messages(session.id)
    assert [one.role for one in messages] == ["user", "assistant"] * 8
    assert sorted(one.content for one in messages if one.role == "user") == texts
    assert desk.model.most_at_once == 1
    assert (await get_session(desk.tenant, session.id)).message_count == 16


async def test_turns_of_different_sessions_run_at_once(desk: Desk) -> None:
    sessions = [await desk.session() for _ in range(3)]

    async def until_all_run() -> None:
        while desk.model.most_at_once < 3:
            await asyncio.sleep(0.002)

    desk.model.meanwhile = until_all_run
    async with asyncio.timeout(30):
        await asyncio.gather(*(send(desk.tenant, desk.engine, one.id, Question(QUESTION)) for one in sessions))


# ---- time ------------------------------------------------------------------------------------------


async def test_last_activity_never_goes_back_when_the_clock_does(desk: Desk, clock: Clock) -> None:
    recording = await desk.recording()
    session = await desk.session(Scope("recording", (recording.id,)))
    await send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    before = await get_session(desk.tenant, session.id)
    clock.stop_at(1_000_000)
    await send(desk.tenant, desk.engine, session.id, Question("Who agreed?"))
    after = await get_session(desk.tenant, session.id)
    assert after.last_message_us >= before.last_message_us
    times = [one.created_us for one in await desk.messages(session.id)]
    assert times == sorted(times)


async def test_last_update_never_goes_back_when_the_clock_does(desk: Desk, clock: Clock) -> None:
    session = await desk.session()
    renamed = await rename_session(desk.tenant, session.id, "Mine")
    clock.stop_at(1_000_000)
    await send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    asked = await get_session(desk.tenant, session.id)
    assert asked.updated_us >= renamed.updated_us
    assert (await rename_session(desk.tenant, session.id, "Ours")).updated_us >= asked.updated_us


async def test_a_session_created_in_the_future_keeps_its_last_activity(desk: Desk, clock: Clock) -> None:
    clock.shift_s = 24 * 3_600
    session = await desk.session()
    clock.shift_s = 0
    await send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    after = await get_session(desk.tenant, session.id)
    assert after.last_message_us == session.created_us


async def test_a_turn_that_died_before_the_clock_stepped_back_blocks_no_other_turn(desk: Desk) -> None:
    session = await desk.session()
    taken = {"session_id": session.id, "new_turn_holder": "gone", "new_turn_message_id": "msg_gone"}
    async with desk.tenant.writing() as unit:
        await unit.execute(queries.update_turn, {**taken, "new_turn_expires_us": now_us() + 3_600_000_000})
    assert (await send(desk.tenant, desk.waiting(0.3), session.id, Question(QUESTION))).message.role == "assistant"
