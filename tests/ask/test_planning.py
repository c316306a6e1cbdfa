"""A turn is planned once: what the plan had to read is not read again, unless it has changed since."""

from __future__ import annotations

import asyncio

from earmark.ask.turns.opening import NewSession
from earmark.ask.turns.turn import begin_send
from earmark.ask.types import Question, Scope
from earmark.transcripts.types import ParsedTranscript, Segment
from tests.ask.desk import QUESTION, Desk, ask_in_new_session, send
from tests.ask.test_turn_heartbeat import counted

AFTERWARDS = (Segment(0, 4_000, "The launch of the lantern is on the tenth of July.", "Ada"),)

MOST_STATEMENTS = 44
"""There were 46, three of them reads of the whole transcript, before the plan was handed on; one looks since whether the
index of chats' words has a block to make."""


async def test_a_first_question_about_a_recording_is_planned_once_and_reads_its_transcript_once(desk: Desk) -> None:
    desk.model.context_tokens = 100_000
    recording = await desk.recording()
    with counted() as found:
        await ask_in_new_session(desk, NewSession("recording", (recording.id,)), Question(QUESTION))
    assert found["select_segments"] == 1
    assert (found["select_recording"], found["select_recordings_among"]) == (1, 1)
    assert sum(found.values()) <= MOST_STATEMENTS, found


async def test_a_question_in_a_session_about_a_recording_reads_its_transcript_once(desk: Desk) -> None:
    recording = await desk.recording()
    session = await desk.session(Scope("recording", (recording.id,)))
    for context_tokens in (None, 100_000):  # the built-in model's context has no limit, so its plan reads nothing
        desk.model.context_tokens = context_tokens
        with counted() as found:
            await send(desk.tenant, desk.engine, session.id, Question(QUESTION))
        assert found["select_segments"] == 1


async def test_a_transcript_replaced_while_the_question_waited_in_line_is_read_again(desk: Desk) -> None:
    desk.model.context_tokens = 100_000
    recording = await desk.recording()
    session = await desk.session(Scope("recording", (recording.id,)))
    goes_on = asyncio.Event()
    desk.model.meanwhile = goes_on.wait
    first = await begin_send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    await desk.until_running(session.id)
    second = asyncio.create_task(send(desk.tenant, desk.engine, session.id, Question("And now?")))
    while not desk.engine.running.signals._sessions._waiting:  # planned, and in line
        await asyncio.sleep(0.01)
    await desk.ingester.put_transcript(desk.tenant, recording.id, ParsedTranscript(AFTERWARDS, language="en"))
    goes_on.set()
    await first.result()
    await second
    assert [one.text for one in desk.model.requests[1].passages] == [one.text for one in AFTERWARDS]
