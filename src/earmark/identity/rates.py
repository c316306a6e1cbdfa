"""How often a tenant may call: fixed UTC minutes, counted exactly among the processes of one host.

The counters live in a small file of the data folder that every process maps into memory; a file lock
of two system calls guards each change. They may start over with the host, and hold no one's words.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import time
from dataclasses import dataclass
from pathlib import Path

from earmark.config import Settings
from earmark.errors import LimitExceededError

_SLOT = struct.Struct("<qqq")  # tenant id, minute, requests
_SLOTS = 65_536
_PROBES = 8


class RateLimitError(LimitExceededError):
    """The tenant's requests of this minute are used up."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"Too many requests; try again in {retry_after_s} seconds.")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Allowance:
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
        os.ftruncate(self._file, _SLOT.size * _SLOTS)
        self._map = mmap.mmap(self._file, _SLOT.size * _SLOTS)

    def count(self, tenant_id: int) -> Allowance:
        """Count one request, unless the limit is reached."""
        now_s = int(time.time())
        minute = now_s // 60
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            offset, used = self._find(tenant_id, minute)
            is_exceeded = used >= self.per_minute
            if not is_exceeded:
                used += 1
                _SLOT.pack_into(self._map, offset, tenant_id, minute, used)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        return Allowance(self.per_minute, self.per_minute - used, (minute + 1) * 60, is_exceeded)

    def _find(self, tenant_id: int, minute: int) -> tuple[int, int]:
        """Return the tenant's slot and its requests of this minute; a slot of an earlier minute is free."""
        free = None
        for probe in range(_PROBES):
            offset = (tenant_id + probe) % _SLOTS * _SLOT.size
            owner, counted_in, used = _SLOT.unpack_from(self._map, offset)
            if owner == tenant_id and counted_in == minute:
                return offset, used
            if free is None and counted_in != minute:
                free = offset
        return (tenant_id % _SLOTS * _SLOT.size, 0) if free is None else (free, 0)

    def close(self) -> None:
        """Let the file go."""
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
