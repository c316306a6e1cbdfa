"""Counters of one minute each, exact among the processes of one host, in a small file that stays in memory.

A process that is alone with the file counts without a lock; as soon as there is another, a file lock guards
each change. Who counts without the lock has a cell of its own in each slot, so nothing is lost when another
process comes in between. Processes map the file to read it, but write to it: a mapped page for which a full
disk has no room would end the process (SIGBUS). What can't be written isn't counted, and stops nobody.
Counters may start over with the host, and hold no one's words.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import secrets
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SLOTS = 65_536
_CELLS = 8
_PROBES = 8
_KEY, _MINUTE, _ALONE, _SHARED, _GRANTED, _ELSEWHERE, _IS_ALL_LEASED, _LEASING_UNTIL_MS = range(_CELLS)
"""The cells of a slot: whose, when; counted without the lock and with it; and what this host knows of its leases."""
_LEASING_MS = 5_000
_read_four = struct.Struct("=4q").unpack_from
_packed = struct.Struct("=q").pack


class SharedCounts:
    """Counts by key and minute.

    Args:
        path: the shared file; made if missing. Two more, beside it, tell whether a process is alone.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = _open(path)
        self._only = _open(path.with_suffix(".only"))
        self._others = _open(path.with_suffix(".others"))
        os.ftruncate(self._file, 8 * _CELLS * _SLOTS)
        self._map = mmap.mmap(self._file, 8 * _CELLS * _SLOTS, prot=mmap.PROT_READ)
        self._cells = memoryview(self._map).cast("q")  # the first cell names the process that is alone, or is 0
        self._name = secrets.randbits(62) | 1
        self._holds_only = False
        self.look_around()

    def look_around(self) -> None:
        """Find out whether this process is alone with the file; done by itself when a slot begins."""
        with self._locked():
            self._look_around()

    def find(self, key: int, minute: int) -> int | None:
        """Return the slot of a key's minute, begun if there is none yet; None if it can't be written."""
        cells = self._cells
        at = _home(key, minute)
        if cells[at] == key and cells[at + _MINUTE] == minute:
            return at
        with self._locked():
            return self._find_or_begin(key, minute)

    def count(self, key: int, minute: int, most: int) -> int:
        """Count one, unless `most` are counted; return how many are, or 0 if it wasn't counted.

        The usual case is written with haste in mind, as each request of the API is counted.
        """
        at = _home(key, minute)
        whose, when, alone, shared = _read_four(self._map, 8 * at)
        used: int = alone + shared + 1
        # The last one is left to the lock: another process may just be coming in.
        if whose == key and when == minute and used < most and self._cells[0] == self._name:
            self._write(at + _ALONE, _packed(alone + 1))
            return used
        return self._count_locked(key, minute, most)

    def _count_locked(self, key: int, minute: int, most: int) -> int:
        with self._locked():
            at = self._find_or_begin(key, minute)
            if at is None:
                return 1
            used = self.used(at) + 1
            if used > most:
                return 0
            self._write(at + _SHARED, _packed(self._cells[at + _SHARED] + 1))
            return used

    def _write(self, cell: int, packed: bytes) -> bool:
        try:
            os.pwrite(self._file, packed, 8 * cell)
        except OSError:
            return False
        return True

    def used(self, at: int) -> int:
        """Return how many are counted."""
        return self._cells[at + _ALONE] + self._cells[at + _SHARED]

    def granted(self, at: int) -> tuple[int, int]:
        """Return how many this host may count in a slot, and how many other hosts may, as far as is known."""
        return self._cells[at + _GRANTED], self._cells[at + _ELSEWHERE]

    def begin_lease(self, at: int, now_ms: int) -> bool | None:
        """Let one caller of this host ask for a lease; None if another does, False if there is nothing left.

        Who dies while it asks holds up the others for a few seconds.
        """
        with self._locked():
            if self._cells[at + _IS_ALL_LEASED]:
                return False
            if self._cells[at + _LEASING_UNTIL_MS] > now_ms:
                return None
            self._write(at + _LEASING_UNTIL_MS, _packed(now_ms + _LEASING_MS))
            return True

    def end_lease(self, at: int, got: int = 0, leased_by_all: int = 0, *, is_last: bool = False) -> None:
        """Note what came of it: how many more this host may count, and how many all hosts may."""
        with self._locked():
            granted, elsewhere = self.granted(at)
            granted += got
            if leased_by_all:
                elsewhere = leased_by_all - granted
            self._write(at + _GRANTED, struct.pack("=4q", granted, elsewhere, is_last, 0))

    def close(self) -> None:
        """Let the files go, and with them the locks."""
        self._cells.release()
        self._map.close()
        for file in (self._file, self._only, self._others):
            os.close(file)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _find_or_begin(self, key: int, minute: int) -> int | None:
        cells, free = self._cells, None
        for probe in range(_PROBES):
            at = _home(key + probe, minute)
            if cells[at] == key and cells[at + _MINUTE] == minute:
                return at
            # A process may still be counting in the minute that just ended, so its slots aren't free yet.
            if free is None and cells[at + _MINUTE] not in (minute, minute - 1):
                free = at
        self._look_around()
        at = _home(key, minute) if free is None else free
        is_begun = self._write(at + _ALONE, bytes(8 * (_CELLS - _ALONE))) and self._write(
            at, struct.pack("=2q", key, minute)
        )
        return at if is_begun else None

    def _look_around(self) -> None:
        if not self._holds_only:
            self._holds_only = _try_lock(self._only)
            fcntl.flock(self._others, fcntl.LOCK_UN if self._holds_only else fcntl.LOCK_SH)
        if self._holds_only and _try_lock(self._others):
            fcntl.flock(self._others, fcntl.LOCK_UN)
            self._write(0, _packed(self._name))
        else:
            self._write(0, _packed(0))


def _home(key: int, minute: int) -> int:
    """Return where a key's slot is looked for first; those of a minute and the next lie side by side."""
    return _CELLS * (1 + (2 * key + minute % 2) % (_SLOTS - 1))


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
