"""A question once stored gets its answer, or says which later question took its place."""

from __future__ import annotations

import asyncio

import pytest

from earmark.ask.errors import AnswerFailedError, SupersededError, TooManyWaitingError
from earmark.ask.turns import queue
from earmark.ask.turns.queue import MOST_WAITING
from earmark.ask.types import Question
from earmark.clock import now_us
from earmark.errors import ProviderError
from earmark.ids import new_id
from earmark.llm.types import Finished, TextDelta
from tests.ask.desk import QUESTION, Desk, FakeModel, another_process, send
from tests.ask.test_turn_heartbeat import counted


async def _leave_unanswered(desk: Desk, session_id: str, question: Question) -> None:
    """Send a question whose model fails; the next one's does not."""
    answers = desk.model.says
    desk.model.says = (ProviderError("The model did not answer."),)
    with pytest.raises(AnswerFailedError):
        await send(desk.tenant, desk.engine, session_id, question)
    desk.model.says = answers


async def test_a_question_that_was_overtaken_names_the_one_that_took_its_place_each_time_it_is_sent_again(
    desk: Desk,
) -> None:
    session = await desk.session()
    first = Question(QUESTION, message_id=new_id("msg"))
    await _leave_unanswered(desk, session.id, first)
    await send(desk.tenant, desk.engine, session.id, Question("And who decided that?"))
    later = [one for one in await desk.messages(session.id) if one.role == "user"][1]
    for _ in range(2):
        with pytest.raises(SupersededError) as caught:
            await send(desk.tenant, desk.engine, session.id, first)
        assert (caught.value.status, caught.value.code) == (409, "conflict")
        assert caught.value.details == {"superseded_by": later.id}
        assert caught.value.session_id == session.id  # so that its Idempotency-Key keeps this state
    asked = [one.content for one in await desk.messages(session.id)]
    assert asked == [QUESTION, "And who decided that?", "On the ninth of June."]


async def test_the_answer_to_a_later_question_is_written_with_the_unanswered_one_in_view(desk: Desk) -> None:
    session = await desk.session()
    await _leave_unanswered(desk, session.id, Question(QUESTION))
    await send(desk.tenant, desk.engine, session.id, Question("And who decided that?"))
    assert QUESTION in str(desk.model.requests[-1].history)


async def test_ten_sends_may_wait_in_a_session_and_the_next_is_refused_with_nothing_stored(desk: Desk) -> None:
    session, goes_on = await desk.session(), asyncio.Event()
    desk.model.says = (goes_on, TextDelta("On the ninth of June."), Finished())
    running = asyncio.create_task(send(desk.tenant, desk.engine, session.id, Question("0?")))
    await desk.until_running(session.id)
    waiting = [
        asyncio.create_task(send(desk.tenant, desk.engine, session.id, Question(f"{number}?")))
        for number in range(1, MOST_WAITING + 1)
    ]
    while len(await queue._living_waiters(desk.tenant, session.id)) < MOST_WAITING:
        await asyncio.sleep(0.01)
    with pytest.raises(TooManyWaitingError) as caught, counted() as found:
        await send(desk.tenant, desk.engine, session.id, Question("One too many?"))
    assert (caught.value.status, caught.value.code) == (429, "rate_limit_exceeded")
    assert not found["select_waiters"]  # refused before it would lock the session
    async with another_process(desk.runtime.settings, FakeModel(), desk.tenant) as other:
        with pytest.raises(TooManyWaitingError):
            await send(other.tenant, other.engine, session.id, Question("One too many, elsewhere?"))
    goes_on.set()
    await asyncio.gather(running, *waiting)
    messages = await desk.messages(session.id)
    assert [one.role for one in messages] == ["user", "assistant"] * (MOST_WAITING + 1)
    assert not any(one.content.startswith("One too many") for one in messages)


async def test_a_turn_of_this_process_is_not_taken_over_because_its_lease_was_renewed_late(desk: Desk) -> None:
    session, goes_on = await desk.session(), asyncio.Event()
    desk.model.says = (goes_on, TextDelta("On the ninth of June."), Finished())
    first = asyncio.create_task(send(desk.tenant, desk.engine, session.id, Question("First?")))
    state = await desk.until_running(session.id)
    async with desk.tenant.writing() as unit:
        late = {"session_id": session.id, "new_turn_holder": state.turn_holder}
        late |= {"new_turn_message_id": state.turn_message_id, "new_turn_expires_us": now_us() - 1}
        await unit.execute(queue.queries.update_turn, late)
    second = asyncio.create_task(send(desk.tenant, desk.engine, session.id, Question("Second?")))
    await asyncio.sleep(0.6)  # two looks of the one that waits
    goes_on.set()
    await asyncio.gather(first, second)
    assert [one.role for one in await desk.messages(session.id)] == ["user", "assistant"] * 2
