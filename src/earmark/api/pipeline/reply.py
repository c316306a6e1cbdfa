"""A route's response: status, headers and rendered bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson

from earmark.api.pipeline.errors import BodyBrokenOffError
from earmark.errors import EarmarkError

JSON = (b"content-type", b"application/json")
Headers = tuple[tuple[bytes, bytes], ...]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class Reply:
    """A rendered response."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: bytes = b"", headers: Headers = ()) -> None:
        self.status = status
        self.body = body
        self.headers = headers


class PiecewiseReply(Reply):
    """A response whose body is sent in pieces after its head."""

    __slots__ = ()

    async def send_pieces(self, send: Send, receive: Receive) -> None:
        """Send the body; end when the client disconnects."""
        raise NotImplementedError


@asynccontextmanager
async def leaving(receive: Receive) -> AsyncIterator[asyncio.Future[None]]:
    """Yield a future that is done once the client is gone; to be looked at while a body is sent."""
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        yield gone
    finally:
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def json_reply(value: Any, status: int = 200, headers: Headers = ()) -> Reply:
    """Return `value` as JSON; `orjson.Fragment` passes stored JSON through unparsed."""
    return Reply(status, orjson.dumps(value), (JSON, *headers))


def no_content() -> Reply:
    """Return 204."""
    return Reply(204)


def error_reply(error: EarmarkError, request_id: str, headers: Headers = ()) -> Reply:
    """Return the contract's error response."""
    return json_reply(error_body(error, request_id), error.status, (*_error_headers(error), *headers))


def error_body(error: EarmarkError, request_id: str) -> dict[str, Any]:
    """Return the contract's error envelope."""
    body: dict[str, Any] = {"code": error.code, "message": error.message, "request_id": request_id}
    if error.param is not None:
        body["param"] = error.param
    if error.details is not None:
        body["details"] = error.details
    envelope: dict[str, Any] = {"error": body}
    if error.session_id is not None:
        envelope["session_id"] = error.session_id
    return envelope


def _error_headers(error: EarmarkError) -> Headers:
    if error.status == 401:
        return ((b"www-authenticate", getattr(error, "challenge", "Bearer").encode()),)
    if error.status == 416:
        return ((b"content-range", b"bytes */%d" % getattr(error, "size_bytes", 0)),)
    if error.status in (429, 503):
        seconds = getattr(error, "retry_after_s", 1)
        return ((b"retry-after", str(seconds).encode()),)
    if (offset := getattr(error, "upload_offset", None)) is not None:
        return ((b"upload-offset", b"%d" % offset),)
    if isinstance(error, BodyBrokenOffError):  # further bytes on the connection belong to no request
        return ((b"connection", b"close"),)
    return ()


def header_map(raw: list[tuple[bytes, bytes]]) -> Mapping[bytes, bytes]:
    """Return request headers by lower-case name; those of a repeated one as a list, in their order.

    Whitespace around a value is removed. Those that are no lists can't be repeated (`request_heads.py`).
    Source: RFC 9110, sections 5.3 and 5.5.
    """
    found: dict[bytes, bytes] = {}
    for name, value in raw:
        value = value.strip(b" \t")
        found[name] = found[name] + b", " + value if name in found else value
    return found
