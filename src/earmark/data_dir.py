"""The folder that the data lies in: for its owner only, and never restored into under somebody's hands.

Whoever works on the data shares a file lock, which ends with its process; a restore has it alone. A server knows the
installation's secrets from its start: with other data beneath it, it would keep audio where nobody looks for it.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from earmark.errors import ConflictError, UnavailableError

_LOCK = "in-use.lock"
_OTHERS = 0o077


def mode_for_others(folder: Path) -> int:
    """Return the folder's mode if others than its owner may read or write in it, else 0."""
    try:
        kind = folder.stat().st_mode
    except OSError:  # not there yet; what else is wrong with it the database says
        return 0
    return stat.S_IMODE(kind) if stat.S_ISDIR(kind) and kind & _OTHERS else 0


def make_private(folder: Path) -> bool:
    """Take the folder from others if it is ours; return whether it is its owner's alone.

    One that is somebody else's stays as it is, and so does one with a sticky bit: such as `/tmp` are meant for all.
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
    """A server or a command works on the data that a restore would replace."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"A server or another command works on the data in {folder}; stop it, then restore.")


class BeingRestoredError(UnavailableError):
    """The data is being replaced."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"The data in {folder} is being restored; try again when that is done.")


@contextmanager
def held(folder: Path, *, alone: bool = False) -> Iterator[None]:
    """Work on the data: beside others, or `alone`. Where no lock can be had only the latter fails.

    Raises: DataInUseError, BeingRestoredError; UnavailableError if the folder can't be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        if alone:
            reason = (error.strerror or "unknown error").lower()
            raise UnavailableError(f"The data folder {folder} can't be used: {reason}.") from error
        yield  # a read-only disk: nothing can be restored there either
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
