"""Other requests while 64 searches run at once, on PostgreSQL.

    python -m bench.connections [--chunks 5000] [--seconds 10] [--repeats 3] [--before CHECKOUT/src]

One client sends light requests in turns, idle and while 64 connections search one end user's library without a pause: the
first page of the sessions list, and a path whose id is malformed, which is 404 as soon as the key is authenticated.
With `--before` a server of another checkout is measured as well, in turns with this one, on the same database.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

import httpx
import orjson
from tests.postgres import running_cluster

from bench.httpload import Measured, measure
from bench.libraries import Talk
from bench.results import circumstances, table, write_section
from bench.search import Site, filled, settings_in
from bench.server import serving

SEARCHES = 64
LIGHT = {"sessions list": "/v1/ask/sessions?limit=20", "authentication alone": "/v1/ask/sessions/x"}
_SETTLE_S = 2.0
Times = dict[str, list[float]]


def searches(site: Site, questions: Sequence[str]) -> list[bytes]:
    """Return the bytes of the requests that load the server."""
    found = []
    for question in questions:
        body = orjson.dumps({"query": question, "end_user_id": site.large[0]})
        head = f"POST /v1/recordings/search HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {site.key}\r\n"
        found.append(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    return found


def _load(port: int, requests: Sequence[bytes], seconds: float, ready: Event, results: Queue[Measured]) -> None:
    ready.set()
    results.put(measure(port, requests, seconds=seconds, connections=SEARCHES))


@contextmanager
def loaded(port: int, requests: Sequence[bytes], seconds: float) -> Iterator[list[Measured]]:
    """Search from a process of its own for a while; what it saw is in the list at the end."""
    context = multiprocessing.get_context("spawn")
    ready, results = context.Event(), context.Queue()
    process = context.Process(target=_load, args=(port, requests, seconds + 2 * _SETTLE_S, ready, results))
    seen: list[Measured] = []
    process.start()
    ready.wait(60)  # it imports first
    time.sleep(_SETTLE_S)
    yield seen
    seen.append(results.get())
    process.join()


def light_times(port: int, key: str, seconds: float) -> Times:
    """Send light requests in turns; return their milliseconds."""
    times: Times = {name: [] for name in LIGHT}
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=120) as client:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for name, path in LIGHT.items():
                started = time.perf_counter()
                status = client.get(path).status_code
                times[name].append((time.perf_counter() - started) * 1_000)
                assert status in (200, 404), status
                time.sleep(0.005)
    return times


def run_once(site: Site, source: Path | None, requests: Sequence[bytes], seconds: float, folder: Path) -> Times:
    """Measure one server, idle and loaded; the milliseconds of searches are among the times."""
    constant = folder / "constant.json"
    constant.write_bytes(b"{}")
    env = site.environment if source is None else {**site.environment, "PYTHONPATH": str(source)}
    with serving(env, constant) as (port, _):
        measure(port, requests, seconds=_SETTLE_S, connections=2)  # vectors are cached then
        times = {f"{name}, idle": found for name, found in light_times(port, site.key, seconds / 2).items()}
        with loaded(port, requests, seconds) as seen:
            times |= {f"{name}, loaded": found for name, found in light_times(port, site.key, seconds).items()}
        times["search"] = seen[0].latencies_ms
        times["searches a second"] = [seen[0].per_second]
        times["failed searches"] = [float(sum(count for status, count in seen[0].statuses.items() if status != 200))]
    return times


def _share(found: Sequence[float], share: float) -> float:
    ordered = sorted(found)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _spread(values: Sequence[float], form: str = ".1f") -> str:
    """The median of the repeats, and the least and the most."""
    least, most = min(values), max(values)
    return f"{statistics.median(values):{form}} ({least:{form}}–{most:{form}})"


def report(runs: dict[str, list[Times]]) -> str:
    """The table: a column for each server."""
    rows = []
    for name in LIGHT:
        for label, share in (("p50", 0.5), ("p95", 0.95)):
            idle, busy = (
                {who: [_share(one[f"{name}, {state}"], share) for one in found] for who, found in runs.items()}
                for state in ("idle", "loaded")
            )
            ratios = {who: [b / i for b, i in zip(busy[who], idle[who], strict=True)] for who in runs}
            rows.append([f"{name}, {label}, idle, ms", *map(_spread, idle.values())])
            rows.append([f"{name}, {label}, during {SEARCHES} searches, ms", *map(_spread, busy.values())])
            rows.append([f"{name}, {label}, ratio", *map(_spread, ratios.values())])
    for name in ("searches a second", "failed searches"):
        rows.append([name, *(_spread([one[name][0] for one in found]) for found in runs.values())])
    rows.append(
        ["one search, p50, ms", *(_spread([_share(one["search"], 0.5) for one in found]) for found in runs.values())]
    )
    return table(["case", *runs], rows)


def _commit(folder: Path) -> str:
    command = ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--before", type=Path, help="the src folder of another checkout")
    asked = parser.parse_args()
    runs: dict[str, list[Times]] = defaultdict(list)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="eb")))
        cluster = stack.enter_context(running_cluster(folder / "pg"))
        talk = Talk()
        site = asyncio.run(filled(settings_in(folder / "data", cluster), talk, asked.chunks, 0))
        requests = searches(site, talk.questions(50))
        for _ in range(asked.repeats):
            if asked.before:
                runs[f"before ({_commit(asked.before)})"].append(
                    run_once(site, asked.before.absolute(), requests, asked.seconds, folder)
                )
            runs["now"].append(run_once(site, None, requests, asked.seconds, folder))
    note = (
        f"{circumstances()} {asked.chunks:,} chunks of one end user. The load, the server and PostgreSQL share the "
        f"{os.cpu_count()} cores, and other work ran on the machine. Median of {asked.repeats} runs, servers in turns; "
        "the least and the most in brackets; ratios within one run."
    )
    shown = ["CHECKOUT/src" if str(asked.before) == one else one for one in sys.argv[1:]]
    command = shlex.join(["python", "-m", "bench.connections", *shown])
    write_section("Other requests during 64 searches", command, f"{note}\n\n{report(runs)}")


if __name__ == "__main__":
    main()
