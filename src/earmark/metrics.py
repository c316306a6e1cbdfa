"""Prometheus metrics of all server processes, if enabled (`EARMARK_METRICS`).

Each process writes its counts to a small file every second; the process that serves `/metrics` adds up all
files. Labels are routes, methods, statuses, models' names and outcomes, never content, titles or ids.

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
from types import MappingProxyType

from earmark.config import Settings
from earmark.data_dir import read_shared, write_shared

_EVERY_S = 1.0
_STALE_S = 600.0
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_JOB_BUCKETS_S = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0)
_BUCKETS_OF = {"earmark_job_seconds": _JOB_BUCKETS_S}
FAMILIES = {
    "earmark_requests_total": ("counter", "API requests answered."),
    "earmark_request_seconds": ("histogram", "Duration of API requests; of streams, until their end."),
    "earmark_turns_total": ("counter", "Finished turns, by provider and outcome."),
    "earmark_turn_seconds": ("histogram", "Duration of turns."),
    "earmark_jobs_total": ("counter", "Finished runs of jobs, by kind and outcome."),
    "earmark_job_seconds": ("histogram", "Duration of runs of jobs, by kind and outcome: transcriptions, summaries, …"),
    "earmark_webhook_attempts_total": ("counter", "Attempts to deliver webhooks, by what became of the delivery."),
    "earmark_webhook_attempt_seconds": ("histogram", "Duration of attempts to deliver webhooks."),
    "earmark_background_deaths_total": ("counter", "Background tasks that died and were restarted."),
    "earmark_media_bytes_total": ("counter", "Bytes of media received and sent."),
    "earmark_jobs_due": ("gauge", "Jobs that could run now and wait, by kind."),
    "earmark_jobs_oldest_due_seconds": ("gauge", "How long the oldest of them has waited, by kind."),
    "earmark_jobs_running": ("gauge", "Jobs that run now, on all hosts, by kind."),
    "earmark_webhook_deliveries_pending": ("gauge", "Deliveries of webhooks that have not ended."),
    "earmark_webhook_oldest_pending_seconds": ("gauge", "Age of the oldest of them."),
    "earmark_media_stored_bytes": ("gauge", "Bytes of media in the store; absent above 1,000 projects' data sets."),
    "earmark_disk_free_bytes": ("gauge", "Free bytes on the disk of the data folder."),
    "earmark_disk_size_bytes": ("gauge", "Bytes of the disk of the data folder."),
    "earmark_database_up": ("gauge", "1 while the database answers."),
    "earmark_last_backup_timestamp_seconds": (
        "gauge",
        "When `earmark backup` last wrote a complete file.",
    ),
    "earmark_build_info": ("gauge", "1, with the version as a label."),
}
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
NO_GAUGES: Mapping[str, float] = MappingProxyType({})


class Metrics:
    """This process's counts, and the sums over all processes.

    Args:
        folder: where the processes of one server share their counts.
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

    async def write_periodically(self) -> None:
        """Write this process's counts every second until cancelled."""
        while True:
            self.write()
            await asyncio.sleep(_EVERY_S)

    def write(self) -> None:
        """Write this process's counts if they have changed; a full disk is ignored."""
        counts = self._counts()
        if counts == self._written and self._path.exists():
            return
        if write_shared(self._path, counts):
            self._written = counts

    def render(self, gauges: Mapping[str, float] = NO_GAUGES) -> str:
        """Return the sums over all processes, including those that have ended, and what was measured just now.

        Args:
            gauges: by series, as `series_of` names them.
        """
        total = defaultdict(float, self._counts())
        for path in self._folder.glob("*.json"):
            if path != self._path:
                for name, value in read_shared(path).items():
                    total[name] += value
        lines = []
        total.update(gauges)
        for family, (kind, help_text) in FAMILIES.items():
            lines += [f"# HELP {family} {help_text}", f"# TYPE {family} {kind}", *_rows(family, total)]
        return "\n".join(lines) + "\n"


class _Histogram:
    """The number of observations in each bucket, and their sum."""

    def __init__(self, name: str, labels: Mapping[str, str]) -> None:
        self._name = name
        self._labels = dict(labels)
        self._limits_s = _BUCKETS_OF.get(name, _BUCKETS_S)
        self._buckets = [0] * (len(self._limits_s) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        self._buckets[bisect_left(self._limits_s, seconds)] += 1
        self._sum += seconds

    def counts(self) -> Iterable[tuple[str, float]]:
        """Yield the series in Prometheus' form: each bucket includes all smaller ones."""
        reached = accumulate(self._buckets)
        for bucket, count in zip((*(f"{one:g}" for one in self._limits_s), "+Inf"), reached, strict=True):
            yield _series(f"{self._name}_bucket", {**self._labels, "le": bucket}), count
        yield _series(f"{self._name}_sum", self._labels), self._sum
        yield _series(f"{self._name}_count", self._labels), sum(self._buckets)


def open_metrics(settings: Settings) -> Metrics | None:
    """Return this process's metrics and delete stale files; None if metrics are disabled."""
    if not settings.metrics:
        return None
    folder = settings.data_dir / "metrics"
    for stale in folder.glob("*/*.json"):
        if time.time() - stale.stat().st_mtime > _STALE_S:
            stale.unlink(missing_ok=True)
    server = os.getpid() if multiprocessing.parent_process() is None else os.getppid()
    return Metrics(folder / str(server))


def series_of(name: str, **labels: str) -> str:
    """Return the name of a series, as `Metrics.render` takes it."""
    return _series(name, labels)


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
