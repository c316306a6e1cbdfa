"""Measures over loopback, one worker: throughput, latency under writes, memory while paging."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from bench.httpload import Measured, get, measure
from bench.server import CONSTANT_PATH, resident_mb, serving
from bench.sites import Site
from bench.writers import writing_in_background

PATH = "/v1/ask/sessions"
WRITES_PER_SECOND = 50
_ROUNDS = 5


@dataclass(frozen=True)
class Outside:
    """The results of one server. `ratio` is the median of the ratios of alternating rounds."""

    per_second: float
    ratio: float
    ratios: tuple[float, ...]
    quiet_p99_ms: float
    busy_p99_ms: float
    busy_ratio: float
    written_per_second: float
    walk_mb: tuple[float, float, float, float]
    """Resident memory: at the start, halfway, at its maximum, and after paging a second time."""


@contextmanager
def _server(site: Site) -> Iterator[tuple[int, int]]:
    """Serve the site, with a constant route that returns the bytes of its first page."""
    constant = site.settings.data_dir / "constant.json"
    constant.write_bytes(b"{}")
    with serving(site.environment, constant) as (port, _):
        headers = {"Authorization": f"Bearer {site.key}"}
        page = httpx.get(f"http://127.0.0.1:{port}{PATH}?limit=20", headers=headers)
    constant.write_bytes(page.raise_for_status().content)
    with serving(site.environment, constant) as (port, pid):
        yield port, pid


def time_outside(site: Site, seconds: float) -> Outside:
    """Measure one site; each run lasts `seconds`."""
    page = [get(f"{PATH}?limit=20", site.key)]
    with _server(site) as (port, pid):
        _run(port, page, seconds)
        pairs = [
            (_run(port, page, seconds).per_second, _run(port, [get(CONSTANT_PATH)], seconds).per_second)
            for _ in range(_ROUNDS)
        ]
        quiet_p99_ms, busy_p99_ms, busy_ratio, written = _time_writes(port, site, page, seconds)
        walk_mb = _memory_of_walks(port, pid, site.key)
    ratios = tuple(ours / constant for ours, constant in pairs)
    ours = statistics.median(pair[0] for pair in pairs)
    return Outside(ours, statistics.median(ratios), ratios, quiet_p99_ms, busy_p99_ms, busy_ratio, written, walk_mb)


def _run(port: int, requests: list[bytes], seconds: float, **pace: Any) -> Measured:
    measured = measure(port, requests, seconds=seconds, **pace)
    assert set(measured.statuses) == {200}, measured.statuses
    return measured


def _time_writes(port: int, site: Site, page: list[bytes], seconds: float) -> tuple[float, float, float, float]:
    """Return p99 without and with writes, the median ratio, and writes a second.

    Readers pause between requests: on a saturated server, p99 would only measure its queue.
    """
    pace = {"connections": 4, "pause_s": 0.01}
    quiet, busy, written = [], [], []
    for _ in range(_ROUNDS):
        quiet.append(_run(port, page, seconds, **pace).percentile(0.99))
        with writing_in_background(port, site.key, site.plan.users[2], per_second=WRITES_PER_SECOND) as writes:
            busy.append(_run(port, page, seconds, **pace).percentile(0.99))
        written.append(writes.per_second)
    ratios = [with_writes / without for with_writes, without in zip(busy, quiet, strict=True)]
    return statistics.median(quiet), statistics.median(busy), statistics.median(ratios), statistics.median(written)


def _memory_of_walks(port: int, pid: int, key: str) -> tuple[float, float, float, float]:
    """Page through all sessions twice, as filling caches stop growing."""
    first = _walk(port, pid, key)
    second = _walk(port, pid, key)
    return first[0], first[len(first) // 2], max(first + second), second[-1]


def _walk(port: int, pid: int, key: str) -> list[float]:
    """Page through all sessions; return the resident megabytes after each page."""
    seen = [resident_mb(pid)]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}) as client:
        params: dict[str, str | int] = {"limit": 100}
        while True:
            cursor = client.get(PATH, params=params).raise_for_status().json()["next_cursor"]
            seen.append(resident_mb(pid))
            if cursor is None:
                return seen
            params["cursor"] = cursor
