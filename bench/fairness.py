"""What one tenant's attack costs another: `python -m bench.fairness [--samples 200] [--database both]`.

One client of project B sends its list, a search and a question in turns, in peace and while project A attacks in one
of twelve ways, without rate limits. Client and attacker are processes of their own, on the last core where there are
several; the attacker's has the lowest priority. Peace is measured before and after each attack, once the server has
nothing left to do of the last one (its processes have rested for two seconds). Shown are the 50th, 95th
and 99th percentiles as B sees them, and those within the server: from the request's arrival at the application to
its reply (`EARMARK_LOG_REQUESTS`). The last columns say what the server's event loop did meanwhile: which part of the
time it ran, and which it waited for a core.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.server import Place, Server, new_project, running

from bench.crash import new_place
from bench.fairness_attacks import ATTACKS, QUESTION, Side, attacking
from bench.results import circumstances, table, write_section
from bench.server import resident_mb

RESTED_S, RESTING_MS, MOST_SETTLING_S = 2, 100, 180.0
MOST_S = 60.0
"""The longest that one attack is watched."""
KINDS = ("list", "search", "send")
AIM = 3.0
CORE = max(os.sched_getaffinity(0)) if len(os.sched_getaffinity(0)) > 1 else None
SETTINGS = {
    "EARMARK_RATE_LIMIT_OVERALL": "0",
    "EARMARK_RATE_LIMIT_UPLOADS": "0",
    "EARMARK_RATE_LIMIT_TRANSCRIPTIONS": "0",
    "EARMARK_LOG_REQUESTS": "true",
}
Seen = tuple[str, int, float, str]
"""Kind, status, milliseconds, request id."""


@dataclass
class Cell:
    """What B saw of one kind of request: milliseconds at the client and within the server, and failures."""

    client: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)
    failed: int = 0

    def __add__(self, other: Cell) -> Cell:
        return Cell(self.client + other.client, self.server + other.server, self.failed + other.failed)


def look(side: Side, samples: int, results: Any) -> None:
    """Send a list, a search and a question in turns; put what was seen."""
    if CORE is not None:
        os.sched_setaffinity(0, {CORE})
    headers = {"Authorization": f"Bearer {side.key}", "Content-Type": "application/json"}
    requests = (
        ("list", "GET", "/v1/ask/sessions?limit=20", None),
        ("search", "POST", "/v1/recordings/search", {"query": QUESTION, "end_user_id": side.user}),
        ("send", "POST", f"/v1/ask/sessions/{side.session}/messages", {"content": QUESTION}),
    )
    seen: list[Seen] = []
    until = time.monotonic() + MOST_S
    line = http.client.HTTPConnection("127.0.0.1", side.port, timeout=60)
    while len(seen) < samples * len(requests) and time.monotonic() < until:
        for name, method, path, body in requests:
            content = None if body is None else json.dumps(body).encode()
            started = time.perf_counter()
            line.request(method, path, content, headers)
            answer = line.getresponse()
            answer.read()
            elapsed_ms = (time.perf_counter() - started) * 1_000
            seen.append((name, answer.status, elapsed_ms, answer.headers["x-request-id"]))
    results.put(seen)


def watch(side: Side, samples: int, log: Path) -> dict[str, Cell]:
    """Look from a process of its own; return the results by kind."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=look, args=(side, samples, results))
    process.start()
    seen: list[Seen] = results.get(timeout=MOST_S * 3)
    process.join()
    time.sleep(0.2)
    cells: dict[str, Cell] = defaultdict(Cell)
    inside = _inside(log)
    for name, status, elapsed_ms, request_id in seen:
        cells[name].client.append(elapsed_ms)
        cells[name].server.extend(inside.get(request_id, ()))
        cells[name].failed += status >= 400
    return cells


def _inside(log: Path) -> dict[str, list[float]]:
    """Return the milliseconds within the server by request id, and empty the log."""
    found: dict[str, list[float]] = {}
    for text in log.read_text(encoding="utf-8").splitlines():
        line = json.loads(text) if text.startswith("{") else {}
        if line.get("event") == "request":
            found[line["request_id"]] = [line["ms"]]
    os.truncate(log, 0)
    return found


def loop_ms(pid: int) -> tuple[float, float]:
    """Return how long the event loop's thread has run and has waited for a core, in milliseconds."""
    ran, waited, _ = Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()
    return int(ran) / 1e6, int(waited) / 1e6


def _cpu_ms(pid: int) -> float:
    """Return the processor time of a server and its children, in milliseconds."""
    try:
        user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[11:13]
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:  # it ended meanwhile
        return 0.0
    ticks = int(user) + int(system)
    return ticks * 1_000 / os.sysconf("SC_CLK_TCK") + sum(_cpu_ms(int(child)) for child in below)


def percentile(times: Sequence[float], part: float) -> float:
    """Return a percentile of milliseconds."""
    ordered = sorted(times) or [0.0]
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def _shown(times: Sequence[float]) -> str:
    return " · ".join(f"{percentile(times, part):.1f}" for part in (0.5, 0.95, 0.99))


def _ratio(now: Sequence[float], before: Sequence[float]) -> str:
    return f"{percentile(now, 0.95) / max(0.1, percentile(before, 0.95)):.1f}"


class Measuring:
    """One server, its two projects, and what is measured at it."""

    def __init__(self, stack: ExitStack, place: Place, samples: int) -> None:
        self.samples = samples
        place.data_dir.mkdir(parents=True, exist_ok=True)
        self.log = place.data_dir.parent / "requests.log"
        stderr = stack.enter_context(self.log.open("a", encoding="utf-8"))
        self.server: Server = stack.enter_context(running(place, stderr=stderr, **SETTINGS))
        port = int(self.server.base_url.rsplit(":", 1)[1])
        self.ours, self.theirs = (Side(port, new_project(place, name).live) for name in ("B", "A"))
        self.ours.fill(5)
        self.theirs.fill(40)
        self.theirs.fill_more()
        self.settle()

    def settle(self) -> None:
        """Wait until the server has rested for a while: jobs of an attack may run long after it."""
        until, rested_s = time.monotonic() + MOST_SETTLING_S, 0
        before = _cpu_ms(self.server.process.pid)
        while rested_s < RESTED_S and time.monotonic() < until:
            time.sleep(1)
            now = _cpu_ms(self.server.process.pid)
            rested_s = rested_s + 1 if now - before < RESTING_MS else 0
            before = now

    def peace(self, samples: int) -> dict[str, Cell]:
        """Look while nobody attacks."""
        self.ours.open_session()
        return watch(self.ours, samples, self.log)

    def attack(self, name: str) -> tuple[dict[str, Cell], list[str]]:
        """Look while A attacks; return also what the server's event loop and memory did."""
        pid = self.server.process.pid
        self.ours.open_session()
        before_mb = resident_mb(pid)
        with attacking(name, self.theirs, CORE) as done:
            started, before, done_before = time.monotonic(), loop_ms(pid), done.value
            cells = watch(self.ours, self.samples, self.log)
            took_ms, after = (time.monotonic() - started) * 1_000, loop_ms(pid)
            a_second = (done.value - done_before) / took_ms * 1_000
        ran, waited = ((now - then) / took_ms for now, then in zip(after, before, strict=True))
        return cells, [f"{a_second:.1f}", f"{ran:.0%}", f"{waited:.0%}", f"{resident_mb(pid) - before_mb:+.0f} MB"]


def measure(place: Place, samples: int, names: Sequence[str]) -> list[list[object]]:
    """Return a row for each attack and kind of request."""
    rows: list[list[object]] = []
    with ExitStack() as stack:
        at = Measuring(stack, place, samples)
        at.peace(max(20, samples // 5))  # models are loaded, caches are warm
        before = at.peace(samples // 2)
        for name in names:
            during, loop = at.attack(name)
            at.settle()
            after = at.peace(samples // 2)
            for number, kind in enumerate(KINDS):
                peace, now = before[kind] + after[kind], during[kind]
                row = [
                    name if not number else "", kind, _shown(peace.client), _shown(now.client),
                    _ratio(now.client, peace.client), _shown(now.server), _ratio(now.server, peace.server),
                    f"{now.failed} of {len(now.client)}", *(loop if not number else ("",) * len(loop)),
                ]  # fmt: skip
                rows.append(row)
                print(row, flush=True)
            before = after
    return rows


HEADER = (
    "A does", "B sends", "peace, ms", "attack, ms", "p95 ratio", "in the server, ms", "p95 ratio", "failed",
    "attacks a second", "loop runs", "loop waits", "memory",
)  # fmt: skip


def main() -> None:
    """Measure on SQLite, PostgreSQL or both, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--attacks", nargs="*", choices=ATTACKS, default=list(ATTACKS))
    asked = parser.parse_args()
    parts = []
    for database in ("sqlite", "postgresql") if asked.database == "both" else (asked.database,):
        with new_place(database) as place:
            rows = measure(place, asked.samples, asked.attacks)
        parts.append(f"### {database}\n\n" + table(HEADER, rows))
    command = f"python -m bench.fairness --samples {asked.samples} --database {asked.database}"
    words = f"Milliseconds are p50 · p95 · p99. Aim: a p95 ratio of at most {AIM:g}, and nothing failed."
    write_section("Fairness", command, "\n\n".join([circumstances(), words, *parts]))


if __name__ == "__main__":
    main()
