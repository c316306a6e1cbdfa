"""A scripted loopback embeddings server that records its requests."""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DIMENSIONS = 48


def vector_of(text: str) -> list[float]:
    """Return a vector: texts that share words are similar; never all zero, never of length 1."""
    vector = [0.01] * DIMENSIONS
    for word in text.lower().replace("?", " ").replace(".", " ").split():
        vector[zlib.crc32(word.encode()) % DIMENSIONS] += 3.0
    return vector


def answer_to(body: dict[str, Any]) -> dict[str, Any]:
    """Return the API's response, with its rows out of order."""
    rows = [{"object": "embedding", "index": at, "embedding": vector_of(text)} for at, text in enumerate(body["input"])]
    return {"object": "list", "data": rows[::-1], "model": body["model"], "usage": {"total_tokens": 1}}


@dataclass
class Asked:
    """One recorded request."""

    path: str
    authorization: str | None
    body: dict[str, Any]


@dataclass
class EmbeddingsServer:
    """`script` lists the first responses: (status, headers, body or None for a correct one)."""

    base_url: str = ""
    script: list[tuple[int, dict[str, str], Any]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    is_down: Callable[[dict[str, Any]], bool] = lambda body: False

    @property
    def texts(self) -> list[str]:
        """Every text received."""
        return [text for one in self.asked for text in one.body["input"]]


@contextmanager
def embeddings_server() -> Iterator[EmbeddingsServer]:
    """Run a server until the block ends."""
    told = EmbeddingsServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            told.asked.append(Asked(self.path, self.headers.get("authorization"), body))
            status, headers, content = told.script.pop(0) if told.script else (200, {}, None)
            if told.is_down(body):
                status = 503
            payload = json.dumps(answer_to(body) if content is None else content).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(payload))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.base_url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
