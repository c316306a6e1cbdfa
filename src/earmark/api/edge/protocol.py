"""uvicorn's HTTP protocol, with an end to everything that a connection may take.

`connection_limits.py` knows how long and how much; this tells it what happens, and ends what exceeds it.
A client that is refused while it still sends its body receives the response: the rest is discarded for a
while before the connection closes, because closing with unread bytes resets it (RFC 9112, section 9.6).
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from earmark.api.edge.connection_limits import Allowed, ConnectionLimits, Phase
from earmark.api.edge.request_heads import fault_in
from earmark.api.edge.safe_headers import API_HEADERS
from earmark.api.pipeline.reply import error_reply
from earmark.api.pipeline.request_ids import name_request
from earmark.errors import InvalidError
from earmark.ids import new_id

_DISCARD_PAUSE_S = 0.02
"""After each read (up to 256 KiB) of what is discarded: 12 MB a second."""


class _LingeringTransport:
    """A transport that closes only after the current request has been read or discarded."""

    def __init__(self, transport: asyncio.Transport, protocol: PatientProtocol) -> None:
        self._transport = transport
        self._protocol = protocol

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self._protocol.is_lingering or self._transport.is_closing()

    def is_closed(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        if not self._transport.is_closing() and not self._protocol.linger():
            self.close_now()

    def close_now(self) -> None:
        self._protocol.limits.enter(Phase.CLOSING)
        self._transport.close()


class _Refusal:
    """An application that refuses the request; a reply takes its turn behind those of earlier requests."""

    def __init__(self, message: str) -> None:
        self._message = message

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, headers = _refusal(self._message, name_request(scope))
        await send({"type": "http.response.start", "status": HTTPStatus.BAD_REQUEST, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _refusal(message: str, request_id: str) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Return the contract's error envelope and the headers that go with it."""
    reply = error_reply(InvalidError(message), request_id)
    length = (b"content-length", b"%d" % len(reply.body))
    last = (b"connection", b"close")
    return reply.body, [*reply.headers, length, (b"x-request-id", request_id.encode()), last, *API_HEADERS]


class PatientProtocol(HttpToolsProtocol):
    """Ends connections that take too long or too much; refuses heads that can be read in two ways."""

    allowed: ClassVar[Allowed] = Allowed()
    limits: ConnectionLimits
    transport: _LingeringTransport  # type: ignore[assignment]
    is_lingering = False
    _is_open = False
    """Whether a request has begun and is not complete."""
    _has_head = False
    """Whether the head of the last request that has begun is complete."""
    _is_last = False
    """Whether the connection ends with the reply to this request."""
    _is_deaf = False
    """Whether what arrives is ignored: it follows the last request, or nobody can tell what it is."""
    _last_words: bytes | None = None
    """The refusal of what followed requests whose replies are still to come."""

    # ---- the connection ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timeout for the first request's head."""
        super().connection_made(_LingeringTransport(transport, self))  # type: ignore[arg-type]
        self.limits = ConnectionLimits(
            self.allowed,
            self.loop,
            transport.get_write_buffer_size,
            on_end=self.transport.close_now,
            on_stall=transport.abort,
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        super().connection_lost(exc)
        self.limits.stop()

    def eof_received(self) -> None:
        """Watch that the client takes what is left of its reply; the transport closes after it."""
        self.limits.watch_reply()

    def data_received(self, data: bytes) -> None:
        """Parse the bytes and count those that belong to no body."""
        limits = self.limits
        if self.is_lingering:
            limits.discard(len(data))
            if limits.is_exceeded():
                self.transport.close()
            else:
                self._discard_slowly()
        elif self._is_deaf or (self._is_last and not self._is_open):
            self._is_deaf = True
            self.flow.pause_reading()
        else:
            was_idle = limits.phase is Phase.IDLE
            limits.take(len(data))
            super().data_received(data)
            if limits.phase is Phase.IDLE and (was_idle or self._is_open):
                limits.enter(Phase.HEAD)
                limits.take(len(data))  # blank lines before a request count as its head
            if limits.is_exceeded():
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The request's headers are too large.")

    def pause_writing(self) -> None:
        """Watch that the client takes its reply."""
        super().pause_writing()
        self.limits.watch_reply()

    def resume_writing(self) -> None:
        """The client has taken it."""
        super().resume_writing()
        self.limits.reply_is_taken()

    # ---- the request ---------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin a request, unless the one before was the last."""
        self._is_deaf = self._is_deaf or self._is_last
        self._has_head, self._is_open = False, True
        super().on_message_begin()
        self._name_request()

    def on_headers_complete(self) -> None:
        """Hand on the request, or refuse it for its head."""
        if self._is_deaf:
            return
        fault = fault_in(self.headers, self.parser.get_http_version())
        if fault is not None:
            self.app = _Refusal(fault)
        super().on_headers_complete()
        if fault is not None or len(self.pipeline) >= self.allowed.pipelined or self.parser.should_upgrade():
            self._is_last, self.cycle.keep_alive = True, False
        self._has_head = True
        self.headers = []  # trailers are dropped with this list (RFC 9110, section 6.5.1)
        self.limits.enter(Phase.REQUEST)

    def on_chunk_header(self) -> None:
        """Allow what a chunk costs besides its bytes."""
        self.limits.is_chunk()

    def on_body(self, body: bytes) -> None:
        """Hand on a piece of the body."""
        if not self._is_deaf:
            self.limits.is_body(len(body))
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request; its reply may have been sent before."""
        self._is_open = False
        super().on_message_complete()
        if self.limits.phase is Phase.REST:
            self.limits.enter(Phase.IDLE)

    # ---- the reply -----------------------------------------------------------------------------------

    def on_response_complete(self) -> None:
        """Start the next request's reply, or wait for what comes; uvicorn's own timer is not used."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._last_words is not None:
            self.transport.write(self._last_words)
            self.transport.close()
        elif self._is_open:
            self.limits.enter(Phase.REST if self._has_head else Phase.HEAD)
        else:
            self.limits.enter(Phase.IDLE)

    def linger(self) -> bool:
        """Start to discard what is still coming before closing; False if nothing is."""
        is_coming = self._is_deaf or (self._is_open and self._has_head)
        if self.is_lingering or not is_coming or self.transport.is_closing():
            return False
        self.is_lingering = True
        self.limits.enter(Phase.REST)
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        return True

    def _discard_slowly(self) -> None:
        """Read on after a pause: what is sent to be discarded should cost its sender's time, not the loop's."""
        self.flow.pause_reading()
        self.loop.call_later(_DISCARD_PAUSE_S, self._discard_on)

    def _discard_on(self) -> None:
        if not self.transport.is_closed():
            self.flow.resume_reading()

    def send_400_response(self, msg: str) -> None:
        """Answer malformed HTTP with the contract's error envelope."""
        self._refuse(HTTPStatus.BAD_REQUEST, "This is not a valid HTTP request.")

    def _unsupported_upgrade_warning(self) -> None:
        """Log nothing: a server may ignore the wish for another protocol (RFC 9110, section 7.8)."""

    def _name_request(self) -> str:
        return name_request(self.scope)  # type: ignore[arg-type]  # a TypedDict

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """Answer what can't be read or is too much, after the replies that are due before, and close."""
        if self._is_deaf or self.transport.is_closing():
            return
        self._is_deaf = True
        request_id = self._name_request() if self._is_open else new_id("req")
        body, headers = _refusal(message, request_id)
        head = b"HTTP/1.1 %d %s\r\n" % (status.value, status.phrase.encode())
        words = head + b"".join(b"%s: %s\r\n" % one for one in headers) + b"\r\n" + body
        is_half_read = self._is_open and self._has_head
        if is_half_read and self.pipeline:  # nobody has begun to answer it
            self.pipeline.popleft()
            self._last_words = words
        elif self.cycle is None or self.cycle.response_complete:
            if is_half_read:  # it has its reply
                self.transport.close_now()
                return
            self.transport.write(words)
            self.transport.close()
        elif is_half_read:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if not self.cycle.response_started:
                self.transport.write(words)
            self.transport.close()
        else:
            self._last_words = words
