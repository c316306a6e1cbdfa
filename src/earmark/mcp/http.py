"""Answers `POST /mcp` by the SDK's stateless transport; the edge has admitted the caller and read the body before.

The transport is an ASGI application. It runs as a task of its own whose response is caught: one that is complete
becomes a reply like a route's; one that is streamed is passed on in pieces, while the credential is valid.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, MutableMapping
from functools import cache
from typing import Any, Final

import orjson
from mcp.server.lowlevel.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from earmark.api.pipeline.admission import count_further
from earmark.api.pipeline.call import Call
from earmark.api.pipeline.errors import InternalError
from earmark.api.pipeline.pipeline import JSON_LIMIT_BYTES
from earmark.api.pipeline.reply import JSON, Headers, PiecewiseReply, Receive, Reply, Send
from earmark.mcp.requests import MessageError, RpcMessage, authorise_message, parse_message
from earmark.mcp.sdk import Context
from earmark.mcp.server import make_server

_CALL: Final = "earmark.call"
_PIECES: Final = 16
_END: Final = {"type": "http.response.body", "body": b""}
_STREAMED: Headers = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)


async def answer(call: Call, body: bytes) -> Reply:
    """Answer one JSON-RPC message.

    Raises: ScopeMissingError, RateLimitError, ShareUsedUpError, OverloadedError.
    """
    try:
        message = parse_message(body)
    except MessageError as error:
        wrong = {"jsonrpc": "2.0", "id": None, "error": {"code": error.rpc_code, "message": error.message}}
        return Reply(error.status, orjson.dumps(wrong), (JSON,))
    tool = authorise_message(message, call.caller)
    if tool is not None and tool.limits:
        await count_further(call, tool.limits)
    if message.tool_name == "ask":
        call.hold_stream()  # before anything is stored
    with call.aside():
        return await Exchange(call, body, is_streamed=_is_streamed(call, message)).start()


def _is_streamed(call: Call, message: RpcMessage) -> bool:
    """Whether the answer may come in pieces. Newer revisions decide by themselves, when the first piece is there."""
    version = call.headers.get(b"mcp-protocol-version", b"").decode("latin-1")
    is_newer = bool(version) and version not in HANDSHAKE_PROTOCOL_VERSIONS
    accepts = b"text/event-stream" in call.headers.get(b"accept", b"")
    return is_newer or (accepts and (message.tool_name == "ask" or message.wants_progress))


@cache
def _server() -> Server[Any]:
    return make_server(_call_of)


def _call_of(context: Context) -> Call:
    assert context.request is not None
    call: Call = context.request.scope[_CALL]
    return call


class Exchange(PiecewiseReply):
    """One request to the transport, and its response."""

    __slots__ = (
        "_body",
        "_call",
        "_head",
        "_is_refused",
        "_is_streamed",
        "_pieces",
        "_task",
        "authorization",
        "said_s",
    )

    def __init__(self, call: Call, body: bytes, *, is_streamed: bool) -> None:
        super().__init__(200)
        self._call = call
        self._body: bytes | None = body
        self._is_streamed = is_streamed
        self._head: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(_PIECES)
        self._is_refused = False
        self.authorization = call.authorization
        self.said_s = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> Reply:
        """Run the transport; return its whole response, or this one once the first piece of a stream is there."""
        self._task = asyncio.create_task(self._run())
        try:
            await self._head
            if self.headers == _STREAMED:
                self._call.hold_stream()
                return self
            pieces = [piece async for piece in self._take_all()]
            await self._task
            return Reply(self.status, b"".join(pieces), self.headers)
        except BaseException:
            await self._stop()
            raise

    async def _run(self) -> None:
        scope = {**self._call.scope, _CALL: self._call}
        manager = StreamableHTTPSessionManager(
            _server(), stateless=True, json_response=not self._is_streamed, max_request_body_size=JSON_LIMIT_BYTES
        )
        try:
            async with manager.run():
                await manager.handle_request(scope, self._receive, self._put)
        finally:
            if not self._head.done():
                self._head.set_exception(InternalError())
            await self._pieces.put(None)

    async def _receive(self) -> MutableMapping[str, Any]:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        return dict(await self._call.receive())

    async def _put(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = _kept(dict(message.get("headers", ())))
            self._head.set_result(None)
        elif message.get("body"):
            await self._pieces.put(message["body"])

    async def _take_all(self) -> Any:
        while (piece := await self._pieces.get()) is not None:
            yield piece

    async def _stop(self) -> None:
        if self._task is not None and not self._task.done():
            self._task.cancel()
            while not self._pieces.empty():  # it may be waiting to say something
                self._pieces.get_nowait()
            await asyncio.wait({self._task})

    # ---- a stream ------------------------------------------------------------------------------------

    def comment(self) -> None:
        """Nothing: the transport says by itself that the stream is still there."""

    def refuse(self) -> None:
        """End: the credential is no longer valid."""
        self._is_refused = True
        if self._task is not None:
            self._task.cancel()

    async def send_pieces(self, send: Send, receive: Receive) -> None:
        """Send pieces until the transport is done; it notices by itself when the client disconnects."""
        try:
            with self._call.streams.holding(self, self._call.runtime.database):
                async for piece in self._take_all():
                    if self._is_refused:
                        break
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send(dict(_END))
        finally:
            await self._stop()


def _kept(headers: Mapping[bytes, bytes]) -> Headers:
    """Return the headers that the edge doesn't set itself."""
    kind = headers.get(b"content-type", b"")
    if kind.startswith(b"text/event-stream"):
        return _STREAMED
    return (JSON,) if kind.startswith(b"application/json") else ()
