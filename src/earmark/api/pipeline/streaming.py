"""Streams a turn's events as numbered server-sent events, with comments in between, while the key is valid.

An idle stream is its request's task, one for the client's end, and nothing that runs by itself: the turn's feed and
`open_streams.py` wake it. There may be thousands of them.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

import orjson

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.errors import InternalError
from earmark.api.pipeline.reply import Headers, PiecewiseReply, Receive, Reply, Send, error_body
from earmark.api.wire.turns import EVENT_NAMES, event_to_wire
from earmark.ask.answers.feed import Follower, TurnCompleted, TurnEvent, TurnFailed
from earmark.errors import UnauthorizedError

_LAST_S = 1.0
_PIECE_BYTES = 16 << 10
_HEADERS = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)
_COMMENT = b": still here\n\n"
_END = {"type": "http.response.body", "body": b""}


class StreamReply(PiecewiseReply):
    """A response that is sent in pieces: the events of one turn, each as soon as it is there."""

    __slots__ = ("_call", "_follower", "_is_gone", "_is_refused", "_is_silent", "_unsent", "authorization", "said_s")

    def __init__(self, call: Call, follower: Follower, headers: Headers = ()) -> None:
        super().__init__(200, b"", (*_HEADERS, *headers))
        self._call = call
        self._follower = follower
        self._unsent = b""
        self._is_gone = self._is_refused = self._is_silent = False
        self.authorization = call.authorization
        self.said_s = time.monotonic()

    # ---- what happens while it waits -----------------------------------------------------------------

    def comment(self) -> None:
        """Say that the stream is still there."""
        self._is_silent = True
        self._follower.wake()

    def refuse(self) -> None:
        """End: the credential is no longer valid."""
        self._is_refused = True
        self._follower.wake()

    async def _note_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._is_gone = True
        self._follower.wake()

    # ---- sending -------------------------------------------------------------------------------------

    async def send_pieces(self, send: Send, receive: Receive) -> None:
        """Send pieces until the stream ends or the client disconnects.

        A shutdown cancels this and the turn; the turn's final event is still sent before the stream ends.
        """
        gone = asyncio.create_task(self._note_gone(receive))
        try:
            with self._follower, self._call.streams.holding(self, self._call.runtime.database):
                try:
                    await self._send_all(send)
                except asyncio.CancelledError:
                    await self._send_last(send)
        finally:
            gone.cancel()

    async def _send_all(self, send: Send) -> None:
        while True:
            while not self._is_gone and (piece := self._next_piece()):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                self._unsent = b""
                self.said_s = time.monotonic()
                if len(piece) >= _PIECE_BYTES:  # a long replay lets others go on
                    await asyncio.sleep(0)
            if self._is_gone:
                return
            if self._is_refused or self._follower.is_over:
                await send(dict(_END))
                return
            await self._follower.wait()

    async def _send_last(self, send: Send) -> None:
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(_LAST_S):
                await self._send_all(send)
                return
        with suppress(TimeoutError, OSError):  # a slow client may not read even this
            await asyncio.wait_for(send(dict(_END)), _LAST_S)

    def _next_piece(self) -> bytes:
        """Return what is to be sent now; what a cancelled `send` has not taken comes again."""
        if self._unsent:
            return self._unsent
        found, size_bytes = [], 0
        while size_bytes < _PIECE_BYTES and not self._is_refused and (one := self._follower.take()) is not None:
            found.append(_event(*one, self._call.request_id))
            size_bytes += len(found[-1])
        if self._is_refused and self.authorization is not None:
            self.authorization = None
            refused = TurnFailed(UnauthorizedError())
            found.append(_event(self._follower.after + 1, refused, self._call.request_id))
        if self._is_silent and not found:
            found.append(_COMMENT)
        self._is_silent = False
        self._unsent = b"".join(found)
        return self._unsent


def stream_turn(call: Call, follower: Follower, headers: Headers = ()) -> StreamReply:
    """Return the stream of a turn's numbered events.

    Raises: ShareUsedUpError, OverloadedError.
    """
    call.hold_stream()
    return StreamReply(call, follower, headers)


def replay_end(body: bytes, headers: Headers = ()) -> Reply:
    """Return a stream with the last event only, whose data is that of a stored response.

    Its answer was replaced since, so that there is nothing to wait for and no result to make the data of.
    """
    return Reply(200, _render(1, EVENT_NAMES[TurnCompleted], body), (*_HEADERS, *headers))


def _event(number: int, event: TurnEvent, request_id: str) -> bytes:
    return _render(number, EVENT_NAMES[type(event)], orjson.dumps(_data(event, request_id)))


def _render(number: int, name: str, data: bytes) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, name.encode(), data)


def _data(event: TurnEvent, request_id: str) -> Any:
    if isinstance(event, TurnFailed):
        return error_body(event.error if event.error.status != 500 else InternalError(), request_id)
    return event_to_wire(event)
