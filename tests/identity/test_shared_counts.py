"""Counters that processes share: exact alone, exact together, and exact when one comes in or dies."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from earmark.identity.shared_counts import SharedCounts

KEY, MINUTE = 4711, 29_000_000
COUNTING = """
import sys
from pathlib import Path
from earmark.identity.shared_counts import SharedCounts
counts = SharedCounts(Path(sys.argv[1]))
print("there", flush=True)
sys.stdin.readline()
got = [used for used in (counts.count({key}, {minute}, int(sys.argv[2])) for _ in range(int(sys.argv[3]))) if used]
print(*got, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the counters lie."""
    return tmp_path / "rates.bin"


@pytest.fixture
def counts(path: Path) -> Iterator[SharedCounts]:
    """The first process's counters."""
    opened = SharedCounts(path)
    yield opened
    opened.close()


def started(path: Path, most: int, tries: int) -> subprocess.Popen[str]:
    """Start a process that counts as soon as it is told to."""
    code = COUNTING.format(key=KEY, minute=MINUTE)
    arguments = [sys.executable, "-c", code, str(path), str(most), str(tries)]
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "there\n"
    return process


def test_one_process_counts_up_to_the_limit_and_no_further(counts: SharedCounts) -> None:
    assert [counts.count(KEY, MINUTE, 5) for _ in range(7)] == [1, 2, 3, 4, 5, 0, 0]
    assert counts.count(KEY + 1, MINUTE, 5) == 1
    assert counts.count(KEY, MINUTE + 1, 5) == 1
    assert counts.count(KEY, MINUTE, 6) == 6


def test_processes_that_count_at_once_share_one_limit(path: Path) -> None:
    processes = [started(path, 1_500, 1_000) for _ in range(4)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    numbers = [int(one) for process in processes for one in process.communicate(timeout=60)[0].split()]
    assert sorted(numbers) == list(range(1, 1_501))


def test_what_was_counted_alone_counts_when_another_process_comes_and_goes(counts: SharedCounts, path: Path) -> None:
    assert [counts.count(KEY, MINUTE, 100) for _ in range(10)][-1] == 10
    other = started(path, 100, 10)
    assert counts.count(KEY, MINUTE, 100) == 11
    assert other.communicate("go\n", timeout=60)[0].split() == [str(number) for number in range(12, 22)]
    assert counts.count(KEY, MINUTE, 100) == 22
    counts.look_around()
    assert [counts.count(KEY, MINUTE, 100) for _ in range(80)] == [*range(23, 101), 0, 0]


def test_a_process_that_was_killed_neither_blocks_the_others_nor_loses_its_counts(path: Path) -> None:
    first, second = started(path, 100, 10), SharedCounts(path)
    first.communicate("go\n", timeout=60)
    assert second.count(KEY, MINUTE, 100) == 11
    third = started(path, 100, 1)
    third.kill()
    third.wait(timeout=60)
    assert second.count(KEY, MINUTE, 100) == 12
    second.close()


def test_keys_that_meet_in_one_place_are_counted_apart(counts: SharedCounts) -> None:
    same_place = [KEY, KEY + 65_535, KEY + 2 * 65_535, KEY + 1]
    for times in (1, 2, 3):
        assert [counts.count(key, MINUTE, 10) for key in same_place] == [times] * 4


def test_one_caller_of_a_host_leases_at_a_time_and_the_last_lease_is_remembered(counts: SharedCounts) -> None:
    at = counts.find(KEY, MINUTE)
    assert at is not None
    assert counts.begin_lease(at, 1_000) is True
    assert counts.begin_lease(at, 1_001) is None
    assert counts.begin_lease(at, 60_000) is True, "who died while it leased is not waited for"
    counts.end_lease(at, got=3, leased_by_all=7)
    assert counts.granted(at) == (3, 4)
    assert counts.begin_lease(at, 1_002) is True
    counts.end_lease(at, leased_by_all=10, is_last=True)
    assert (counts.granted(at), counts.begin_lease(at, 70_000)) == ((3, 7), False)
