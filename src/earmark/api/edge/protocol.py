"""uvicorn's HTTP protocol with a timeout and a size limit for request heads.

Bodies have their own limits (`bodies.py`, `transfers.py`); the head is read before authentication.
A client that is refused while it still sends its body receives the response: the rest is discarded for a
while before the connection closes, because closing with unread bytes resets it (RFC 9112, section 9.6).
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from earmark.api.edge.safe_headers import API_HEADERS
from earmark.api.pipeline.reply import error_reply
from earmark.errors import InvalidError
from earmark.ids import new_id

HEAD_S: Final = 20.0
HEAD_BYTES: Final = 64 * 1_024
LINGER_S: Final = 10.0
LINGER_BYTES: Final = 64 << 20
"""Limits, in seconds and in bytes, for discarding the rest of a refused request."""


class _LingeringTransport:
    """A transport that closes only after the current request has been read or discarded."""

    def __init__(self, transport: asyncio.Transport, protocol: PatientProtocol) -> None:
        self._transport = transport
        self._protocol = protocol

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self._protocol.is_lingering or self._transport.is_closing()

    def close(self) -> None:
        if not self._protocol.linger():
            self._transport.close()


class PatientProtocol(HttpToolsProtocol):
    """Closes connections whose request head takes too long; refuses heads that are too large."""

    head_s = HEAD_S
    is_lingering = False
    _left_bytes = LINGER_BYTES
    _has_head = False
    _head_bytes = 0
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timeout for the first request's head."""
        super().connection_made(_LingeringTransport(transport, self))  # type: ignore[arg-type]
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timeout."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse the bytes and count those of an incomplete head."""
        if self.is_lingering:
            self._left_bytes -= len(data)
            if self._left_bytes < 0:
                self.transport.close()
            return
        had_head = self._has_head
        super().data_received(data)
        if self._has_head:
            return
        if not had_head:  # else the piece also contains the end of the previous request
            self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The request's headers are too large.")
        elif self._waiting is None:
            self._wait_for_head()

    def on_message_begin(self) -> None:
        """Reset the head's size when a request begins."""
        self._has_head, self._head_bytes = False, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Cancel the timeout when a request's head is complete."""
        self._has_head = True
        self._stop_waiting()
        super().on_headers_complete()

    def linger(self) -> bool:
        """Start to discard the rest of the body before closing; False if none is coming."""
        is_coming = self.cycle is not None and self.cycle.more_body
        if self.is_lingering or not is_coming or self.transport.is_closing():
            return False
        self.is_lingering = True
        self._stop_waiting()
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._waiting = self.loop.call_later(LINGER_S, self.transport.close)
        return True

    def send_400_response(self, msg: str) -> None:
        """Answer malformed HTTP with the contract's error envelope."""
        self._refuse(HTTPStatus.BAD_REQUEST, "This is not a valid HTTP request.")

    def _wait_for_head(self) -> None:
        self._waiting = self.loop.call_later(self.head_s, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        request_id = new_id("req")
        reply = error_reply(InvalidError(message), request_id)
        headers = [
            *reply.headers,
            (b"content-length", b"%d" % len(reply.body)),
            (b"x-request-id", request_id.encode()),
            (b"connection", b"close"),
            *API_HEADERS,
        ]
        head = b"HTTP/1.1 %d %s\r\n" % (status.value, status.phrase.encode())
        self.transport.write(head + b"".join(b"%s: %s\r\n" % one for one in headers) + b"\r\n" + reply.body)
        self.transport.close()
