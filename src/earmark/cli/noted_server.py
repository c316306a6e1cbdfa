"""Where a running server of this data folder listens: noted by the server, read by commands that print its address."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import orjson

_NOTE: Final = "server.json"
_LONGEST_BYTES: Final = 4_096


@contextmanager
def noted(folder: Path, host: str, port: int) -> Iterator[None]:
    """Note the address while a server listens on it.

    The file is locked meanwhile, so that one left by a process that was killed is recognised. Of several servers of a
    folder the first is noted. A folder that can't be written or locked has no note: commands then use the settings.
    """
    try:
        file = os.open(folder / _NOTE, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:
        yield
        return
    is_noted = _write(file, host, port)
    try:
        yield
    finally:  # SIGTERM ends the block, too
        if is_noted:
            with suppress(OSError):
                (folder / _NOTE).unlink()
        os.close(file)


def _write(file: int, host: str, port: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(file, 0)
        os.pwrite(file, orjson.dumps({"host": host, "port": port}), 0)
    except OSError:  # also where another server has locked it
        return False
    return True


def find_noted(folder: Path) -> tuple[str, int] | None:
    """Return host and port of a running server of this folder; None if none runs, or none could be noted."""
    try:
        file = os.open(folder / _NOTE, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        return _read(os.pread(file, _LONGEST_BYTES, 0)) if _is_locked(file) else None
    except OSError:
        return None
    finally:
        os.close(file)


def _is_locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _read(content: bytes) -> tuple[str, int] | None:
    try:
        found = orjson.loads(content)
        host, port = found["host"], found["port"]
    except (ValueError, KeyError, TypeError):
        return None
    return (host, port) if isinstance(host, str) and isinstance(port, int) else None
