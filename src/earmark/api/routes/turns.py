"""`/v1/ask/sessions/{id}/messages`: starting, regenerating, following and cancelling a turn."""

from __future__ import annotations

from earmark.api.pipeline.accept import EVENTS, choose_form
from earmark.api.pipeline.call import Call
from earmark.api.pipeline.errors import NotAcceptableError
from earmark.api.pipeline.pipeline import Rules
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.pipeline.streaming import stream_turn
from earmark.api.pipeline.turn_reply import STREAMED, replayed_turn, turn_reply
from earmark.api.routes.sessions import BY_ID, session_exists
from earmark.api.wire.messages import AskResultShown, CancelBody, CancelledShown, QuestionBody, RegenerateBody
from earmark.ask.errors import AnswerFailedError
from earmark.ask.sessions import messages
from earmark.ask.turns import following, turn
from earmark.errors import InvalidError, NotFoundError, TooLargeError
from earmark.library.errors import TranscriptionNotReadyError

routes = Routes("Ask turns")
BY_IDS = {**BY_ID, "message_id": "msg"}
_ERRORS = [NotFoundError, NotAcceptableError, TranscriptionNotReadyError, TooLargeError, AnswerFailedError]
_PATH = "/ask/sessions/{session_id}/messages"


async def message_exists(call: Call, session_id: str, message_id: str) -> None:
    """Raise 404 unless the caller has this message."""
    await session_exists(call, session_id)
    await messages.get_message(call.tenant, session_id, message_id)


@routes.add("POST", _PATH, Rules("ask:write", BY_ID, session_exists, retry="apart", replay=replayed_turn),
            answers={200: AskResultShown}, errors=_ERRORS, openapi=STREAMED)  # fmt: skip
async def send_message(call: Call, session_id: str, body: QuestionBody) -> Reply:
    """Ask a question; return the answer with its citations and its evidence.

    With `Accept: text/event-stream` the answer is streamed: `turn.started`, `turn.sources`, `text.delta`,
    `citation`, then `turn.completed` or `turn.failed`. The turn completes even if the client disconnects.
    """
    question = body.to_question(call.new_id("msg"))
    return await turn_reply(call, lambda: turn.begin_send(call.tenant, call.runtime.turns, session_id, question))


@routes.add("POST", _PATH + "/{message_id}/regenerate",
            Rules("ask:write", BY_IDS, message_exists, retry="apart", replay=replayed_turn),
            answers={200: AskResultShown}, errors=_ERRORS, openapi=STREAMED)  # fmt: skip
async def regenerate_answer(call: Call, session_id: str, message_id: str, body: RegenerateBody) -> Reply:
    """Answer the last question again; the previous answer remains until the new one is stored."""
    turns = call.runtime.turns
    return await turn_reply(
        call, lambda: turn.begin_regenerate(call.tenant, turns, session_id, message_id, body.provider)
    )


@routes.add("POST", _PATH + "/{message_id}/cancel", Rules("ask:write", BY_IDS, message_exists, retry="apart"),
            answers={200: CancelledShown}, errors=[NotFoundError])  # fmt: skip
async def cancel_turn(call: Call, session_id: str, message_id: str, body: CancelBody) -> Reply:
    """Cancel a question's turn, in whichever process it runs; the partial answer is stored."""
    status = await following.cancel_turn(call.tenant, call.runtime.turns.running, session_id, message_id)
    return json_reply({"user_message_id": message_id, "status": status})


@routes.add("GET", _PATH + "/{message_id}/events", Rules("ask:read", BY_IDS, message_exists),
            answers={200: None}, errors=[NotFoundError, NotAcceptableError], openapi={
                **STREAMED,
                "parameters": [{"name": "Last-Event-ID", "in": "header",
                                "schema": {"type": "integer", "minimum": 0, "maximum": 999_999_999},
                                "description": "Resume after this event."}]})  # fmt: skip
async def follow_turn(call: Call, session_id: str, message_id: str) -> Reply:
    """Replay a question's turn and follow it; available until five minutes after its end."""
    choose_form(call.headers.get(b"accept"), (EVENTS,))
    after = _last_event_id(call)
    call.hold_stream()
    running = call.runtime.turns.running
    return stream_turn(call, await following.follow_turn(call.tenant, running, session_id, message_id, after))


def _last_event_id(call: Call) -> int:
    given = call.headers.get(b"last-event-id", b"0")
    if not given.isdigit() or len(given) > 9:
        raise InvalidError("Last-Event-ID must be the number of an event.", param="Last-Event-ID")
    return int(given)
