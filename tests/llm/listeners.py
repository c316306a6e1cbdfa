"""Loopback servers for tests: model servers, and other services on the same ports."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Answer = Callable[[str, dict[str, str]], Iterable[bytes]]
"""Maps a path and headers to response bytes; an answer may sleep between pieces."""


@dataclass
class Listener:
    """A listening server, and the requests it received."""

    port: int
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        first, *lines = iter(lambda: self.rfile.readline().decode("latin-1").strip(), "")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        path = first.split(" ")[1]
        self.server.listener.asked.append((path, headers))  # type: ignore[attr-defined]
        with suppress(OSError):
            for piece in self.server.answer(path, headers):  # type: ignore[attr-defined]
                if self.server.listener.ending.is_set():  # type: ignore[attr-defined]
                    return
                self.wfile.write(piece)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_: Any) -> None:
        pass


@contextmanager
def listening(answer: Answer) -> Iterator[Listener]:
    """Listen on a free loopback port and answer every request with `answer`."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.listener = Listener(server.server_address[1])  # type: ignore[attr-defined]
        server.answer = answer  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.listener  # type: ignore[attr-defined]
        finally:
            server.listener.ending.set()  # type: ignore[attr-defined]
            server.shutdown()


def reply(body: bytes | str | Any, status: str = "200 OK", kind: str = "application/json", **headers: str) -> bytes:
    """Return a complete HTTP response."""
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", f"content-length: {len(raw)}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + raw


def openai_list(*models: Any) -> Answer:
    """Return a server with these models, listed at `/v1/models`."""

    def answer(path: str, headers: dict[str, str]) -> Iterator[bytes]:
        is_list = path == "/v1/models"
        yield reply({"data": [{"id": one} for one in models]}) if is_list else reply("no", "404 Not Found")

    return answer


def old_ollama(*models: str) -> Answer:
    """Return an Ollama without `/v1/models`."""

    def answer(path: str, headers: dict[str, str]) -> Iterator[bytes]:
        is_list = path == "/api/tags"
        yield reply({"models": [{"name": one} for one in models]}) if is_list else reply("no", "404 Not Found")

    return answer


def locked(key: str, *models: str) -> Answer:
    """Return a server that requires a key."""

    def answer(path: str, headers: dict[str, str]) -> Iterable[bytes]:
        if headers.get("authorization") != f"Bearer {key}":
            return [reply({"error": "Unauthorized"}, "401 Unauthorized")]
        return openai_list(*models)(path, headers)

    return answer


def _always(*pieces: bytes) -> Answer:
    return lambda path, headers: pieces


def _endless(path: str, headers: dict[str, str]) -> Iterator[bytes]:
    yield b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"data":['
    while True:
        yield b" " * 65_536


def _hanging(path: str, headers: dict[str, str]) -> Iterator[bytes]:
    for _ in range(600):
        yield b""
        time.sleep(0.1)


def _dripping(path: str, headers: dict[str, str]) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"
    for _ in range(600):
        yield b" "
        time.sleep(0.1)


STRANGERS: dict[str, Answer] = {
    "a web page": _always(reply("<!doctype html><title>Hello</title>", kind="text/html")),
    "another API": _always(reply({"detail": "Not Found"}, "404 Not Found")),
    "a list of something else": _always(reply(["one", "two"])),
    "data that is no list": _always(reply({"data": "llama"})),
    "a redirect": _always(reply("", "302 Found", location="http://127.0.0.1:1/v1/models")),
    "garbage": _always(b"\x00\xff\xfe SSH-2.0-OpenSSH\r\n" * 50),
    "nothing at all": _always(),
    "half a head": _always(b"HTTP/1.1 200 OK\r\ncontent-"),
    "less than it promised": _always(b'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"data": []'),
    "an endless head": _always(b"HTTP/1.1 200 OK\r\n", *[b"x-more: " + b"y" * 60_000 + b"\r\n"] * 50),
    "an endless body": _endless,
    "compressed bytes": _always(reply(b"\x1f\x8b\x08\x00" + b"\x00" * 50, content_encoding="gzip")),
    "deep JSON": _always(reply("[" * 100_000)),
    "half a character": _always(reply('{"data": [{"id": "\\ud800"}]}')),
    "not UTF-8": _always(reply(b'{"data": [{"id": "\xff"}]}')),
    "silence": _hanging,
    "a byte now and then": _dripping,
}
"""Other services on a model server's port."""
