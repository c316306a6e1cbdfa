"""The media store on a local disk; its files are readable by their owner only."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import structlog

from earmark.ids import random_text
from earmark.media.errors import MediaNotFoundError
from earmark.media.store import Staged, StoredKey
from earmark.storage.errors import StorageUnavailableError

T = TypeVar("T")
Run = Callable[..., Awaitable[Any]]
log = structlog.get_logger("earmark.media")
_THREADS = 4
_BUFFER_BYTES = 1 << 20
_INCOMING = "incoming"
_KEY = re.compile(r"\d+(?:/[A-Za-z0-9_]{1,80}){0,2}(?:/[A-Za-z0-9_]{1,80}-[0-9a-f]{64})?\Z")


class LocalStore:
    """A media store in one folder; files are readable by their owner only.

    Args:
        folder: the parent folder.
        installation: the installation's unique name: two installations may share a folder, and neither
            sweeps the other's files.
    """

    def __init__(self, folder: Path, installation: str) -> None:
        self._root = folder / installation
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="earmark-media")

    async def stage(self) -> StagedFile:
        path = self._root / _INCOMING / f"{random_text(24)}.part"
        return StagedFile(path, await self._run(_create, path), self._run)

    async def keep(self, staged: Staged, key: str) -> None:
        assert isinstance(staged, StagedFile)
        await self._run(_move, staged.path, self._path(key))
        await staged.discard()  # closes the file descriptor

    async def open(self, key: str) -> OpenFile:
        try:
            return OpenFile(await self._run(os.open, self._path(key), os.O_RDONLY), self._run)
        except FileNotFoundError as error:
            raise MediaNotFoundError from error
        except OSError as error:
            raise StorageUnavailableError("The server can't read from its disk.") from error

    async def delete(self, key: str) -> None:
        await self._delete_or_log(lambda: self._path(key).unlink(missing_ok=True))

    async def delete_under(self, folder: str) -> None:
        path = self._path(folder)
        await self._delete_or_log(lambda: shutil.rmtree(path) if path.exists() else None)

    async def _delete_or_log(self, work: Callable[[], None]) -> None:
        """Delete, or log a failure: the file is then an orphan, and swept later."""
        try:
            await self._run(work)
        except OSError as error:
            _log_left(error)

    async def list_under(self, folder: str) -> list[StoredKey]:
        path = self._path(folder)
        return await self._run(lambda: list(_walk(self._root, path)))

    async def sweep_staged(self, *, idle_s: float) -> int:
        return await self._run(_sweep, self._root / _INCOMING, idle_s)

    def close(self) -> None:
        self._threads.shutdown(wait=True)

    def _path(self, key: str) -> Path:
        if not _KEY.match(key):
            raise ValueError("not a key of the media store")
        return self._root / key

    async def _run(self, work: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)


class StagedFile:
    """A file in the store's folder that is being received."""

    def __init__(self, path: Path, descriptor: int, run: Run) -> None:
        self.path = path
        self.size_bytes = 0
        self._descriptor = descriptor
        self._digest = hashlib.sha256()
        self._buffer = bytearray()
        self._run = run

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    async def write(self, piece: bytes) -> None:
        self.size_bytes += len(piece)
        self._buffer += piece
        if len(self._buffer) >= _BUFFER_BYTES:
            await self._flush()

    async def _flush(self) -> None:
        pending, self._buffer = self._buffer, bytearray()
        await self._run(self._write, pending)

    def _write(self, pending: bytearray) -> None:
        self._digest.update(pending)
        with _as_unavailable():
            view = memoryview(pending)
            while view:
                view = view[os.write(self._descriptor, view) :]

    async def finish(self) -> None:
        await self._flush()
        await self._run(self._sync)

    def _sync(self) -> None:
        with _as_unavailable():
            os.fsync(self._descriptor)

    async def discard(self) -> None:
        await self._run(self._close)

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            try:
                self.path.unlink(missing_ok=True)  # already moved if it was stored
            except OSError as error:  # swept later; the sender already gets the original error
                _log_left(error)


class OpenFile:
    """A file open for reading."""

    def __init__(self, descriptor: int, run: Run) -> None:
        self._descriptor = descriptor
        self._run = run
        self.size_bytes = os.fstat(descriptor).st_size

    async def read(self, offset: int, size_bytes: int) -> bytes:
        found: bytes = await self._run(self._read, offset, size_bytes)
        return found

    def _read(self, offset: int, size_bytes: int) -> bytes:
        is_deleted = os.fstat(self._descriptor).st_nlink == 0
        return b"" if is_deleted else os.pread(self._descriptor, size_bytes, offset)

    async def close(self) -> None:
        os.close(self._descriptor)


@contextmanager
def _as_unavailable() -> Iterator[None]:
    """Convert errors of a full or read-only disk to StorageUnavailableError."""
    try:
        yield
    except OSError as error:
        raise StorageUnavailableError("The server can't write to its disk.") from error


def _log_left(error: OSError) -> None:
    log.warning("media.not_deleted", reason=error.strerror)


def _create(path: Path) -> int:
    with _as_unavailable():
        _make_folders(path.parent)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def _move(path: Path, target: Path) -> None:
    with _as_unavailable():
        _make_folders(target.parent)
        path.replace(target)
        _sync_folder(target.parent)


def _make_folders(path: Path) -> None:
    """Create missing folders, private to their owner and synced to survive a crash."""
    if path.is_dir():
        return
    _make_folders(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _walk(root: Path, folder: Path) -> Iterator[StoredKey]:
    now = time.time()
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place) / name
            try:
                yield StoredKey(path.relative_to(root).as_posix(), now - path.stat().st_ctime)
            except OSError:  # deleted meanwhile, or handled by the next sweep
                continue


def _sweep(folder: Path, idle_s: float) -> int:
    swept, now = 0, time.time()
    for path in folder.glob("*.part"):
        try:
            if now - path.stat().st_mtime > idle_s:
                path.unlink()
                swept += 1
        except FileNotFoundError:  # stored or discarded meanwhile
            continue
        except OSError as error:
            _log_left(error)
    return swept
