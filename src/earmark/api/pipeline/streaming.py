"""Streams a turn's events as numbered server-sent events, with heartbeats, while the key is valid."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Any

import orjson

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.errors import InternalError
from earmark.api.pipeline.reply import Headers, PiecewiseReply, Receive, Send, error_body
from earmark.api.wire.ask import result_to_wire
from earmark.ask.answers.feed import TurnEvent
from earmark.ask.types import AskResult
from earmark.errors import EarmarkError, UnauthorizedError
from earmark.identity.keys import authenticate

HEARTBEAT_S = 15.0
_RECHECK_S = 5.0
_LAST_S = 1.0
_HEADERS = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)
_COMMENT = b": still here\n\n"
_END = {"type": "http.response.body", "body": b""}


class StreamReply(PiecewiseReply):
    """A response that is sent in pieces."""

    __slots__ = ("pieces",)

    def __init__(self, pieces: AsyncGenerator[bytes, None], headers: Headers = ()) -> None:
        super().__init__(200, b"", (*_HEADERS, *headers))
        self.pieces = pieces

    async def send_pieces(self, send: Send, receive: Receive) -> None:
        """Send pieces until the stream ends or the client disconnects.

        A shutdown cancels this and the turn; the turn's final event is still sent before the stream ends.
        """
        gone = asyncio.create_task(_until_gone(receive))
        sending = asyncio.create_task(self._send_all(send))
        is_cut = False
        try:
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await asyncio.wait({gone, sending}, timeout=_LAST_S, return_when=asyncio.FIRST_COMPLETED)
            is_cut = not gone.done() and not sending.done()
        finally:
            for task in (gone, sending):
                task.cancel()
                with suppress(asyncio.CancelledError, OSError):
                    await task
        if is_cut:
            with suppress(TimeoutError, OSError):  # a slow client may not read even this
                await asyncio.wait_for(send(dict(_END)), _LAST_S)

    async def _send_all(self, send: Send) -> None:
        async with aclosing(self.pieces) as pieces:
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send(dict(_END))


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def stream_turn(call: Call, events: AsyncIterator[tuple[int, TurnEvent]], headers: Headers = ()) -> StreamReply:
    """Return the stream of a turn's numbered events."""
    return StreamReply(_render(call, events), headers)


async def _render(call: Call, events: AsyncIterator[tuple[int, TurnEvent]]) -> AsyncGenerator[bytes, None]:
    number, beat_s, check_s = 0, time.monotonic(), time.monotonic()
    upcoming = _next_of(events, number)
    try:
        while True:
            done, _ = await asyncio.wait({upcoming}, timeout=_RECHECK_S)
            now_s = time.monotonic()
            if now_s - check_s >= _RECHECK_S:
                check_s, refused = now_s, await _refusal(call)
                if refused is not None:
                    yield _event(number + 1, TurnEvent("turn.failed", refused), call.request_id)
                    return
            if done:
                following = upcoming.result()
                if following is None:
                    return
                number, event = following
                yield _event(number, event, call.request_id)
                beat_s, upcoming = now_s, _next_of(events, number)
            elif now_s - beat_s >= HEARTBEAT_S - 0.1:
                beat_s = now_s
                yield _COMMENT
    finally:
        upcoming.cancel()


def _next_of(events: AsyncIterator[tuple[int, TurnEvent]], number: int) -> asyncio.Task[tuple[int, TurnEvent] | None]:
    """Return a task for the next event after `number`; an error becomes a `turn.failed` event."""

    async def step() -> tuple[int, TurnEvent] | None:
        try:
            return await anext(events, None)
        except EarmarkError as error:
            return number + 1, TurnEvent("turn.failed", error)

    return asyncio.create_task(step())


async def _refusal(call: Call) -> EarmarkError | None:
    """Return an error if the stream's credential has been revoked or has expired."""
    try:
        await authenticate(call.runtime.database, call.authorization)
    except UnauthorizedError as error:
        return error
    except EarmarkError:
        return None
    return None


def _event(number: int, event: TurnEvent, request_id: str) -> bytes:
    data = orjson.dumps(_data(event, request_id))
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, event.name.encode(), data)


def _data(event: TurnEvent, request_id: str) -> Any:
    if isinstance(event.data, AskResult):
        return result_to_wire(event.data)
    if isinstance(event.data, EarmarkError):
        return error_body(event.data if event.data.status != 500 else InternalError(), request_id)
    return event.data
