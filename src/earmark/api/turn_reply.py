"""A turn as its client wants it: the finished answer as JSON, or its events as they happen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import orjson

from earmark.api.accept import EVENTS, JSON, choose_form
from earmark.api.call import Call
from earmark.api.reply import Reply, json_reply
from earmark.api.retries import REPLAYED, Retry
from earmark.api.streaming import stream_turn
from earmark.api.wire.ask import result_to_wire
from earmark.ask.errors import MessageNotFoundError
from earmark.ask.messages import find_turn, with_sources
from earmark.ask.running import RunningTurn
from earmark.ask.turn_feed import TurnEvent

FORMS = (JSON, EVENTS)
_EVENT = 'id: 3\nevent: text.delta\ndata: {"text":"Two points are open.","part":0}\n\n'
_ONE_EVENT = {
    "type": "object",
    "description": "Each event; `data` is one line of JSON.",
    "properties": {name: {"type": "string"} for name in ("id", "event", "data")},
    "required": ["id", "event", "data"],
}
STREAMED: dict[str, Any] = {"responses": {"200": {"content": {EVENTS: {"schema": _ONE_EVENT, "example": _EVENT}}}}}
"""For OpenAPI: what a streamed answer looks like."""
_finishing: set[asyncio.Task[None]] = set()


async def turn_reply(call: Call, begin: Callable[[], Awaitable[RunningTurn]]) -> Reply:
    """Start a turn and answer with it. What goes wrong before its first event is an ordinary error.

    Raises: NotAcceptableError, and whatever `begin` raises; for JSON also what the turn fails with.
    """
    form = choose_form(call.headers.get(b"accept"), FORMS)
    turn = await begin()
    call.session_id = turn.session_id
    if form == JSON:
        return json_reply(result_to_wire(await turn.result()))
    if call.retry is not None:
        task = asyncio.create_task(_keep(turn, call.retry.hand_over()))
        _finishing.add(task)
        task.add_done_callback(_forget)
    return stream_turn(call, turn.feed.follow())


async def replayed_turn(call: Call, kept: Reply) -> Reply:
    """Return a kept answer in the form asked for: as a stream it says again what it said.

    Where another answer has taken its place since, the stream is its end alone.
    """
    if kept.status != 200 or choose_form(call.headers.get(b"accept"), FORMS) == JSON:
        return kept
    session_id, answer_id = _named(kept.body)
    try:
        asked, answer = await find_turn(call.tenant, session_id, answer_id)
    except MessageNotFoundError:
        return stream_turn(call, _end_of(kept), (REPLAYED,))
    turn = RunningTurn.over(asked.id, await with_sources(call.tenant, session_id, answer))
    return stream_turn(call, turn.feed.follow(), (REPLAYED,))


async def _end_of(kept: Reply) -> AsyncIterator[tuple[int, TurnEvent]]:
    yield 1, TurnEvent("turn.completed", orjson.loads(kept.body))


def _named(body: bytes) -> tuple[str, str]:
    said = orjson.loads(body)
    return said["session_id"], said["message"]["id"]


async def _keep(turn: RunningTurn, retry: Retry) -> None:
    """The client may be gone; its retry gets the answer all the same."""
    try:
        result = await turn.result()
    except BaseException as error:
        await retry.fail(error)
        raise
    await retry.finish(200, orjson.dumps(result_to_wire(result)))


def _forget(task: asyncio.Task[None]) -> None:
    _finishing.discard(task)
    if not task.cancelled():
        task.exception()  # its reader has been told by the stream
