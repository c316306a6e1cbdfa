"""A receiver of webhooks on this machine: a real HTTP server that notes what it gets and answers as it is told."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

WAIT_S = 20.0


@dataclass(frozen=True)
class Got:
    """A request as it arrived; names of headers in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes
    at_s: float

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


Answer = Callable[["Handler", Got], None]


def ok(handler: Handler, _: Got) -> None:
    handler.reply(200)


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    """Return an answer with a status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, _: handler.reply(code, body, named)


def in_turn(*answers: Answer) -> Answer:
    """Return an answer that is another each time; the last one from then on."""
    left = list(answers)
    lock = threading.Lock()

    def answer(handler: Handler, got: Got) -> None:
        with lock:
            one = left.pop(0) if len(left) > 1 else left[0]
        one(handler, got)

    return answer


def reset(handler: Handler, _: Got) -> None:
    """Break the connection off without a word."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def huge(handler: Handler, _: Got) -> None:
    """Answer 200 and send bytes for as long as anybody reads."""
    handler.send_response(200)
    handler.end_headers()
    sent = handler.server.sent  # type: ignore[attr-defined]
    with suppress(OSError):
        while True:
            handler.wfile.write(b"x" * 65_536)
            sent[0] += 65_536
    handler.close_connection = True


class Handler(BaseHTTPRequestHandler):
    """Notes a request, then answers it."""

    protocol_version: ClassVar[str] = "HTTP/1.1"  # type: ignore[misc]

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:  # the sender died in the middle: no server would take this for a request
            self.close_connection = True
            return
        got = Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body, time.time())
        receiver: Receiver = self.server.receiver  # type: ignore[attr-defined]
        with receiver.noting():
            receiver.got.append(got)
            receiver.under_way += 1
            receiver.most_under_way = max(receiver.most_under_way, receiver.under_way)
        try:
            with suppress(OSError):
                receiver.answer(self, got)
        finally:
            with receiver.noting():
                receiver.under_way -= 1

    def do_GET(self) -> None:
        self.do_POST()

    def reply(self, code: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@dataclass
class Receiver:
    """What arrived, and how it is answered."""

    url: str = ""
    answer: Answer = ok
    got: list[Got] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)
    hold: threading.Event = field(default_factory=threading.Event)
    """What `hanging` waits for."""

    @contextmanager
    def noting(self) -> Iterator[None]:
        with self.changed:
            yield
            self.changed.notify_all()

    def hanging(self, handler: Handler, _: Got) -> None:
        """Answer nothing until the receiver is told to, or closes."""
        self.hold.wait(60)
        handler.reply(200)

    def wait(self, count: int = 1, *, of_type: str | None = None, most_s: float = WAIT_S) -> list[Got]:
        """Wait until `count` requests are there; return them all."""

        def found() -> list[Got]:
            return [one for one in self.got if of_type is None or one.event["type"] == of_type]

        with self.changed:
            assert self.changed.wait_for(lambda: len(found()) >= count, most_s), f"{len(found())} of {count} arrived"
            return found()

    @property
    def ids(self) -> Counter[str]:
        """How often each event arrived."""
        return Counter(one.event["id"] for one in list(self.got))


@contextmanager
def receiving(answer: Answer = ok, context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run a receiver on a free port of 127.0.0.1, with TLS if there is a context."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(answer=answer)
    server.receiver = receiver  # type: ignore[attr-defined]
    server.sent = [0]  # type: ignore[attr-defined]
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "http" if context is None else "https"
    receiver.url = f"{scheme}://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()
