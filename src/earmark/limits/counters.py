"""Counters per minute, exact across the processes of one host.

A single process counts in memory and writes its counts to a file ten times a second (exclusive mode). When a
second one starts, it waits until the first has written everything; then all count in the file, under its lock
(shared mode). Two file locks tell the mode, and end with their processes: `.only` is held exclusively by a
single process, or shared by all that count in the file; `.waiting` is shared by those waiting for shared mode.

The file is read and written, not mapped, because writing a mapped page on a full disk kills the process
(SIGBUS). While it can't be written, each process counts on its own. Counters need not survive a reboot.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PLACES = 65_536
_PROBES = 8
_SLOT = struct.Struct("=8q")  # key, minute, used, granted, elsewhere, is_all_leased, leasing_until_ms, padding
_HEAD, _USED, _USED_AT = struct.Struct("=3q"), struct.Struct("=q"), 16
_LEASING_MS = 5_000
_LOOK_S = 0.005
_PATIENCE_S = 2.0
"""How long a new process waits for one in exclusive mode, which may be suspended."""


@dataclass(slots=True)
class Slot:
    """The counter of a key and minute: requests counted, and this host's leases (`rates.py`).

    Args:
        granted: requests that this host may count, if hosts lease.
        elsewhere: requests leased by other hosts, as of the last lease.
        is_all_leased: whether nothing is left to lease.
        leasing_until_ms: until then, by the monotonic clock, a request of this host is acquiring a lease.
        written: the part of `used` that is in the file.
    """

    used: int = 0
    granted: int = 0
    elsewhere: int = 0
    is_all_leased: int = 0
    leasing_until_ms: int = 0
    written: int = 0

    def count(self, most: int) -> int:
        """Count one, unless `most` are reached; return the new count, or 0 if not counted."""
        if self.used >= most:
            return 0
        self.used += 1
        return self.used

    def begin_lease(self, now_ms: int) -> bool | None:
        """Reserve acquiring a lease; None if another caller is acquiring, False if nothing is left.

        A caller that dies meanwhile blocks the others for a few seconds. `now_ms` is the machine's monotonic clock, the
        same in all processes; it begins anew with the machine.
        """
        if self.is_all_leased:
            return False
        if 0 < self.leasing_until_ms - now_ms <= _LEASING_MS:
            return None
        self.leasing_until_ms = now_ms + _LEASING_MS
        return True

    def end_lease(self, got: int = 0, leased_by_all: int = 0, *, is_last: bool = False) -> None:
        """Record the result: requests granted to this host, and leased by all hosts."""
        self.leasing_until_ms = 0
        self.granted += got
        if leased_by_all:
            self.elsewhere = leased_by_all - self.granted
        self.is_all_leased |= is_last


class SharedCounts:
    """Counters by key and minute, shared with other processes after `join`.

    Args:
        path: the shared file; `join` creates it and the two lock files beside it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: tuple[int, ...] = ()
        self._own: dict[tuple[int, int], Slot] | None = None  # the counters in memory; None in shared mode
        self._changed: set[tuple[int, int]] = set()
        self._is_alone = False
        self._is_known = False  # holds a lock on `.only`, which prevents others' exclusive mode
        self._minute = 0

    def join(self) -> None:
        """Open the counter files and detect other processes; may block up to 2 s.

        Raises: OSError if the files can't be used.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        paths = (self._path, self._path.with_suffix(".only"), self._path.with_suffix(".waiting"))
        self._files = tuple(os.open(path, os.O_RDWR | os.O_CREAT, 0o600) for path in paths)
        if self._try_alone():
            return
        until = time.monotonic() + _PATIENCE_S
        while not self._try_shared() and time.monotonic() < until:
            time.sleep(_LOOK_S)

    def count(self, key: int, minute: int, most: int) -> int:
        """Count one, unless `most` are reached; return the new count, or 0 if not counted.

        Hot path: called for every API request.
        """
        if self._own is None:
            return self._count_in_file(key, minute, most)
        slot = self._own.get((key, minute))
        if slot is None or slot.used == slot.written:
            self._changed.add((key, minute))
            slot = slot or self._begin(key, minute)
        return slot.count(most)

    def _count_in_file(self, key: int, minute: int, most: int) -> int:
        file, place = self._files[0], _home(key, minute)
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            found = os.pread(file, _HEAD.size, place)
            owner, when, used = _HEAD.unpack(found) if len(found) == _HEAD.size else (0, 0, 0)
            if owner == key and when == minute and used < most:
                os.pwrite(file, _USED.pack(used + 1), place + _USED_AT)
                return int(used) + 1
        except OSError:  # a full or read-only disk
            pass
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
        with self.slot(key, minute) as slot:
            return slot.count(most)

    @contextmanager
    def slot(self, key: int, minute: int) -> Iterator[Slot]:
        """Yield the counter slot under an exclusive lock."""
        if self._own is not None:
            self._changed.add((key, minute))
            yield self._own.get((key, minute)) or self._begin(key, minute)
            return
        with self._locked():
            place, slot = self._read(key, minute)
            yield slot
            if not self._write(place, key, minute, slot):
                self._own = {(key, minute): slot}
                self._changed.add((key, minute))

    def tick(self) -> None:
        """Write the counts, let waiting processes in, and every minute try exclusive mode again.

        Call it ten times a second: waiting processes depend on it.
        """
        _, only, waiting = self._files
        is_written = self._write_down()
        if self._is_alone:
            if not _try_lock(waiting, fcntl.LOCK_EX):
                self._own, self._is_alone = None, False
                fcntl.flock(only, fcntl.LOCK_SH)
            fcntl.flock(waiting, fcntl.LOCK_UN)
            return
        if is_written:
            self._own = None
        if not self._is_known:
            self._try_shared()
        elif self._minute != (minute := int(time.monotonic()) // 60):
            self._minute = minute
            if not self._try_alone():  # on Linux a failed conversion releases the previous lock
                self._try_shared()

    def close(self) -> None:
        """Write the counts and close the files, which releases the locks."""
        if self._files:
            self._write_down()
        for file in self._files:
            os.close(file)
        self._files = ()

    def _try_alone(self) -> bool:
        if not _try_lock(self._files[1], fcntl.LOCK_EX):
            return False
        self._own, self._is_alone, self._is_known = self._own or {}, True, True
        return True

    def _try_shared(self) -> bool:
        """Switch to shared mode; stay registered as waiting until it succeeds."""
        self._is_known = _try_lock(self._files[1], fcntl.LOCK_SH)
        if self._is_known:
            fcntl.flock(self._files[2], fcntl.LOCK_UN)
        else:
            fcntl.flock(self._files[2], fcntl.LOCK_SH)
        return self._is_known

    def _begin(self, key: int, minute: int) -> Slot:
        """Return a slot that continues from the file, where a previous process may have counted."""
        assert self._own is not None
        for pair in [pair for pair in self._own if pair[1] not in (minute, minute - 1)]:
            if pair not in self._changed:
                del self._own[pair]
        with self._locked():
            _, slot = self._read(key, minute)
        self._own[key, minute] = slot
        return slot

    def _write_down(self) -> bool:
        """Write the counts in memory to the file; return whether nothing is left to write."""
        if self._own is None or not self._changed:
            return True
        with self._locked():
            for key, minute in tuple(self._changed):
                slot = self._own[key, minute]
                place, there = self._read(key, minute)
                slot.used += max(0, there.used - slot.written)  # a process that stopped waiting has counted there
                if self._write(place, key, minute, slot):
                    slot.written = slot.used
                    self._changed.remove((key, minute))
        return not self._changed

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.flock(self._files[0], fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._files[0], fcntl.LOCK_UN)

    def _read(self, key: int, minute: int) -> tuple[int, Slot]:
        """Return a key's offset in the file, or that of a free slot, and its counter."""
        free = None
        for probe in range(_PROBES):
            place = _home(key + probe, minute)
            found = os.pread(self._files[0], _SLOT.size, place).ljust(_SLOT.size, b"\0")
            owner, when, used, granted, elsewhere, is_all_leased, until_ms, _ = _SLOT.unpack(found)
            if (owner, when) == (key, minute):
                return place, Slot(used, granted, elsewhere, is_all_leased, until_ms, written=used)
            if free is None and when not in (minute, minute - 1):
                free = place
        return _home(key, minute) if free is None else free, Slot()

    def _write(self, place: int, key: int, minute: int, slot: Slot) -> bool:
        leases = (slot.granted, slot.elsewhere, slot.is_all_leased, slot.leasing_until_ms)
        try:
            os.pwrite(self._files[0], _SLOT.pack(key, minute, slot.used, *leases, 0), place)
        except OSError:  # a full or read-only disk
            return False
        return True


def _home(key: int, minute: int) -> int:
    """Return the first probed offset of a key's slot; consecutive minutes are adjacent."""
    return (2 * key + minute % 2) % _PLACES * _SLOT.size


def _try_lock(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
