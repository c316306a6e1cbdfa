"""Shared counters are exact in exclusive and in shared mode, and when a process joins or is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from earmark.limits.counters import SharedCounts

KEY, MINUTE = 4711, 29_000_000
COUNTING = """
import sys
from pathlib import Path
from earmark.limits.counters import SharedCounts
counts = SharedCounts(Path(sys.argv[1]))
counts.join()
for line in sys.stdin:
    if line == "tick\\n":
        counts.tick()
        print(flush=True)
    else:
        tries = (counts.count({key}, {minute}, int(sys.argv[2])) for _ in range(int(line)))
        print(*[used for used in tries if used], flush=True)
"""


class Process:
    """Another process that counts on command."""

    def __init__(self, path: Path, most: int) -> None:
        code = COUNTING.format(key=KEY, minute=MINUTE)
        arguments = [sys.executable, "-c", code, str(path), str(most)]
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, what: int | str) -> None:
        """Send a command to count or to `tick`."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()

    def heard(self) -> list[int]:
        """Return its count."""
        assert self.process.stdout is not None
        return [int(one) for one in self.process.stdout.readline().split()]

    def counted(self, tries: int) -> list[int]:
        """Send a command to count and return the result."""
        self.tell(tries)
        return self.heard()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=60)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the counters."""
    return tmp_path / "rates.bin"


@pytest.fixture
def counts(path: Path) -> Iterator[SharedCounts]:
    """This process's counters, which join first."""
    opened = SharedCounts(path)
    opened.join()
    yield opened
    opened.close()


@pytest.fixture
def other(path: Path, counts: SharedCounts) -> Iterator[Process]:
    """A process that joins later."""
    process = Process(path, 100)
    _tick_until_answered(counts, process)
    yield process
    process.kill()


def _tick_until_answered(counts: SharedCounts, process: Process) -> None:
    """Tick until a joining process answers, since it waits for this one's tick."""
    process.tell(0)
    done = threading.Event()

    def listen() -> None:
        process.heard()
        done.set()

    threading.Thread(target=listen).start()
    deadline = time.monotonic() + 60
    while not done.wait(0.02):
        counts.tick()
        assert time.monotonic() < deadline


def test_one_process_counts_exactly_to_the_limit(counts: SharedCounts) -> None:
    assert [counts.count(KEY, MINUTE, 5) for _ in range(7)] == [1, 2, 3, 4, 5, 0, 0]
    assert counts.count(KEY + 1, MINUTE, 5) == 1
    assert counts.count(KEY, MINUTE + 1, 5) == 1
    assert counts.count(KEY, MINUTE, 6) == 6


def test_concurrent_processes_share_one_limit(path: Path) -> None:
    processes = [Process(path, 1_500) for _ in range(4)]
    for _ in range(3):  # until the first has let in the others
        for process in processes:
            process.tell("tick")
        for process in processes:
            process.heard()
    for process in processes:
        process.tell(1_000)
    numbers = [one for process in processes for one in process.heard()]
    for process in processes:
        process.kill()
    assert sorted(numbers) == list(range(1, 1_501))


def test_counts_of_exclusive_mode_remain_when_another_process_joins_and_leaves(
    counts: SharedCounts, path: Path
) -> None:
    assert [counts.count(KEY, MINUTE, 100) for _ in range(10)][-1] == 10
    other = Process(path, 100)
    _tick_until_answered(counts, other)
    assert counts.count(KEY, MINUTE, 100) == 11
    assert other.counted(10) == list(range(12, 22))
    assert counts.count(KEY, MINUTE, 100) == 22
    other.kill()
    counts.tick()
    assert [counts.count(KEY, MINUTE, 100) for _ in range(80)] == [*range(23, 101), 0, 0]


def test_a_killed_process_neither_blocks_the_others_nor_loses_its_counts(path: Path) -> None:
    first = Process(path, 100)
    assert first.counted(10) == list(range(1, 11))
    first.tell("tick")
    first.heard()
    first.kill()
    second = SharedCounts(path)
    second.join()
    assert second.count(KEY, MINUTE, 100) == 11
    second.close()


def test_a_suspended_process_is_not_waited_for_long_and_its_counts_are_added_when_it_continues(
    counts: SharedCounts, path: Path
) -> None:
    assert [counts.count(KEY, MINUTE, 100) for _ in range(5)][-1] == 5
    late = Process(path, 100)
    assert late.counted(3) == [1, 2, 3], "this process did not write down in time"
    counts.tick()
    assert late.counted(1) == [9]
    assert counts.count(KEY, MINUTE, 100) == 10
    late.kill()


def test_keys_that_collide_in_the_file_are_counted_separately(other: Process, counts: SharedCounts) -> None:
    same_place = [KEY + 1, KEY + 1 + 32_768, KEY + 1 + 2 * 32_768, KEY + 2]
    for times in (1, 2, 3):
        assert [counts.count(key, MINUTE, 10) for key in same_place] == [times] * 4
    assert other.counted(1) == [1]


def test_while_the_file_is_not_writable_each_process_counts_on_its_own_and_writes_later(
    other: Process, counts: SharedCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    assert counts.count(KEY, MINUTE, 100) == 1
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        assert [counts.count(KEY, MINUTE, 5) for _ in range(6)] == [2, 3, 4, 5, 0, 0]
        counts.tick()
    counts.tick()
    assert other.counted(1) == [6]
    assert counts.count(KEY, MINUTE, 100) == 7


@pytest.mark.parametrize("is_alone", [True, False])
def test_one_caller_of_a_host_leases_at_a_time_and_the_last_lease_is_remembered(
    counts: SharedCounts, path: Path, is_alone: bool
) -> None:
    process = None if is_alone else Process(path, 100)
    if process is not None:
        _tick_until_answered(counts, process)
    with counts.slot(KEY, MINUTE) as slot:
        assert slot.begin_lease(1_000) is True
    with counts.slot(KEY, MINUTE) as slot:
        assert slot.begin_lease(1_001) is None
        assert slot.begin_lease(60_000) is True, "who died while it leased is not waited for"
        slot.end_lease(got=3, leased_by_all=7)
    with counts.slot(KEY, MINUTE) as slot:
        assert (slot.granted, slot.elsewhere) == (3, 4)
        assert slot.begin_lease(1_002) is True
        slot.end_lease(leased_by_all=10, is_last=True)
    with counts.slot(KEY, MINUTE) as slot:
        assert (slot.granted, slot.elsewhere, slot.begin_lease(70_000)) == (3, 7, False)
    if process is not None:
        process.kill()
