"""Load and tenfold overload: `python -m bench.load [--seconds 180] [--database both]`.

64 clients list, search, ask and import, pausing half a second to one and a half between requests; then 640 do
so without a pause, far more than two cores can serve. Counted: invalid responses (5xx except 503, or none),
acknowledged data that is missing, the list's latency relative to its idle latency, memory, and the time until
the server has recovered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.http.conftest import Library
from tests.server import Place, Server, new_project, running

from bench.crash import new_place
from bench.crash_load import WORDS
from bench.results import circumstances, table, write_section
from bench.server import resident_mb

CLIENTS = 64
GIVE_UP_S = 60.0
MIX = ("list",) * 12 + ("search",) * 5 + ("send",) * 2 + ("import",)


@dataclass
class Tally:
    """The clients' results; latencies in milliseconds."""

    latencies: dict[str, list[float]] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    timeouts: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    imported: dict[str, str] = field(default_factory=dict)

    def p99(self, kind: str) -> float:
        """Return the 99th percentile of a kind of request."""
        ordered = sorted(self.latencies.get(kind, [0.0]))
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]

    def answered(self, kind: str) -> int:
        """Return how many requests of a kind succeeded."""
        return len(self.latencies.get(kind, ()))

    @property
    def faults(self) -> int:
        """The number of invalid or missing responses."""
        return self.timeouts + sum(count for status, count in self.statuses.items() if status >= 500 and status != 503)


class Client:
    """One keep-alive HTTP/1.1 connection."""

    def __init__(self, port: int, key: str) -> None:
        self._port, self._key = port, key
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Send a request and return the response's status and body."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        content = b"" if body is None else json.dumps(body).encode()
        kind = "Content-Type: application/json\r\n" if content else ""
        writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: earmark\r\nAuthorization: Bearer {self._key}\r\n{kind}"
            f"Content-Length: {len(content)}\r\n\r\n".encode()
            + content
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        size = int(head.split("content-length:")[1].split("\r\n")[0]) if "content-length:" in head else 0
        return int(head.split(" ")[1]), await reader.readexactly(size)

    def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _work(
    client: Client, tally: Tally, number: int, sessions: Sequence[str], user: str, until: float, breath_s: float
) -> None:
    chance = random.Random(number)
    steps: dict[str, Callable[[], Awaitable[int]]] = {
        "list": lambda: _list(client, user),
        "search": lambda: _search(client, user, chance),
        "send": lambda: _send(client, tally, chance.choice(sessions), chance),
        "import": lambda: _import(client, tally, user, chance),
    }
    while time.monotonic() < until:
        await asyncio.sleep(chance.uniform(0.5, 1.5) * breath_s)
        kind = chance.choice(MIX)
        tally.sent[kind] += 1
        started = time.perf_counter()
        try:
            status = await asyncio.wait_for(steps[kind](), GIVE_UP_S)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            tally.timeouts += 1
            client.close()
            continue
        tally.statuses[status] += 1
        if status < 300:
            tally.latencies.setdefault(kind, []).append((time.perf_counter() - started) * 1_000)
        elif status in (429, 503):
            await asyncio.sleep(1)  # as Retry-After asks
    client.close()


def _phrase(chance: random.Random, length: int) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(length))


async def _list(client: Client, user: str) -> int:
    return (await client.call("GET", f"/v1/ask/sessions?end_user_id={user}&limit=20"))[0]


async def _search(client: Client, user: str, chance: random.Random) -> int:
    body = {"query": _phrase(chance, 3), "end_user_id": user}
    return (await client.call("POST", "/v1/recordings/search", body))[0]


async def _send(client: Client, tally: Tally, session: str, chance: random.Random) -> int:
    body = {"content": f"What about the {_phrase(chance, 2)}?"}
    status, _ = await client.call("POST", f"/v1/ask/sessions/{session}/messages", body)
    if status == 200:
        tally.asked[session] += 1
    return status


async def _import(client: Client, tally: Tally, user: str, chance: random.Random) -> int:
    status, made = await client.call("POST", "/v1/recordings", {"end_user_id": user, "name": _phrase(chance, 2)})
    if status != 201:
        return status
    recording = json.loads(made)["id"]
    text = f"We spoke of {_phrase(chance, 30)}."
    segments = [{"start": 0, "end": 9, "speaker": "Ada", "text": text}]
    status, _ = await client.call("PUT", f"/v1/recordings/{recording}/transcript", {"segments": segments})
    if status == 201:
        tally.imported[recording] = text
    return status


async def run_clients(
    port: int, key: str, clients: int, seconds: float, sessions: Sequence[str], user: str, *, breath_s: float = 1.0
) -> Tally:
    """Run clients for some seconds."""
    tally, until = Tally(), time.monotonic() + seconds
    await asyncio.gather(
        *(_work(Client(port, key), tally, one, sessions, user, until, breath_s) for one in range(clients))
    )
    return tally


async def _idle(port: int, key: str, user: str, times: int = 300) -> float:
    client, tally = Client(port, key), Tally()
    for _ in range(times):
        started = time.perf_counter()
        await _list(client, user)
        tally.latencies.setdefault("list", []).append((time.perf_counter() - started) * 1_000)
    client.close()
    return tally.p99("list")


async def _recovery(port: int, key: str, user: str, idle_ms: float) -> float:
    """Return the seconds until ten lists in a row take at most 5 x idle p99."""
    started, row, client = time.monotonic(), 0, Client(port, key)
    while row < 10 and time.monotonic() - started < 60:
        before = time.perf_counter()
        status = await _list(client, user)
        row = row + 1 if status == 200 and (time.perf_counter() - before) * 1_000 < 5 * idle_ms else 0
    client.close()
    return time.monotonic() - started


def _lost(server: Server, key: str, tallies: Sequence[Tally]) -> int:
    """Count acknowledged objects that are missing."""
    lost = 0
    with server.client(key) as client:
        asked: Counter[str] = sum((one.asked for one in tallies), Counter())
        for session, count in asked.items():
            lost += client.get(f"/v1/ask/sessions/{session}").json()["message_count"] < 2 * count
        for one in tallies:
            for recording, text in one.imported.items():
                shown = client.get(f"/v1/recordings/{recording}").json()
                said = client.get(f"/v1/transcriptions/{shown['transcription_id']}").json()
                lost += said.get("text") != text
    return lost


def measure(place: Place, seconds: float) -> tuple[list[tuple[str, str]], bool]:
    """Return the results, and whether all are within bounds."""
    key = new_project(place).live
    with running(place) as server, server.client(key) as http:
        library, port = Library(http), int(server.base_url.rpartition(":")[2])
        user = library.user()
        sessions = [library.session(user)["id"] for _ in range(CLIENTS)]
        asyncio.run(run_clients(port, key, 4, min(3.0, seconds), sessions, user))  # models are loaded, caches are warm
        idle_ms = asyncio.run(_idle(port, key, user))
        first = asyncio.run(run_clients(port, key, CLIENTS, seconds / 3, sessions, user))
        after_a_third_mb = resident_mb(server.process.pid)
        rest = asyncio.run(run_clients(port, key, CLIENTS, seconds * 2 / 3, sessions, user))
        at_the_end_mb = resident_mb(server.process.pid)
        over = asyncio.run(run_clients(port, key, CLIENTS * 10, max(5.0, seconds / 6), sessions, user, breath_s=0))
        recovery_s = asyncio.run(_recovery(port, key, user, idle_ms))
        lost = _lost(server, key, (first, rest, over))
    latencies = sorted(rest.latencies)
    faults, refused = first.faults + rest.faults + over.faults, over.statuses[429] + over.statuses[503]
    answered = sum(first.statuses.values()) + sum(rest.statuses.values())
    rows = [
        ("answers to 64 clients", f"{answered} in {seconds:.0f} s, {dict(first.statuses + rest.statuses)}"),
        ("p99 by kind", ", ".join(f"{kind} {rest.p99(kind):.0f} ms" for kind in latencies)),
        ("p99 of list over its idle p99", f"{rest.p99('list') / idle_ms:.1f} ({idle_ms:.1f} ms idle)"),
        ("memory after a third, at the end", f"{after_a_third_mb:.0f} MB, {at_the_end_mb:.0f} MB"),
        (
            "answers to 640 clients",
            f"{sum(over.statuses.values())}, {dict(over.statuses)}, of them 429 or 503: {refused}",
        ),
        ("recovered after", f"{recovery_s:.1f} s"),
        ("5xx but 503, or no answer in 60 s", str(faults)),
        ("acknowledged and lost", str(lost)),
    ]
    return rows, not faults and not lost and recovery_s < 5


def main() -> None:
    """Run and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    asked = parser.parse_args()
    parts, is_well = [circumstances()], True
    for database in ("sqlite", "postgresql") if asked.database == "both" else (asked.database,):
        with new_place(database) as place:
            rows, is_good = measure(place, asked.seconds)
        is_well &= is_good
        parts += [f"### {database}", table(("seen", "value"), rows)]
    write_section("Load", f"python -m bench.load --seconds {asked.seconds:.0f}", "\n\n".join(parts))
    sys.exit(not is_well)


if __name__ == "__main__":
    main()
