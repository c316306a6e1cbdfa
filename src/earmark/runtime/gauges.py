"""What `/metrics` measures when it is asked: queues, deliveries, stored bytes, disk.

Measured by the process that answers, of the whole installation, so nothing is summed over processes. What needs a
query for each tenant is measured again only after a while.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import earmark
from earmark.data_dir import last_backup_s
from earmark.errors import UnavailableError
from earmark.identity.projects import list_tenants
from earmark.jobs.queue import count_due, count_running
from earmark.media.queries import select_stored_bytes
from earmark.metrics import series_of
from earmark.runtime.runtime import Runtime
from earmark.storage.tenant import Operator
from earmark.webhooks.measuring import measure_backlog

_BACKLOG_EVERY_S: Final = 15.0
_STORED_EVERY_S: Final = 600.0
_MOST_TENANTS: Final = 1_000
"""Above so many, stored bytes are not summed: the store says it more cheaply."""
Values = dict[str, float]


class Gauges:
    """Measures the installation for `/metrics`; of one process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._held: dict[str, tuple[float, Values]] = {}

    async def measure(self) -> Values:
        """Return what is measured, by series; without the database, what needs none."""
        operator = self._runtime.operator
        found = {series_of("earmark_build_info", version=earmark.__version__): 1.0}
        found |= await asyncio.to_thread(_measure_folder, self._runtime.settings.data_dir)
        try:
            found |= await _measure_jobs(operator)
            found |= await self._remembered("backlog", _BACKLOG_EVERY_S, lambda: _measure_webhooks(operator))
            found |= await self._remembered("stored", _STORED_EVERY_S, lambda: _measure_stored(operator))
        except UnavailableError:
            return {**found, "earmark_database_up": 0.0}
        return {**found, "earmark_database_up": 1.0}

    async def _remembered(self, name: str, every_s: float, look: Callable[[], Awaitable[Values]]) -> Values:
        at_s, values = self._held.get(name, (float("-inf"), {}))
        if time.monotonic() - at_s > every_s:
            values = await look()
            self._held[name] = (time.monotonic(), values)
        return values


def _measure_folder(folder: Path) -> Values:
    """The disk, and the last backup."""
    found: Values = {}
    written_s = last_backup_s(folder)
    if written_s is not None:
        found["earmark_last_backup_timestamp_seconds"] = written_s
    try:
        disk = shutil.disk_usage(folder)
    except OSError:
        return found
    return {**found, "earmark_disk_free_bytes": float(disk.free), "earmark_disk_size_bytes": float(disk.total)}


async def _measure_jobs(operator: Operator) -> Values:
    found: Values = {}
    for due in await count_due(operator):
        found[series_of("earmark_jobs_due", kind=due.kind)] = float(due.jobs)
        found[series_of("earmark_jobs_oldest_due_seconds", kind=due.kind)] = due.waited_s
    for kind, count in (await count_running(operator)).items():
        found[series_of("earmark_jobs_running", kind=kind)] = float(count)
    return found


async def _measure_webhooks(operator: Operator) -> Values:
    backlog = await measure_backlog(operator)
    return {
        "earmark_webhook_deliveries_pending": float(backlog.pending),
        "earmark_webhook_oldest_pending_seconds": backlog.oldest_s,
    }


async def _measure_stored(operator: Operator) -> Values:
    tenants = await list_tenants(operator)
    if len(tenants) > _MOST_TENANTS:
        return {}
    total = 0
    for tenant in tenants:
        row = await tenant.fetch_one(select_stored_bytes)
        total += int(row[0]) if row is not None else 0
    return {"earmark_media_stored_bytes": float(total)}
