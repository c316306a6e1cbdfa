"""Counts of what the server does, in Prometheus' text form, where the operator asks for them (`EARMARK_METRICS`).

Each process counts for itself and writes its counts to a small file every second; whoever is asked adds up all
files, so that every answer speaks for all processes of the server. Labels are routes, methods, statuses, models'
names and outcomes: nobody's words, titles or ids.

Source: Prometheus text exposition format, version 0.0.4.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import accumulate
from pathlib import Path

import orjson

from earmark.config import Settings

_EVERY_S = 1.0
_STALE_S = 600.0
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_FAMILIES = {
    "earmark_requests_total": ("counter", "Requests of the API that were answered."),
    "earmark_request_seconds": ("histogram", "How long requests took, streams to their end."),
    "earmark_turns_total": ("counter", "Turns that ended, by who answered and how."),
    "earmark_turn_seconds": ("histogram", "How long turns took."),
    "earmark_jobs_total": ("counter", "Runs of jobs that ended, by kind and outcome."),
    "earmark_background_deaths_total": ("counter", "Background tasks that died and were started again."),
    "earmark_media_bytes_total": ("counter", "Bytes of media that came in and went out."),
}
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The counts of this process, and the sums of all.

    Args:
        folder: where the processes of one server leave their counts for each other.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"{os.getpid()}.json"
        self._folder = folder
        self._counters: defaultdict[str, float] = defaultdict(float)
        self._histograms: dict[tuple[str, ...], _Histogram] = {}
        self._written: dict[str, float] | None = None

    def count(self, name: str, by: float = 1.0, **labels: str) -> None:
        """Add to a counter."""
        self._counters[_series(name, labels)] += by

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Add to a histogram."""
        key = (name, *labels.values())
        found = self._histograms.get(key)
        if found is None:
            found = self._histograms[key] = _Histogram(name, labels)
        found.add(seconds)

    def _counts(self) -> dict[str, float]:
        counts: dict[str, float] = dict(self._counters)
        for one in self._histograms.values():
            counts.update(one.counts())
        return counts

    async def keep_writing(self) -> None:
        """Leave this process's counts for the others, every second until cancelled."""
        while True:
            self.write()
            await asyncio.sleep(_EVERY_S)

    def write(self) -> None:
        """Leave this process's counts for the others, if they have changed; a full disk costs nothing else."""
        counts = self._counts()
        if counts == self._written and self._path.exists():
            return
        unfinished = self._path.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            unfinished.write_bytes(orjson.dumps(counts))
            unfinished.replace(self._path)
        except OSError:
            return
        self._written = counts

    def render(self) -> str:
        """Return the sums of all processes; what a process that ended had counted stays in them."""
        total = defaultdict(float, self._counts())
        for path in self._folder.glob("*.json"):
            if path != self._path:
                for name, value in _read(path).items():
                    total[name] += value
        lines = []
        for family, (kind, help_text) in _FAMILIES.items():
            lines += [f"# HELP {family} {help_text}", f"# TYPE {family} {kind}", *_rows(family, total)]
        return "\n".join(lines) + "\n"


class _Histogram:
    """How many observations lie in each bucket, and their sum."""

    def __init__(self, name: str, labels: Mapping[str, str]) -> None:
        self._name = name
        self._labels = dict(labels)
        self._buckets = [0] * (len(_BUCKETS_S) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        self._buckets[bisect_left(_BUCKETS_S, seconds)] += 1
        self._sum += seconds

    def counts(self) -> Iterable[tuple[str, float]]:
        """Yield the series as Prometheus wants them: each bucket holds what lies in smaller ones too."""
        reached = accumulate(self._buckets)
        for bucket, count in zip((*(f"{one:g}" for one in _BUCKETS_S), "+Inf"), reached, strict=True):
            yield _series(f"{self._name}_bucket", {**self._labels, "le": bucket}), count
        yield _series(f"{self._name}_sum", self._labels), self._sum
        yield _series(f"{self._name}_count", self._labels), sum(self._buckets)


def open_metrics(settings: Settings) -> Metrics | None:
    """Return this process's counts, beside those of the server's other processes; None where they aren't asked for."""
    if not settings.metrics:
        return None
    folder = settings.data_dir / "metrics"
    for stale in folder.glob("*/*.json"):
        if time.time() - stale.stat().st_mtime > _STALE_S:
            stale.unlink(missing_ok=True)
    server = os.getpid() if multiprocessing.parent_process() is None else os.getppid()
    return Metrics(folder / str(server))


def _read(path: Path) -> Mapping[str, float]:
    try:
        found: dict[str, float] = orjson.loads(path.read_bytes())
    except (OSError, ValueError):  # going away, or half gone
        return {}
    return found


def _series(name: str, labels: Mapping[str, str]) -> str:
    if not labels:
        return name
    shown = ",".join(f'{key}="{_escape(value)}"' for key, value in sorted(labels.items()))
    return f"{name}{{{shown}}}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _rows(family: str, total: Mapping[str, float]) -> Iterable[str]:
    names = {family, *(f"{family}_{part}" for part in ("bucket", "sum", "count"))}
    for series in sorted(one for one in total if one.partition("{")[0] in names):
        yield f"{series} {total[series]:.12g}"
