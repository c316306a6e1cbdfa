"""A scripted language model over real HTTP, controlled by tests."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WAIT = "…wait…"
"""Said by nobody: the model stops here until `go_on`."""


class Model(ThreadingHTTPServer):
    """A server with OpenAI's chat completions API, streamed."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[str] = []
        self.is_failing = False
        self.may_go_on = threading.Event()

    def will_say(self, *words: str) -> None:
        """Set the pieces of the next answers."""
        self.script, self.is_failing = list(words), False
        self.may_go_on.clear()

    def go_on(self) -> None:
        """Let a paused model continue."""
        self.may_go_on.set()

    @property
    def base_url(self) -> str:
        """The server's URL."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Model

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.is_failing:
            self.send_response(400)
            self.end_headers()
            self.wfile.write(b'{"error":{"message":"no","type":"invalid_request_error"}}')
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for words in self.server.script:
            if words == WAIT:
                self.server.may_go_on.wait(60)
            else:
                self._say(
                    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": words}, "finish_reason": None}]}
                )
        self._say({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self._say({"choices": [], "usage": {"prompt_tokens": 700, "completion_tokens": 34, "total_tokens": 734}})
        self.wfile.write(b"data: [DONE]\n\n")

    def _say(self, chunk: dict[str, Any]) -> None:
        whole = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "scripted-1", **chunk}
        self.wfile.write(f"data: {json.dumps(whole)}\n\n".encode())
        self.wfile.flush()


@contextmanager
def speaking_model() -> Iterator[Model]:
    """Run a model on a free port."""
    with Model() as model:
        thread = threading.Thread(target=model.serve_forever, daemon=True)
        thread.start()
        yield model
        model.go_on()
        model.shutdown()
        thread.join()
