"""The media store on a local disk; its files are readable by their owner only."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from earmark.contexts import run_on
from earmark.ids import random_text
from earmark.media import partials
from earmark.media.disk import Run, as_unavailable, make_folders, sync_folder, write_all
from earmark.media.errors import MediaNotFoundError
from earmark.media.partials import PartialFile
from earmark.media.store import Partial, Staged, StoredKey
from earmark.media.strays import Strays
from earmark.storage.errors import StorageUnavailableError

T = TypeVar("T")
log = structlog.get_logger("earmark.media")
_THREADS = 4
_BUFFER_BYTES = 1 << 20
_INCOMING = "incoming"
_FOLDERS = r"\d+(?:/[A-Za-z0-9_]{1,80}){0,2}"
_FILE = r"/[A-Za-z0-9_]{1,80}(?:-[0-9a-f]{64}(?:\.copy\.part)?|\.part)"
_KEY = re.compile(rf"{_FOLDERS}(?:{_FILE})?\Z")
_FILE_KEY = re.compile(rf"{_FOLDERS}{_FILE}\Z")


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
        self._strays = Strays()

    async def stage(self) -> StagedFile:
        path = self._root / _INCOMING / f"{random_text(24)}.part"
        return StagedFile(path, await self._run(_create, path), self._run)

    async def put(self, staged: Staged, key: str) -> None:
        assert isinstance(staged, StagedFile)
        await self._run(_move, staged.path, self._path(key))
        await staged.discard()  # closes the file descriptor

    async def open_partial(self, key: str, *, is_new: bool) -> PartialFile | None:
        path = self._path(key)
        descriptor = await self._run(partial(partials.open_file, path, is_new=is_new))
        return None if descriptor is None else PartialFile(path, descriptor, self._run)

    async def partial_size(self, key: str) -> int:
        return await self._run(partials.synced_size, self._path(key))

    async def put_partial(self, partial: Partial, key: str) -> None:
        assert isinstance(partial, PartialFile)
        await self._run(partials.store, partial.path, self._path(key))

    async def open(self, key: str) -> OpenFile:
        return await _open(self._path(key), self._run)

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
        found = await self._run(lambda: list(_walk(self._root, path)))
        for one in found:
            if not _FILE_KEY.match(one.key):
                self._strays.note(one.key)
        return [one for one in found if _FILE_KEY.match(one.key)]

    async def sweep_staged(self, *, idle_s: float) -> int:
        return await self._run(_sweep, self._root / _INCOMING, idle_s)

    def close(self) -> None:
        self._threads.shutdown(wait=True)

    def _path(self, key: str) -> Path:
        if not _KEY.match(key):
            raise ValueError("not a key of the media store")
        return self._root / key

    async def _run(self, work: Callable[..., T], *args: object) -> T:
        return await run_on(self._threads, work, *args)


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
        write_all(self._descriptor, pending)

    async def finish(self) -> None:
        await self._flush()
        await self._run(self._sync)

    def _sync(self) -> None:
        with as_unavailable():
            os.fsync(self._descriptor)

    async def open(self) -> OpenFile:
        return await _open(self.path, self._run)

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
        self._lock = threading.Lock()  # a thread may still read when whoever waited for it has closed the file
        self.size_bytes = os.fstat(descriptor).st_size

    async def read(self, offset: int, size_bytes: int) -> bytes:
        found: bytes = await self._run(self.read_now, offset, size_bytes)
        return found

    def read_now(self, offset: int, size_bytes: int) -> bytes:
        with self._lock:
            is_gone = self._descriptor < 0 or os.fstat(self._descriptor).st_nlink == 0
            return b"" if is_gone else os.pread(self._descriptor, size_bytes, offset)

    def fileno(self) -> int:
        if self._descriptor < 0 or os.fstat(self._descriptor).st_nlink == 0:
            raise MediaNotFoundError
        return self._descriptor

    async def close(self) -> None:
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1


async def _open(path: Path, run: Run) -> OpenFile:
    try:
        return OpenFile(await run(os.open, path, os.O_RDONLY), run)
    except FileNotFoundError as error:
        raise MediaNotFoundError from error
    except OSError as error:
        raise StorageUnavailableError("The server can't read from its disk.") from error


def _log_left(error: OSError) -> None:
    log.warning("media.not_deleted", reason=error.strerror)


def _create(path: Path) -> int:
    with as_unavailable():
        make_folders(path.parent)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def _move(path: Path, target: Path) -> None:
    with as_unavailable():
        make_folders(target.parent)
        path.replace(target)
        sync_folder(target.parent)


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
