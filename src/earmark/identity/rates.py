"""How often a tenant may call: fixed UTC minutes, counted exactly among the processes of one host.

The counters live in a small file of the data folder that every process maps into memory; a file lock
of two system calls guards each change. They may start over with the host, and hold no one's words.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import time
from pathlib import Path
from typing import NamedTuple

from earmark.config import Settings
from earmark.errors import LimitExceededError

_SLOT_BYTES = 24
_SLOTS = 65_536
_PROBES = 8


class RateLimitError(LimitExceededError):
    """The tenant's requests of this minute are used up."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"Too many requests; try again in {retry_after_s} seconds.")
        self.retry_after_s = retry_after_s


class Allowance(NamedTuple):
    """Where a tenant stands. `reset_s` is the Unix second at which the next minute begins."""

    limit: int
    remaining: int
    reset_s: int
    is_exceeded: bool


class RateLimiter:
    """Counts requests.

    Args:
        path: the shared file; made if missing.
        per_minute: the limit; 0 switches it off.
    """

    def __init__(self, path: Path, per_minute: int) -> None:
        self.per_minute = per_minute
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(self._file, _SLOT_BYTES * _SLOTS)
        self._map = mmap.mmap(self._file, _SLOT_BYTES * _SLOTS)
        self._cells = memoryview(self._map).cast("q")  # three to a slot: tenant id, minute, requests

    def count(self, tenant_id: int) -> Allowance:
        """Count one request, unless the limit is reached."""
        minute = int(time.time()) // 60
        cells, limit = self._cells, self.per_minute
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            at = tenant_id % _SLOTS * 3
            if cells[at] != tenant_id or cells[at + 1] != minute:
                at = self._find(tenant_id, minute)
            used = cells[at + 2]
            is_exceeded = used >= limit
            if not is_exceeded:
                cells[at + 2] = used = used + 1
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        return Allowance(limit, max(0, limit - used), (minute + 1) * 60, is_exceeded)

    def _find(self, tenant_id: int, minute: int) -> int:
        """Return the tenant's slot of this minute, begun if there is none yet; slots of earlier minutes are free."""
        free = None
        for probe in range(_PROBES):
            at = (tenant_id + probe) % _SLOTS * 3
            if self._cells[at] == tenant_id and self._cells[at + 1] == minute:
                return at
            if free is None and self._cells[at + 1] != minute:
                free = at
        at = tenant_id % _SLOTS * 3 if free is None else free
        self._cells[at], self._cells[at + 1], self._cells[at + 2] = tenant_id, minute, 0
        return at

    def close(self) -> None:
        """Let the file go."""
        self._cells.release()
        self._map.close()
        os.close(self._file)


def open_rates(settings: Settings) -> dict[str, RateLimiter]:
    """Return the limits that are switched on: `overall`, and those of what costs more than a look-up."""
    limits = {
        "overall": settings.rate_limit_overall,
        "uploads": settings.rate_limit_uploads,
        "transcriptions": settings.rate_limit_transcriptions,
    }
    names = {name: "rates.bin" if name == "overall" else f"rates-{name}.bin" for name in limits}
    return {name: RateLimiter(settings.data_dir / names[name], limit) for name, limit in limits.items() if limit}
