"""`GET /ready`: whether a balancer should send requests here.

What no request can do without (database, schema, disk) makes the server unready. A background task that died makes it
degraded only: the same job would die on every host, and drain them all.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import Any, Literal

from earmark.api.wire.common import Shown
from earmark.errors import EarmarkError
from earmark.runtime import Runtime
from earmark.storage.migrate import known_revisions

_LEAST_FREE_BYTES = 64_000_000
OK = "ok"


class Readiness(Shown):
    """Whether this process can serve requests, and what each check says."""

    status: Literal["ready", "degraded", "unready"]
    checks: dict[str, str]


async def look(runtime: Runtime, *, is_draining: bool) -> dict[str, Any]:
    """Return the body of `GET /ready`."""
    needed = {
        "database": await _check_database(runtime),
        "migrations": await _check_schema(runtime),
        "disk": await asyncio.to_thread(_check_disk, runtime.settings.data_dir),
        "shutdown": "in progress" if is_draining else OK,
    }
    background = {
        f"background {name}": OK if state.is_healthy else f"died {state.deaths} times, last of {state.last_error}"
        for name, state in runtime.supervisor.states.items()
    }
    checks = needed | background
    status = "ready" if set(checks.values()) == {OK} else "degraded"
    return {"status": "unready" if set(needed.values()) != {OK} else status, "checks": checks}


async def _check_database(runtime: Runtime) -> str:
    return OK if await runtime.database.is_connected() else "does not answer"


async def _check_schema(runtime: Runtime) -> str:
    """A newer schema is one that a newer version has expanded; an older one was put there beneath us."""
    try:
        revision = await runtime.database.revision()
    except EarmarkError:
        return "can't be read"
    return f"is at {revision}" if revision in known_revisions()[:-1] else OK


def _check_disk(folder: Path) -> str:
    try:
        if not os.access(folder, os.W_OK):
            return "the data folder can't be written to"
        free = shutil.disk_usage(folder).free
    except OSError:
        return "the data folder is gone"
    return OK if free >= _LEAST_FREE_BYTES else f"{free // 1_000_000} MB are free"
