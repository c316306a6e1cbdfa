"""A speech vendor on this machine that answers as a test tells it to, also badly."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

WORDS = ["We", "harvest", "on", "Friday.", "The", "price", "stays."]
"""Two sentences."""


@dataclass(frozen=True)
class Got:
    """A request as it arrived."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Say:
    """An answer; `does` is `hang` or `reset` instead of it, or `half` of it."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    does: str = "answer"

    @property
    def bytes(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


HTML = Say(b"<html><body>502 Bad Gateway</body></html>", headers={"Content-Type": "text/html"})
HANG, RESET = Say(does="hang"), Say(does="reset")
Answering = Say | Callable[[Got], Say]


class FakeVendor:
    """What the vendor was asked, and what it says to what: the last answer of a path is repeated."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.closing = threading.Event()
        self._answers: dict[tuple[str, str], list[Answering]] = {}
        self._lock = threading.Lock()
        self.base_url = ""

    def on(self, method: str, path: str, *answers: Answering) -> None:
        """Say these to requests whose path begins so, one after the other."""
        self._answers[(method, path)] = list(answers)

    def count(self, method: str, path: str = "") -> int:
        return len([one for one in self.got if one.method == method and one.path.startswith(path)])

    def answer_to(self, got: Got) -> Say:
        with self._lock:
            self.got.append(got)
            fitting = [key for key in self._answers if key[0] == got.method and got.path.startswith(key[1])]
            if not fitting:
                return Say({"error": "unknown"}, 404)
            answers = self._answers[max(fitting, key=lambda key: len(key[1]))]
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer(got) if callable(answer) else answer

    def resets(self, method: str, path: str) -> bool:
        answers = self._answers.get((method, path), [])
        return bool(answers) and answers[0] is RESET


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def fake(self) -> FakeVendor:
        return self.server.fake  # type: ignore[attr-defined,no-any-return]

    def handle_any(self) -> None:
        parts = urlsplit(self.path)
        if self.fake.resets(self.command, parts.path):
            self.rfile.read(1)
            self.fake.answer_to(Got(self.command, parts.path, [], dict(self.headers), b""))
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        answer = self.fake.answer_to(Got(self.command, parts.path, parse_qsl(parts.query), dict(self.headers), body))
        if answer.does == "hang":
            self.fake.closing.wait()
        self.say(answer)

    def say(self, answer: Say) -> None:
        data = answer.bytes
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(data[: len(data) // 2] if answer.does == "half" else data)
        self.close_connection = self.close_connection or answer.does == "half"

    do_GET = do_POST = do_DELETE = handle_any  # noqa: N815

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients go away: that is no error here."""


@contextmanager
def fake_vendor() -> Iterator[FakeVendor]:
    """Run a vendor that answers 404 to everything until it is told otherwise."""
    fake = FakeVendor()
    server = _Server(("127.0.0.1", 0), _Handler)
    server.fake = fake  # type: ignore[attr-defined]
    fake.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        fake.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


# ---- what vendors say when all goes well -----------------------------------------------------------


def deepgram_says(words: list[str] = WORDS, language: str = "en", *, start_s: float = 0.5) -> Say:
    """Two sentences, of two speakers."""
    cut = next((at + 1 for at, word in enumerate(words) if word.endswith(".")), len(words))
    paragraphs = [
        {"speaker": speaker, "sentences": [{"text": " ".join(said), "start": at, "end": at + 1.5}]}
        for speaker, said, at in ((1, words[:cut], start_s), (0, words[cut:], start_s + 2))
        if said
    ]
    best = {"transcript": " ".join(words), "confidence": 0.9, "words": [], "paragraphs": {"paragraphs": paragraphs}}
    return Say({"metadata": {}, "results": {"channels": [{"detected_language": language, "alternatives": [best]}]}})


def assemblyai_says(transcript_id: str, words: list[str] = WORDS) -> Say:
    rows = [
        {"text": word, "start": 500 + at * 400, "end": 800 + at * 400, "confidence": 0.9, "speaker": "A" if at < 4 else "B"}
        for at, word in enumerate(words)
    ]  # fmt: skip
    body = {"id": transcript_id, "status": "completed", "text": " ".join(words), "words": rows, "language_code": "en_us",
            "utterances": [{"text": " ".join(words), "start": 500, "end": 3_300, "speaker": "A"}]}  # fmt: skip
    return Say(body)


def elevenlabs_says(transcription_id: str, words: list[str] = WORDS) -> Say:
    rows: list[dict[str, Any]] = []
    for at, word in enumerate(words):
        row = {"start": 0.5 + at * 0.4, "end": 0.8 + at * 0.4, "speaker_id": "speaker_1" if at < 4 else "speaker_0"}
        rows += [{"type": "word", "text": word, **row}, {"type": "spacing", "text": " ", **row}]
    text = " ".join(words)
    return Say({"language_code": "eng", "text": text, "words": rows, "transcription_id": transcription_id})


def openai_says(texts: tuple[str, ...] = ("We harvest on Friday.", "The price stays."), *, start_s: float = 0.5) -> Say:
    segments = [
        {"id": at, "start": start_s + 2 * at, "end": start_s + 1.5 + 2 * at, "text": f" {text}", "tokens": []}
        for at, text in enumerate(texts)
    ]
    return Say({"task": "transcribe", "language": "english", "text": " ".join(texts), "segments": segments})
