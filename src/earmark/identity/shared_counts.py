"""Counters of one minute each, exact among the processes of one host.

A process that is alone counts in its memory and writes down what it counted ten times a second. Another that
comes waits until the first has written down everything; from then on all count in the file, under its lock.
Two file locks tell who is there, and end with their processes: `.only` is held by one that is alone, or shared
by all that count in the file; `.waiting` is shared by those that want to come in.

The file is read and written, not mapped: a mapped page for which a full disk has no room ends the process
(SIGBUS). While it can't be written each process counts for itself. Counters may start over with the host, and
hold no one's words.
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
_SLOT = struct.Struct("=8q")  # key, minute, used, granted, elsewhere, is_all_leased, leasing_until_ms, nothing
_HEAD, _USED, _USED_AT = struct.Struct("=3q"), struct.Struct("=q"), 16
_LEASING_MS = 5_000
_LOOK_S = 0.005
_PATIENCE_S = 2.0
"""How long a newcomer waits for one that is alone; a stopped process is not waited for any longer."""


@dataclass(slots=True)
class Slot:
    """A key's minute: requests counted, and what the host knows of its leases (`rates.py`).

    Args:
        granted: how many this host may count, where hosts lease.
        elsewhere: how many other hosts may, as far as is known.
        is_all_leased: nothing is left to lease.
        leasing_until_ms: some caller of this host asks for a lease.
        written: of `used`, those that are in the file.
    """

    used: int = 0
    granted: int = 0
    elsewhere: int = 0
    is_all_leased: int = 0
    leasing_until_ms: int = 0
    written: int = 0

    def count(self, most: int) -> int:
        """Count one, unless `most` are counted; return how many are, or 0 if it wasn't counted."""
        if self.used >= most:
            return 0
        self.used += 1
        return self.used

    def begin_lease(self, now_ms: int) -> bool | None:
        """Let one caller ask for a lease; None if another does, False if nothing is left.

        Who dies while it asks holds up the others for a few seconds.
        """
        if self.is_all_leased:
            return False
        if self.leasing_until_ms > now_ms:
            return None
        self.leasing_until_ms = now_ms + _LEASING_MS
        return True

    def end_lease(self, got: int = 0, leased_by_all: int = 0, *, is_last: bool = False) -> None:
        """Note what came of it: how many more this host may count, and how many all hosts may."""
        self.leasing_until_ms = 0
        self.granted += got
        if leased_by_all:
            self.elsewhere = leased_by_all - self.granted
        self.is_all_leased |= is_last


class SharedCounts:
    """Counts by key and minute, once it has joined the other processes.

    Args:
        path: the shared file; made by `join`, with the two of the locks beside it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: tuple[int, ...] = ()
        self._own: dict[tuple[int, int], Slot] | None = None  # what is counted in memory, if it is
        self._changed: set[tuple[int, int]] = set()
        self._is_alone = False
        self._is_known = False  # we hold a lock on `.only`, so whoever wants to be alone sees us
        self._minute = 0

    def join(self) -> None:
        """Open the file and find out who else counts; may wait for one that is alone, but for a stopped one not long.

        Raises: OSError if the files can't be used.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        paths = (self._path, self._path.with_suffix(".only"), self._path.with_suffix(".waiting"))
        self._files = tuple(os.open(path, os.O_RDWR | os.O_CREAT, 0o600) for path in paths)
        if self._try_alone():
            return
        until = time.monotonic() + _PATIENCE_S
        while not self._come_in() and time.monotonic() < until:
            time.sleep(_LOOK_S)

    def count(self, key: int, minute: int, most: int) -> int:
        """Count one, unless `most` are counted; return how many are, or 0 if it wasn't counted.

        Written with haste in mind, as each request of the API is counted.
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
        except OSError:  # a full disk, or one that takes no writes
            pass
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
        with self.slot(key, minute) as slot:
            return slot.count(most)

    @contextmanager
    def slot(self, key: int, minute: int) -> Iterator[Slot]:
        """Lend a key's minute, so that it can be changed; no other process changes it meanwhile."""
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
        """Write down what was counted, let others in, and now and then see whether they are gone again.

        To be called ten times a second; others wait for it.
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
            self._come_in()
        elif self._minute != (minute := int(time.time()) // 60):
            self._minute = minute
            if not self._try_alone():  # Linux lets go of the old lock where a new one isn't to be had
                self._come_in()

    def close(self) -> None:
        """Write down what was counted and let the files go, and with them the locks."""
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

    def _come_in(self) -> bool:
        """Count in the file from now on, and be seen to; until it succeeds we stay among those who wait."""
        self._is_known = _try_lock(self._files[1], fcntl.LOCK_SH)
        if self._is_known:
            fcntl.flock(self._files[2], fcntl.LOCK_UN)
        else:
            fcntl.flock(self._files[2], fcntl.LOCK_SH)
        return self._is_known

    def _begin(self, key: int, minute: int) -> Slot:
        """Go on from what the file has: this process, or the one before, may have counted there."""
        assert self._own is not None
        for pair in [pair for pair in self._own if pair[1] not in (minute, minute - 1)]:
            if pair not in self._changed:
                del self._own[pair]
        with self._locked():
            _, slot = self._read(key, minute)
        self._own[key, minute] = slot
        return slot

    def _write_down(self) -> bool:
        """Write what was counted in memory; return whether nothing is left to write."""
        if self._own is None or not self._changed:
            return True
        with self._locked():
            for key, minute in tuple(self._changed):
                slot = self._own[key, minute]
                place, there = self._read(key, minute)
                slot.used += max(0, there.used - slot.written)  # somebody who didn't wait for us has counted there
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
        """Return where a key's minute stands, or may stand, in the file, and what it says."""
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
        except OSError:  # a full disk, or one that takes no writes
            return False
        return True


def _home(key: int, minute: int) -> int:
    """Return where a key's slot is looked for first; those of a minute and the next lie side by side."""
    return (2 * key + minute % 2) % _PLACES * _SLOT.size


def _try_lock(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
