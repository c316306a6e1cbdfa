"""What every edge works with: the parts, the rooms made of them, and the worker that runs the rooms' jobs."""

from __future__ import annotations

import os
import platform
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from earmark.config import Settings
from earmark.data_dir import held
from earmark.jobs.claiming import new_process
from earmark.jobs.worker import Worker
from earmark.runtime.parts import Parts, open_parts
from earmark.runtime.rooms import Room, registered
from earmark.storage.migrate import check_file_exists


@dataclass(frozen=True)
class Runtime(Parts):
    """Everything a request, command or job works with."""

    rooms: Sequence[Room]
    worker: Worker


@asynccontextmanager
async def open_runtime(settings: Settings, *, alone: bool = False, may_create: bool = True) -> AsyncIterator[Runtime]:
    """Open the database (creating or migrating it if need be) and wire the rooms; close all at the end.

    `alone` is for restoring: no other process of this host may work on the data meanwhile. Without `may_create` a
    missing database is an error, and not even its folder is created.

    Raises: UnavailableError if the database can't be used or has an unknown schema; DataInUseError; NoDatabaseError.
    """
    if not may_create and settings.database_url is None:
        check_file_exists(settings.database_path)  # before the lock, which creates the folder
    with held(settings.data_dir, alone=alone):
        async with AsyncExitStack() as closing:
            parts = await open_parts(settings, closing, may_create=may_create)
            rooms = registered(parts)
            parts.deletion.register(room.deletion for room in rooms if room.deletion is not None)
            yield Runtime(**vars(parts), rooms=rooms, worker=_worker_of(parts, rooms))


def _worker_of(parts: Parts, rooms: Sequence[Room]) -> Worker:
    """Return what runs the rooms' jobs in this process."""
    settings = parts.settings
    heavy_slots = settings.heavy_jobs or max(1, (os.cpu_count() or 2) // 2)
    process = new_process(platform.node(), settings.job_lease_s, heavy_slots)
    return Worker(parts.operator, [kind for room in rooms for kind in room.kinds], process, parts.metrics)
