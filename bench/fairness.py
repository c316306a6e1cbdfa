"""What one tenant's attack costs another: `python -m bench.fairness [--seconds 8] [--database both]`.

One client of project B sends its list, a search and a question in turns, first in peace and then while project A, from a
process of its own and without rate limits, attacks in one of twelve ways. Shown are the 95th percentiles over those in peace,
what was refused or failed, and how the server's memory grew. Client and server share two cores: part of each ratio is
the processor time that the attacker's own process takes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from typing import Any

import httpx
from tests.server import Place, Server, new_project, running

from bench.crash import new_place
from bench.crash_load import WORDS
from bench.results import circumstances, table, write_section
from bench.server import resident_mb

THREADS = 24
QUESTION = "When is the launch of the lantern?"
TALK = (
    "Ada: When is the launch of the lantern?\nBo: The launch is on the ninth of June.\nAda: Good, then we have time.\n"
)
SETTINGS = {
    "EARMARK_RATE_LIMIT_OVERALL": "0",
    "EARMARK_RATE_LIMIT_UPLOADS": "0",
    "EARMARK_RATE_LIMIT_TRANSCRIPTIONS": "0",
}


@dataclass
class Side:
    """One project's client: its key, a person with a library, and a session."""

    port: int
    key: str
    user: str = ""
    session: str = ""
    recording: str = ""
    seen: defaultdict[str, list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))

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
            self.session = http.post("/v1/ask/sessions", json=self.scope()).json()["id"]

    def scope(self) -> dict[str, Any]:
        """Return the body that makes a session over the library."""
        return {"scope": {"type": "library"}, "end_user_id": self.user}


def bring(http: httpx.Client, recording: str, text: str, **query: str) -> httpx.Response:
    """Bring a transcript."""
    path = f"/v1/recordings/{recording}/transcript"
    return http.put(path, content=text.encode(), headers={"content-type": "text/plain"}, params=query)


def long_text(lines: int) -> str:
    """Return a transcript of so many lines."""
    return "".join(
        f"{'AB'[at % 2]}: {' '.join(WORDS[(at + by) % len(WORDS)] for by in range(12))}.\n" for at in range(lines)
    )


# ---- twelve attacks: each is called again and again by each of the attacker's threads ---------------------------


def _export(messages: int, at: int) -> dict[str, Any]:
    time_ = "2026-05-20T10:23:45Z"
    one = {"role": "user", "parts": [{"type": "text", "text": f"What about number {at}?"}], "created_at": time_}
    scope = {"type": "library", "recording_ids": []}
    return {
        "format": "earmark.ask-session/1",
        "title": f"t {at}",
        "created_at": time_,
        "scope": scope,
        "messages": [one] * messages,
    }


def session_import(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    return http.post("/v1/ask/sessions/import", json={**_export(10_000, at), "end_user_id": side.user})


def waiting_sends(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    return http.post(f"/v1/ask/sessions/{side.session}/messages", json={"content": f"{QUESTION} {at}"})


def huge_transcripts(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    recording = http.post("/v1/recordings", json={"end_user_id": side.user}).json()["id"]
    return bring(http, recording, long_text(3_000))


def many_jobs(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    recording = http.post("/v1/recordings", json={"end_user_id": side.user}).json()["id"]
    return bring(http, recording, TALK, wait="false")


def expensive_q(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    return http.get("/v1/ask/sessions", params={"q": "e" * (1 + at % 3), "limit": 100})


def expensive_searches(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    body = {"query": " ".join(WORDS) * 3, "end_user_id": side.user, "limit": 50}
    return http.post("/v1/recordings/search", json=body)


def big_exports(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    return http.get(f"/v1/ask/sessions/{side.session}/export", params={"format": "markdown"})


def _raw(side: Side, head: str) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", side.port), timeout=30)
    line.sendall(f"{head}\r\nHost: x\r\nAuthorization: Bearer {side.key}\r\n".encode())
    return line


def slow_readers(side: Side, http: httpx.Client, at: int) -> httpx.Response | None:
    with _raw(side, "GET /v1/ask/sessions?limit=100 HTTP/1.1") as line:
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
    body = {**side.scope(), "initial_message": {"content": QUESTION}}
    with http.stream("POST", "/v1/ask/sessions", json=body, headers={"accept": "text/event-stream"}) as answer:
        for _ in answer.iter_bytes():
            pass
    return answer


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


def _attack(name: str, side: Side, ready: Event, over: Event) -> None:
    def work(number: int) -> None:
        at = number * 1_000_000
        with side.http() as http:
            while not over.is_set():
                with suppress(httpx.HTTPError, OSError, KeyError, ValueError):
                    answer = ATTACKS[name](side, http, at)
                    if answer is not None and answer.status_code in (429, 503):
                        time.sleep(0.05)  # a client that is told to wait, and waits too little
                at += 1

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    ready.set()
    over.wait()


@contextmanager
def attacking(name: str, side: Side) -> Iterator[None]:
    """Attack from a process of its own for the block."""
    context = multiprocessing.get_context("spawn")
    ready, over = context.Event(), context.Event()
    plain = Side(side.port, side.key, side.user, side.session, side.recording)
    process = context.Process(target=_attack, args=(name, plain, ready, over))
    process.start()
    ready.wait(60)
    time.sleep(1)
    try:
        yield
    finally:
        over.set()
        process.join(3)
        process.kill()


def look(side: Side, seconds: float) -> dict[str, list[tuple[int, float]]]:
    """Send a list, a search and a question in turns; return their statuses and milliseconds."""
    seen: dict[str, list[tuple[int, float]]] = defaultdict(list)
    until = time.monotonic() + seconds
    with side.http() as http:
        while time.monotonic() < until:
            for name, method, path, body in (
                ("list", "GET", "/v1/ask/sessions?limit=20", None),
                ("search", "POST", "/v1/recordings/search", {"query": QUESTION, "end_user_id": side.user}),
                ("send", "POST", f"/v1/ask/sessions/{side.session}/messages", {"content": QUESTION}),
            ):
                started = time.perf_counter()
                status = http.request(method, path, json=body).status_code
                seen[name].append((status, (time.perf_counter() - started) * 1_000))
    return seen


def p95(times: list[tuple[int, float]]) -> float:
    """Return the 95th percentile of the milliseconds."""
    found = sorted(one for _, one in times)
    return statistics.quantiles(found, n=20)[-1] if len(found) > 1 else found[0]


def measure(place: Place, seconds: float) -> list[list[object]]:
    """Return a row for peace and for each attack."""
    rows: list[list[object]] = []
    with ExitStack() as stack:
        server: Server = stack.enter_context(running(place, **SETTINGS))
        port = int(server.base_url.rsplit(":", 1)[1])
        ours, theirs = (Side(port, new_project(place, name).live) for name in ("B", "A"))
        ours.fill(5)
        theirs.fill(40)
        look(ours, 2)
        peace = look(ours, seconds)
        rows.append(
            [
                "peace (ms)",
                *(f"{p95(peace[name]):.0f}" for name in peace),
                "",
                f"{resident_mb(server.process.pid):.0f} MB",
            ]
        )
        for name in ATTACKS:
            before = resident_mb(server.process.pid)
            with attacking(name, theirs):
                seen = look(ours, seconds)
            failed = sum(status >= 400 for times in seen.values() for status, _ in times)
            ratios = [f"{p95(seen[one]) / p95(peace[one]):.1f}" for one in peace]
            grown = resident_mb(server.process.pid) - before
            rows.append([name, *ratios, f"{failed} of {sum(map(len, seen.values()))}", f"{grown:+.0f} MB"])
            print(rows[-1], flush=True)
            time.sleep(2)
    return rows


def main() -> None:
    """Measure on SQLite, PostgreSQL or both, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    asked = parser.parse_args()
    parts = []
    for database in ("sqlite", "postgresql") if asked.database == "both" else (asked.database,):
        with new_place(database) as place:
            rows = measure(place, asked.seconds)
        parts.append(f"### {database}\n\n" + table(["A does", "list", "search", "send", "failed", "memory"], rows))
    command = f"python -m bench.fairness --seconds {asked.seconds:g} --database {asked.database}"
    write_section("Fairness", command, "\n\n".join([circumstances(), *parts]))


if __name__ == "__main__":
    main()
