"""A scripted HTTP server that speaks three vendors' wire formats, errors included."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

VENDORS = ("openai", "claude", "gemini")
ERROR_BODIES: dict[str, Callable[[int, str], Any]] = {
    "openai": lambda status, code: {"error": {"message": "Said by the vendor.", "type": "error", "code": code}},
    "claude": lambda status, code: {"type": "error", "error": {"type": code, "message": "Said by the vendor."}},
    "gemini": lambda status, code: {"error": {"code": status, "message": "Said by the vendor.", "status": code}},
}
OVERFLOWS: dict[str, tuple[int, Any]] = {
    "openai": (400, {"error": {"message": "This model's maximum context length is 128 tokens.",
                               "type": "invalid_request_error", "code": "context_length_exceeded"}}),
    "claude": (400, {"type": "error", "error": {"type": "invalid_request_error",
                                                "message": "prompt is too long: 300 tokens > 128 maximum"}}),
    "gemini": (400, {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "The input token count (300) "
                               "exceeds the maximum number of tokens allowed (128)."}}),
}  # fmt: skip


@dataclass(frozen=True)
class Says:
    """An answer: its pieces (numbers are pauses in seconds), its end and token counts."""

    pieces: tuple[str | float, ...] = ("On the ninth of June [2].",)
    finish: str = "stop"
    input: int = 120
    output: int = 9
    cached: int = 30
    breaks_off: bool = False
    then_raw: bytes = b""


@dataclass(frozen=True)
class Fails:
    """An HTTP error response."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class VendorServer:
    """Answers requests from `script`, one entry each; the last one is repeated."""

    base_url: str
    models: tuple[str, ...] = ("llama3.2",)
    """The models it lists, in each vendor's form."""
    gets: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Paths and headers of GET requests."""
    script: list[Says | Fails] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    closed_early: threading.Event = field(default_factory=threading.Event)
    arrived_s: list[float] = field(default_factory=list)
    """When each request had been read (`time.perf_counter`)."""
    spoke_s: list[float] = field(default_factory=list)
    """When the first piece of each answer was sent."""

    def next(self) -> Says | Fails:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


@contextmanager
def vendor_server(*script: Says | Fails) -> Iterator[VendorServer]:
    """Run the server on a free loopback port."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    http.daemon_threads = True
    http.handle_error = lambda *_: None  # type: ignore[method-assign]
    server = VendorServer(f"http://127.0.0.1:{http.server_address[1]}", script=list(script))
    http.scripted = server  # type: ignore[attr-defined]
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        server: VendorServer = self.server.scripted  # type: ignore[attr-defined]
        server.gets.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        path = unquote(self.path)
        if path == "/v1/models":
            self._json(200, {"object": "list", "data": [{"id": one, "object": "model"} for one in server.models]})
        elif path.startswith(("/v1/models/", "/v1beta/models/")) and path.rpartition("/models/")[2] in server.models:
            self._json(200, {"id": path.rpartition("/models/")[2]})
        else:
            self._json(404, {"error": {"message": "Said by the vendor."}})

    def do_POST(self) -> None:
        server: VendorServer = self.server.scripted  # type: ignore[attr-defined]
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server.arrived_s.append(time.perf_counter())
        server.requests.append({"path": self.path, "headers": dict(self.headers), "body": body})
        if "countTokens" in self.path or "count_tokens" in self.path:
            self._json(200, {"totalTokens": 50, "input_tokens": 50})
            return
        answer = server.next()
        if isinstance(answer, Fails):
            self._json(answer.status, answer.body, answer.headers)
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        try:
            self._stream(answer, body.get("model", "the-model"))
        except OSError:
            server.closed_early.set()
        self.close_connection = True

    def _json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {
            "content-type": "application/json",
            "content-length": str(len(raw)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def _stream(self, says: Says, model: str) -> None:
        write = {"/chat/completions": _openai, "/v1/messages": _claude}.get(self.path.split("?")[0].removeprefix("/v1"))
        if self.path.startswith("/v1/messages"):
            write = _claude
        for chunk in (write or _gemini)(says, model):
            if isinstance(chunk, float):
                time.sleep(chunk)
                continue
            if says.pieces and str(says.pieces[-1]).encode() in chunk:
                self.server.scripted.spoke_s.append(time.perf_counter())  # type: ignore[attr-defined]
            self.wfile.write(chunk)
            self.wfile.flush()


def _data(value: Any, event: str | None = None) -> bytes:
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {json.dumps(value)}\n\n".encode()


def _pieces(says: Says, render: Callable[[str], bytes]) -> Iterator[bytes | float]:
    for piece in says.pieces:
        yield piece if isinstance(piece, float) else render(piece)
    if says.then_raw:
        yield says.then_raw


def _openai(says: Says, model: str) -> Iterator[bytes | float]:
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}

    def chunk(delta: Any, finish: str | None = None) -> bytes:
        return _data({**base, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    yield chunk({"role": "assistant", "content": ""})
    yield from _pieces(says, lambda piece: chunk({"content": piece}))
    if says.breaks_off:
        return
    yield chunk({}, says.finish)
    usage = {"prompt_tokens": says.input, "completion_tokens": says.output, "total_tokens": says.input + says.output,
             "prompt_tokens_details": {"cached_tokens": says.cached}}  # fmt: skip
    yield _data({**base, "choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


def _claude(says: Says, model: str) -> Iterator[bytes | float]:
    usage = {"input_tokens": says.input - says.cached, "output_tokens": 1, "cache_read_input_tokens": says.cached,
             "cache_creation_input_tokens": 0}  # fmt: skip
    start = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [], "stop_reason": None,
             "stop_sequence": None, "usage": usage}  # fmt: skip
    yield _data({"type": "message_start", "message": start}, "message_start")
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    yield _data(block, "content_block_start")

    def delta(piece: str) -> bytes:
        said = {"type": "text_delta", "text": piece}
        return _data({"type": "content_block_delta", "index": 0, "delta": said}, "content_block_delta")

    yield from _pieces(says, delta)
    if says.breaks_off:
        return
    yield _data({"type": "content_block_stop", "index": 0}, "content_block_stop")
    reason = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}[says.finish]
    end = {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None},
           "usage": {"output_tokens": says.output}}  # fmt: skip
    yield _data(end, "message_delta")
    yield _data({"type": "message_stop"}, "message_stop")


def _gemini(says: Says, model: str) -> Iterator[bytes | float]:
    def chunk(parts: Any, finish: str | None = None) -> bytes:
        candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
        usage = {"promptTokenCount": says.input, "candidatesTokenCount": says.output,
                 "cachedContentTokenCount": says.cached, "totalTokenCount": says.input + says.output}  # fmt: skip
        if finish:
            candidate["finishReason"] = finish
        return _data({"candidates": [candidate], "usageMetadata": usage, "modelVersion": model})

    yield from _pieces(says, lambda piece: chunk([{"text": piece}]))
    if says.breaks_off:
        return
    reason = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}[says.finish]
    yield chunk([{"text": ""}] if says.finish != "content_filter" else [], reason)
