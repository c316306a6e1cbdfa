"""Files of the local store that arrive in several requests.

A file grows at its end only, so its size says how much arrived. A lock of the operating system gives it to one request
at a time, in whichever process; it ends with its holder. Whoever begins anew makes another file under the same name, so
that a request that still holds the old one writes nowhere.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from pathlib import Path
from typing import Any, Final

from earmark.media.disk import Run, as_unavailable, make_folders, sync_folder, write_all

_BUFFER_BYTES: Final = 1 << 20


class PartialFile:
    """A file that is being received, opened and locked by `open_file`."""

    def __init__(self, path: Path, descriptor: int, run: Run) -> None:
        self.path = path
        self._descriptor = descriptor
        self._run = run
        self._written_bytes = os.fstat(descriptor).st_size
        self._buffer = bytearray()

    @property
    def size_bytes(self) -> int:
        """What arrived, written or not."""
        return self._written_bytes + len(self._buffer)

    async def write(self, piece: bytes) -> None:
        """Append bytes."""
        self._buffer += piece
        if len(self._buffer) >= _BUFFER_BYTES:
            await self._flush()

    async def _flush(self) -> None:
        pending, self._buffer = self._buffer, bytearray()
        try:
            if pending:
                await self._run(write_all, self._descriptor, pending)
        finally:
            self._written_bytes = os.fstat(self._descriptor).st_size

    async def sync(self) -> None:
        """Write what is buffered, and sync the file to disk."""
        await self._flush()
        await self._run(_sync, self._descriptor)

    async def sha256(self) -> str:
        """Read the whole file; return its digest."""
        found: str = await self._run(_digest, self.path)
        return found

    async def close(self) -> None:
        """Close and unlock the file; repeated calls do nothing."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            await self._run(os.close, descriptor)


def open_file(path: Path, *, is_new: bool) -> int | None:
    """Return a locked descriptor, or None if another request has the file."""
    with as_unavailable():
        make_folders(path.parent)
        descriptor = _locked(path)
        if descriptor is None or not is_new:
            return descriptor
        path.unlink(missing_ok=True)
        os.close(descriptor)
        return _locked(path)


def _locked(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_it = os.fstat(descriptor).st_nlink > 0  # not deleted between the two calls
    except BlockingIOError:
        is_it = False
    if is_it:
        return descriptor
    os.close(descriptor)
    return None


def synced_size(path: Path) -> int:
    """Return the size of what arrived after syncing it; 0 if nothing did."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return 0
    try:
        with as_unavailable():
            os.fsync(descriptor)
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)


def store(path: Path, target: Path) -> None:
    """Give a finished file its final name beside its own, or a copy where the file system has no second names."""
    with as_unavailable():
        make_folders(target.parent)
        target.unlink(missing_ok=True)
        try:
            os.link(path, target)
        except FileNotFoundError:
            raise
        except OSError:
            _copy(path, target)
        sync_folder(target.parent)


def _copy(path: Path, target: Path) -> None:
    beside = target.with_name(f"{target.name}.copy.part")
    shutil.copyfile(path, beside)
    descriptor = os.open(beside, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    beside.replace(target)


def _sync(descriptor: int) -> None:
    with as_unavailable():
        os.fsync(descriptor)


def _digest(path: Path) -> Any:
    with as_unavailable(), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
