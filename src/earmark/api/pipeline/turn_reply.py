"""Responds with a turn: the finished answer as JSON, or its events as a stream."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from earmark.api.pipeline.accept import EVENTS, JSON, choose_form
from earmark.api.pipeline.call import Call
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.pipeline.retries import REPLAYED, Retry
from earmark.api.pipeline.streaming import replay_end, stream_turn
from earmark.api.wire.turns import result_to_wire
from earmark.ask.errors import MessageNotFoundError
from earmark.ask.sessions.messages import find_turn, with_sources
from earmark.ask.turns.running import RunningTurn

FORMS = (JSON, EVENTS)
_EVENT = 'id: 3\nevent: text.delta\ndata: {"text":"Two points are open.","part":0}\n\n'
_ONE_EVENT = {
    "type": "object",
    "description": "Each event; `data` is one line of JSON.",
    "properties": {name: {"type": "string"} for name in ("id", "event", "data")},
    "required": ["id", "event", "data"],
}
STREAMED: dict[str, Any] = {"responses": {"200": {"content": {EVENTS: {"schema": _ONE_EVENT, "example": _EVENT}}}}}
"""The streamed response, for OpenAPI."""
_finishing: set[asyncio.Task[None]] = set()


async def turn_reply(call: Call, begin: Callable[[], Awaitable[RunningTurn]]) -> Reply:
    """Start a turn and respond with it; failures before its first event are ordinary errors.

    Raises: NotAcceptableError, ShareUsedUpError, OverloadedError, and whatever `begin` raises; for JSON also the
        turn's error.
    """
    form = choose_form(call.headers.get(b"accept"), FORMS)
    if form == EVENTS:
        call.hold_stream()  # before anything is stored
    with call.aside():
        turn = await begin()
        call.session_id = turn.session_id
        if form == JSON:
            return json_reply(result_to_wire(await turn.result()))
    if call.retry is not None:
        task = asyncio.create_task(_store_result(turn, call.retry.hand_over()))
        _finishing.add(task)
        task.add_done_callback(_discard)
    return stream_turn(call, turn.feed.follow())


async def replayed_turn(call: Call, stored: Reply) -> Reply:
    """Return a stored response in the media type asked for; a stream replays all events.

    If the answer has been regenerated since, the stream has only its final event.
    """
    if stored.status != 200 or choose_form(call.headers.get(b"accept"), FORMS) == JSON:
        return stored
    session_id, answer_id = _ids_of(stored.body)
    try:
        asked, answer = await find_turn(call.tenant, session_id, answer_id)
    except MessageNotFoundError:
        return replay_end(stored.body, (REPLAYED,))
    turn = RunningTurn.over(asked.id, await with_sources(call.tenant, session_id, answer))
    return stream_turn(call, turn.feed.follow(), (REPLAYED,))


def _ids_of(body: bytes) -> tuple[str, str]:
    result = orjson.loads(body)
    return result["session_id"], result["message"]["id"]


async def _store_result(turn: RunningTurn, retry: Retry) -> None:
    """Store the result for a retry, even if the client has disconnected."""
    try:
        result = await turn.result()
    except BaseException as error:
        await retry.fail(error)
        raise
    await retry.finish(200, orjson.dumps(result_to_wire(result)))


def _discard(task: asyncio.Task[None]) -> None:
    _finishing.discard(task)
    if not task.cancelled():
        task.exception()  # the stream has already reported it; asyncio would log it as never retrieved
