"""The sessions list and idle memory of this checkout and of an earlier one, in turns: `python -m bench.before CHECKOUT`.

Each checkout has a server with the same sessions. Requests go to both in short turns, so that whatever else the
machine does slows down both; a turn's medians are compared with those of the turn beside it. The processor time of a
request is the server's own, whatever else runs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bench.results import circumstances, table, write_section
from bench.server import free_port, resident_mb, started

CASES = {"list, first page": "/v1/ask/sessions", "list, page of 100": "/v1/ask/sessions?limit=100"}
_EARMARK = [sys.executable, "-m", "earmark"]
_IN_TURN = 100
_SETTLED_S = 5.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Side:
    """One checkout's server."""

    client: httpx.Client
    pid: int
    idle_mb: float
    medians: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in CASES})
    used_s: dict[str, float] = field(default_factory=lambda: dict.fromkeys(CASES, 0.0))
    asked: int = 0

    def ask(self, name: str, count: int) -> None:
        """Send requests one after another; remember their median and the processor time of the server."""
        times, before_s = [], _used_s(self.pid)
        for _ in range(count):
            began = time.perf_counter()
            assert self.client.get(CASES[name]).status_code == 200
            times.append(time.perf_counter() - began)
        self.medians[name].append(statistics.median(times) * 1_000)
        self.used_s[name] += _used_s(self.pid) - before_s
        self.asked += count


def _used_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _command(env: dict[str, str], *arguments: str) -> str:
    done = subprocess.run([*_EARMARK, *arguments, "--json"], env=env, check=True, capture_output=True, text=True)
    return done.stdout


def opened(checkout: Path, folder: Path, sessions: int, stack: ExitStack) -> Side:
    """Start a server of a checkout, measure its idle memory, and fill it with sessions."""
    own = {"PYTHONPATH": str(checkout / "src"), "EARMARK_DATA_DIR": str(folder), "EARMARK_RATE_LIMIT_OVERALL": "0"}
    env = {**os.environ, **own}
    project = json.loads(_command(env, "projects", "create", "bench"))["id"]
    key = json.loads(_command(env, "keys", "create", "--project", project))["key"]
    port = free_port()
    pid = stack.enter_context(started([*_EARMARK, "serve", "--port", str(port)], env, port))
    time.sleep(_SETTLED_S)
    idle_mb = resident_mb(pid)
    headers = {"Authorization": f"Bearer {key}"}
    client = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=120))
    user = client.post("/v1/end-users", json={"external_id": "ada"}).json()["id"]
    for number in range(sessions):
        asked = {"scope": {"type": "library"}, "end_user_id": user, "title": f"About the lantern, number {number}"}
        assert client.post("/v1/ask/sessions", json=asked).status_code == 201
    return Side(client, pid, idle_mb)


def measure(sides: Sequence[Side], turns: int) -> None:
    """Ask in turns; which side begins changes each time. The first turn warms up and is forgotten."""
    for turn in range(turns + 1):
        for name in CASES:
            for side in sides if turn % 2 else sides[::-1]:
                side.ask(name, _IN_TURN)
        if not turn:
            for side in sides:
                side.medians, side.asked = {name: [] for name in CASES}, 0
                side.used_s = dict.fromkeys(CASES, 0.0)


def report(before: Side, now: Side) -> str:
    """The table. A ratio above 1 means that this checkout is faster."""
    rows = []
    for name in CASES:
        ratios = sorted(b / n for b, n in zip(before.medians[name], now.medians[name], strict=True))
        middle = statistics.median(ratios)
        low, high = ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]
        old_ms, new_ms = (statistics.median(one.medians[name]) for one in (before, now))
        rows.append(
            [f"{name}, p50, ms", f"{old_ms:.2f}", f"{new_ms:.2f}", f"{middle:.2f} ({low:.2f}–{high:.2f})", "≥ .98"]
        )
        old_ms, new_ms = (one.used_s[name] / (one.asked / len(CASES)) * 1_000 for one in (before, now))
        rows.append([f"{name}, processor time, ms", f"{old_ms:.2f}", f"{new_ms:.2f}", f"{old_ms / new_ms:.2f}", ""])
    rows.append(["idle memory, MB", f"{before.idle_mb:.0f}", f"{now.idle_mb:.0f}", "", "≤ 105"])
    return table(["case", "before", "now", "before ÷ now (middle half)", "aim"], rows)


def _commit(folder: Path) -> str:
    command = ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--sessions", type=int, default=1_000)
    parser.add_argument("--turns", type=int, default=40)
    asked = parser.parse_args()
    here = Path(__file__).parent.parent
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        before, now = (
            opened(one, Path(folder) / name, asked.sessions, stack)
            for name, one in (("before", asked.checkout), ("now", here))
        )
        measure([before, now], asked.turns)
        body = report(before, now)
    what = f"Before is {_commit(asked.checkout)}, now {_commit(here)}; {asked.sessions:,} sessions on SQLite."
    write_section("Before and now", "python -m bench.before CHECKOUT", f"{circumstances()} {what}\n\n{body}")


if __name__ == "__main__":
    main()
