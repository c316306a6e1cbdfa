"""Data-directory permissions and in-use lock.

Servers and commands hold a shared file lock, released when their process ends; a restore takes it exclusively.
A running server must not have its data replaced: it caches the installation's secrets from its start, and would
store audio where the restored installation does not look for it.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from earmark.errors import ConflictError, UnavailableError

_LOCK = "in-use.lock"
_LAST_BACKUP = "last-backup.json"
_OTHERS = 0o077


def mode_for_others(folder: Path) -> int:
    """Return the folder's mode if anyone but its owner has access, else 0."""
    try:
        kind = folder.stat().st_mode
    except OSError:  # does not exist yet; opening the database reports other problems
        return 0
    return stat.S_IMODE(kind) if stat.S_ISDIR(kind) and kind & _OTHERS else 0


def make_private(folder: Path) -> bool:
    """Remove others' access from an own folder; return whether only its owner has access.

    A folder of another owner is unchanged, and so is one with a sticky bit: folders like `/tmp` are shared by design.
    """
    mode = mode_for_others(folder)
    if not mode:
        return True
    try:
        if folder.stat().st_uid == os.geteuid() and not mode & stat.S_ISVTX:
            folder.chmod(mode & ~_OTHERS)
    except OSError:
        return False
    return not mode_for_others(folder)


class DataInUseError(ConflictError):
    """A server or a command uses the data that a restore would replace."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"A server or another command is using the data in {folder}; stop it, then restore.")


class BeingRestoredError(UnavailableError):
    """A restore is replacing the data."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"The data in {folder} is being restored; try again when that is done.")


@contextmanager
def held(folder: Path, *, alone: bool = False) -> Iterator[None]:
    """Hold the data directory's lock, shared or exclusive (`alone`).

    Where locks are unavailable, only an exclusive one fails.

    Raises: DataInUseError, BeingRestoredError; UnavailableError if the folder can't be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        if alone:
            reason = (error.strerror or "unknown error").lower()
            raise UnavailableError(f"The data folder {folder} can't be used: {reason}.") from error
        yield  # read-only disk: no restore can run there either
        return
    try:
        _lock(file, folder, alone=alone)
        yield
    finally:
        os.close(file)


def _lock(file: int, folder: Path, *, alone: bool) -> None:
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise (DataInUseError if alone else BeingRestoredError)(folder) from error
    except OSError as error:  # a file system without locks
        if alone:
            raise UnavailableError(f"The data folder {folder} can't be locked.") from error


def write_shared(path: Path, values: Mapping[str, Any]) -> bool:
    """Replace a small JSON file that other processes read; return False where the disk refuses it."""
    unfinished = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished.write_bytes(orjson.dumps(values))
        unfinished.replace(path)
    except OSError:
        return False
    return True


def read_shared(path: Path) -> dict[str, Any]:
    """Return what `write_shared` wrote; nothing of a file that is being deleted."""
    try:
        found: dict[str, Any] = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found


def note_backup(folder: Path, at_s: float) -> None:
    """Note in the data folder when a backup was written."""
    write_shared(folder / _LAST_BACKUP, {"at_s": at_s})


def last_backup_s(folder: Path) -> float | None:
    """Return when the last backup was written from this data folder, in seconds since 1970; None if none was."""
    at_s = read_shared(folder / _LAST_BACKUP).get("at_s")
    return float(at_s) if isinstance(at_s, int | float) else None
