"""The attacks of `bench.fairness`: what one client of a project does, again and again, to the others' disadvantage."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.synchronize import Event
from typing import Any

import httpx

from bench.crash_load import WORDS

THREADS = 24
TITLES = 1_500
MESSAGES = 10_000
STREAMS_EACH = 40
"""Streams that a thread holds open at once: 960 by all of them."""
QUESTION = "When is the launch of the lantern?"
TALK = (
    "Ada: When is the launch of the lantern?\nBo: The launch is on the ninth of June.\nAda: Good, then we have time.\n"
)
_NICE = 10
"""The attackers' machine isn't the server's: what they compute should take little from it."""


@dataclass
class Side:
    """One project's client: its key, a person with a library, and a session."""

    port: int
    key: str
    user: str = ""
    session: str = ""
    recording: str = ""
    long_session: str = ""

    def http(self) -> httpx.Client:
        """Return a client of this project."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=60)

    def fill(self, recordings: int) -> None:
        """Make a person with recordings and a session."""
        with self.http() as http:
            self.user = http.post("/v1/end-users", json={}).json()["id"]
            for _ in range(recordings):
                self.recording = http.post("/v1/recordings", json={"end_user_id": self.user}).json()["id"]
                bring(http, self.recording, TALK)
        self.open_session()

    def fill_more(self) -> None:
        """Make many titled sessions, and one with many messages: what is searched, exported and read slowly."""
        with self.http() as http:
            for at in range(TITLES):
                title = " ".join(WORDS[(at + by * by) % len(WORDS)] for by in range(6))
                http.post("/v1/ask/sessions", json={**self.scope(), "title": f"{title} {at}"})
            self.long_session = import_session(self, http, 0).json()["id"]

    def open_session(self) -> None:
        """Go on in a new session."""
        with self.http() as http:
            self.session = http.post("/v1/ask/sessions", json=self.scope()).json()["id"]

    def scope(self) -> dict[str, Any]:
        """Return the body that makes a session over the library."""
        return {"scope": {"type": "library"}, "end_user_id": self.user}


def bring(http: httpx.Client, recording: str, text: str, **query: str) -> httpx.Response:
    """Bring a transcript."""
    path = f"/v1/recordings/{recording}/transcript"
    return http.put(path, content=text.encode(), headers={"content-type": "text/plain"}, params=query)


@lru_cache
def _long_text(lines: int) -> str:
    return "".join(
        f"{'AB'[at % 2]}: {' '.join(WORDS[(at + by) % len(WORDS)] for by in range(12))}.\n" for at in range(lines)
    )


@lru_cache
def _export(messages: int, user: str) -> bytes:
    time_ = "2026-05-20T10:23:45Z"
    said = [
        {"role": "user", "parts": [{"type": "text", "text": f"What about number {at}?"}], "created_at": time_}
        for at in range(messages)
    ]
    scope = {"type": "library", "recording_ids": []}
    document = {"format": "earmark.ask-session/1", "title": "TITLE", "created_at": time_, "scope": scope}
    return json.dumps({**document, "messages": said, "end_user_id": user}).encode()


def import_session(side: Side, http: httpx.Client, at: int) -> httpx.Response:
    """Bring a session of many messages."""
    body = _export(MESSAGES, side.user).replace(b"TITLE", str(at).encode(), 1)
    return http.post("/v1/ask/sessions/import", content=body, headers={"content-type": "application/json"})


def session_import(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    return import_session(side, http, at)


def waiting_sends(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    return http.post(f"/v1/ask/sessions/{side.session}/messages", json={"content": f"{QUESTION} {at}"})


def huge_transcripts(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    recording = http.post("/v1/recordings", json={"end_user_id": side.user}).json()["id"]
    return bring(http, recording, _long_text(3_000))


def many_jobs(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    recording = http.post("/v1/recordings", json={"end_user_id": side.user}).json()["id"]
    return bring(http, recording, TALK, wait="false")


def expensive_q(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    """Search for a common letter, and for three that no title has together."""
    return http.get("/v1/ask/sessions", params={"q": ("e", "er", "eqx")[at % 3], "limit": 100})


def expensive_searches(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    body = {"query": " ".join(WORDS) * 3, "end_user_id": side.user, "limit": 50}
    return http.post("/v1/recordings/search", json=body)


def big_exports(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    return http.get(f"/v1/ask/sessions/{side.long_session}/export", params={"format": "markdown"})


def _raw(side: Side, head: str) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", side.port), timeout=30)
    line.sendall(f"{head}\r\nHost: x\r\nAuthorization: Bearer {side.key}\r\n".encode())
    return line


def slow_readers(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    """Read an export of more than a connection holds, slowly."""
    with _raw(side, f"GET /v1/ask/sessions/{side.long_session}/export?format=markdown HTTP/1.1") as line:
        line.sendall(b"\r\n")
        for _ in range(20):
            line.recv(64)
            time.sleep(0.1)
    return None


def slow_writers(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    with _raw(side, "POST /v1/recordings/search HTTP/1.1") as line:
        line.sendall(b"Content-Type: application/json\r\nContent-Length: 200000\r\n\r\n")
        for _ in range(20):
            line.sendall(b" " * 100)
            time.sleep(0.1)
    return None


def half_open(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    lines = [socket.create_connection(("127.0.0.1", side.port), timeout=30) for _ in range(40)]
    for line in lines:
        line.sendall(b"GET /v1/ask/sessions HTT")
    time.sleep(2)
    for line in lines:
        line.close()
    return None


def streams(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    """Ask in many new sessions at once, and leave the answers unread for a second."""
    body = json.dumps({**side.scope(), "initial_message": {"content": QUESTION}}).encode()
    lines = [_raw(side, "POST /v1/ask/sessions HTTP/1.1") for _ in range(STREAMS_EACH)]
    for line in lines:
        head = f"Accept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        line.sendall(head.encode() + body)
    time.sleep(1)
    for line in lines:
        line.close()
    return None


def trailers(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    with _raw(side, "POST /v1/recordings/search HTTP/1.1") as line:
        line.sendall(b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
        for _ in range(200):
            line.sendall(b"x-n: " + b"a" * 60_000 + b"\r\n")
    return None


ATTACKS: dict[str, Callable[[Side, httpx.Client, int], httpx.Response | None]] = {
    one.__name__.replace("_", " "): one
    for one in (
        session_import, waiting_sends, huge_transcripts, many_jobs, expensive_q, expensive_searches, slow_readers,
        slow_writers, half_open, streams, big_exports, trailers,
    )
}  # fmt: skip


def _attack(name: str, side: Side, ready: Event, over: Event, core: int | None, done: Any) -> None:
    os.nice(_NICE)
    if core is not None:
        os.sched_setaffinity(0, {core})

    def work(number: int) -> None:
        at = number * 1_000_000
        with side.http() as http:
            while not over.is_set():
                with suppress(httpx.HTTPError, OSError, KeyError, ValueError):
                    answer = ATTACKS[name](side, http, at)
                    if answer is not None and answer.status_code in (429, 503):
                        time.sleep(0.05)  # a client that is told to wait, and waits too little
                at += 1
                with done.get_lock():
                    done.value += 1

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    ready.set()
    over.wait()


@contextmanager
def attacking(name: str, side: Side, core: int | None) -> Iterator[Any]:
    """Attack from a process of its own for the block, on one core if it is given; yield the count of attacks done."""
    context = multiprocessing.get_context("spawn")
    ready, over = context.Event(), context.Event()
    done = context.Value("i", 0)
    process = context.Process(target=_attack, args=(name, side, ready, over, core, done))
    process.start()
    ready.wait(60)
    time.sleep(2)
    try:
        yield done
    finally:
        over.set()
        process.join(3)
        process.kill()
        process.join(10)
