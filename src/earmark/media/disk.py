"""What the local store does with the disk: writes, syncs, private folders."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from earmark.storage.errors import StorageUnavailableError

Run = Callable[..., Awaitable[Any]]
"""Runs a function on the store's threads."""


@contextmanager
def as_unavailable() -> Iterator[None]:
    """Convert errors of a full or read-only disk to StorageUnavailableError."""
    try:
        yield
    except OSError as error:
        raise StorageUnavailableError("The server can't write to its disk.") from error


def write_all(descriptor: int, pending: bytearray) -> None:
    """Write all bytes.

    Raises: StorageUnavailableError.
    """
    with as_unavailable():
        view = memoryview(pending)
        while view:
            view = view[os.write(descriptor, view) :]


def make_folders(path: Path) -> None:
    """Create missing folders, private to their owner and synced to survive a crash."""
    if path.is_dir():
        return
    make_folders(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Sync the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
