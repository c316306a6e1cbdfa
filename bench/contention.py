"""Many clients contend for a few objects: `python -m bench.contention [--seconds 60] [--database both]`.

24 clients of two server processes create, change, erase and ask the same six people, twelve recordings, eight
sessions and six folders. Every response must be one that the contract allows: counted are 5xx responses,
requests without a response, and on PostgreSQL the deadlocks it had to resolve.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
from tests.server import Place, Server, new_project, running

from bench.crash import new_place
from bench.crash_load import WORDS
from bench.results import circumstances, table, write_section

CLIENTS = 24


@dataclass
class Stock:
    """The ids that exist or recently existed, shared by all clients."""

    users: deque[str] = field(default_factory=lambda: deque(maxlen=6))
    recordings: deque[str] = field(default_factory=lambda: deque(maxlen=12))
    sessions: deque[str] = field(default_factory=lambda: deque(maxlen=8))
    folders: deque[str] = field(default_factory=lambda: deque(maxlen=6))
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)


class Client:
    """Sends one random request after another."""

    def __init__(self, number: int, http: httpx.Client, stock: Stock) -> None:
        self.chance, self.http, self.stock = random.Random(number), http, stock
        self.steps: tuple[Callable[[], object], ...] = (
            self._make_user, self._make_recording, self._make_recording, self._make_session, self._make_folder,
            self._transcribe, self._transcribe, self._transcribe, self._ask, self._ask, self._upload,
            lambda: self._change("recordings", self.stock.recordings, "name"),
            lambda: self._change("end-users", self.stock.users, "name"),
            lambda: self._change("folders", self.stock.folders, "name"),
            lambda: self._change("ask/sessions", self.stock.sessions, "title"),
            self._file, self._delete,
        )  # fmt: skip

    def work(self, until: float) -> None:
        """Work until the time is over."""
        while time.monotonic() < until:
            try:
                self.chance.choice(self.steps)()
            except httpx.TransportError as error:
                self.stock.faults[type(error).__name__] += 1

    def _send(self, method: str, path: str, body: Any = None, *, may_repeat: bool = False) -> httpx.Response:
        headers = {"Idempotency-Key": f"k{self.chance.randrange(10)}"} if may_repeat else {}
        answer = self.http.request(method, f"/v1/{path}", json=body, headers=headers)
        self.stock.answers[method, answer.status_code] += 1
        if answer.status_code >= 500:
            self.stock.faults[f"{method} {answer.status_code} {answer.json()['error']['message']}"] += 1
        return answer

    def _phrase(self, length: int) -> str:
        return " ".join(self.chance.choice(WORDS) for _ in range(length))

    def _some(self, ids: deque[str]) -> str:
        return self.chance.choice(list(ids) or ["none"])

    def _make(self, path: str, ids: deque[str], body: dict[str, Any]) -> None:
        answer = self._send("POST", path, body, may_repeat=self.chance.random() < 0.3)
        if answer.status_code == 201:
            ids.append(answer.json().get("session_id") or answer.json()["id"])

    def _make_user(self) -> None:
        self._make("end-users", self.stock.users, {"name": self._phrase(1)})

    def _make_recording(self) -> None:
        self._make("recordings", self.stock.recordings, self._owned(name=self._phrase(2)))

    def _make_session(self) -> None:
        asked = {"initial_message": {"content": self._phrase(3)}} if self.chance.random() < 0.5 else {}
        self._make("ask/sessions", self.stock.sessions, self._owned(scope={"type": "library"}, **asked))

    def _make_folder(self) -> None:
        self._make("folders", self.stock.folders, self._owned(name=self._phrase(1)))

    def _owned(self, **fields: Any) -> dict[str, Any]:
        return {"end_user_id": self._some(self.stock.users), **fields}

    def _transcribe(self) -> None:
        segments = [{"start": 0, "end": 4, "speaker": "Ada", "text": self._phrase(20)}]
        self._send("PUT", f"recordings/{self._some(self.stock.recordings)}/transcript", {"segments": segments})

    def _ask(self) -> None:
        session = f"ask/sessions/{self._some(self.stock.sessions)}"
        self._send("POST", f"{session}/messages", {"content": self._phrase(3)})

    def _upload(self) -> None:
        recording = f"recordings/{self._some(self.stock.recordings)}"
        begun = self._send("POST", f"{recording}/upload-url", {"content_type": "audio/wav"})
        if begun.is_success:
            httpx.put(begun.json()["upload_url"], content=bytes(200), headers=begun.json()["headers"])
            self._send("POST", f"{recording}/upload-complete", {})

    def _change(self, kind: str, ids: deque[str], name: str) -> None:
        self._send("PATCH", f"{kind}/{self._some(ids)}", {name: self._phrase(2)})

    def _file(self) -> None:
        inside = f"folders/{self._some(self.stock.folders)}/recordings/{self._some(self.stock.recordings)}"
        self._send(self.chance.choice(("PUT", "PUT", "DELETE")), inside)

    def _delete(self) -> None:
        stock = self.stock
        kinds = {"end-users": stock.users, "recordings": stock.recordings, "ask/sessions": stock.sessions}
        kind, ids = self.chance.choice([*kinds.items(), ("folders", stock.folders)])
        self._send("DELETE", f"{kind}/{self._some(ids)}")


def contend(server: Server, key: str, seconds: float) -> Stock:
    """Run the clients; return their counts."""
    stock, until = Stock(), time.monotonic() + seconds
    clients = [Client(number, server.client(key), stock) for number in range(CLIENTS)]
    threads = [threading.Thread(target=one.work, args=(until,)) for one in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in clients:
        one.http.close()
    return stock


async def _deadlocks(place: Place) -> int:
    """Return PostgreSQL's own count; a server process reports its last deadlock when it ends."""
    connection = await asyncpg.connect(place.owner_url)
    count = await connection.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    await connection.close()
    return int(count)


def main() -> None:
    """Run and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    asked = parser.parse_args()
    parts, is_well = [circumstances()], True
    for database in ("sqlite", "postgresql") if asked.database == "both" else (asked.database,):
        with new_place(database) as place:
            key = new_project(place).live
            with running(place, "--workers", "2") as server:
                stock = contend(server, key, asked.seconds)
            deadlocks = asyncio.run(_deadlocks(place)) if database == "postgresql" else 0
        is_well &= not stock.faults and not deadlocks
        parts.append(f"### {database}\n\n{table(('seen', 'number'), _rows(stock, deadlocks, database))}")
    write_section("Contention", f"python -m bench.contention --seconds {asked.seconds:.0f}", "\n\n".join(parts))
    sys.exit(not is_well)


def _rows(stock: Stock, deadlocks: int, database: str) -> list[tuple[str, str]]:
    classes: Counter[str] = Counter()
    for (_, status), count in stock.answers.items():
        classes[f"{status // 100}xx"] += count
    rows = [(f"answers {name}", str(count)) for name, count in sorted(classes.items())]
    rows.append(("5xx, or no answer", str(stock.faults.total()) if stock.faults else "0"))
    rows += [(f"of them {name}", str(count)) for name, count in stock.faults.most_common()]
    return rows + ([("deadlocks", str(deadlocks))] if database == "postgresql" else [])


if __name__ == "__main__":
    main()
