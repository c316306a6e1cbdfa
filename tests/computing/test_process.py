"""Processes that compute apart from the server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from earmark.computing import process
from earmark.computing.process import Apart, ComputingLostError, in_pieces
from earmark.errors import InvalidError
from tests.computing import work

OURS, THEIRS = (1, None), (2, None)


@pytest.fixture
async def apart(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Apart]:
    """Processes that know the tests' computations too."""
    folders = f"{process._ENVIRONMENT['PYTHONPATH']}{os.pathsep}{Path(__file__).parent.parent.parent}"
    monkeypatch.setitem(process._ENVIRONMENT, "PYTHONPATH", folders)
    processes = Apart()
    yield processes
    await processes.aclose()


async def test_pieces_go_there_and_come_back_in_order_by_a_process_of_lower_priority(apart: Apart) -> None:
    pieces: list[Any] = [[number] * 1_000 for number in range(200)]
    assert await apart.run(OURS, work.double, pieces) == [one * 2 for one in pieces]
    pid, niceness = await apart.run(OURS, work.priority, [])
    assert pid != os.getpid()
    assert niceness > os.nice(0)
    assert (await apart.run(OURS, work.priority, []))[0] == pid  # it stays


async def test_an_error_comes_back_as_itself_and_a_fault_without_its_words(apart: Apart) -> None:
    with pytest.raises(InvalidError) as refused:
        await apart.run(OURS, work.refuse, [7, *("x" * 100_000 for _ in range(50))])
    error = refused.value
    assert (error.message, error.param, error.details) == ("This is not right.", "content", {"line": 7})
    with pytest.raises(RuntimeError, match="KeyError") as faulty:
        await apart.run(OURS, work.break_down, [])
    assert "words" not in str(faulty.value)
    assert await apart.run(OURS, work.double, [2]) == [4]


async def test_what_a_library_prints_is_not_taken_for_results(apart: Apart) -> None:
    assert await apart.run(OURS, work.print_much, []) == ["done"]
    assert await apart.run(OURS, work.double, [2]) == [4]


async def test_a_process_that_dies_costs_its_own_computation_only(apart: Apart) -> None:
    with pytest.raises(ComputingLostError):
        await apart.run(OURS, work.die, [])
    assert await apart.run(OURS, work.double, [2]) == [4]


async def test_another_tenants_computation_does_not_wait_for_a_long_one(apart: Apart, tmp_path: Path) -> None:
    begun, go_on = tmp_path / "begun", tmp_path / "go on"
    long = [asyncio.create_task(apart.run(THEIRS, work.wait_for_file, [str(begun), str(go_on)])) for _ in range(3)]
    while not begun.exists():
        await asyncio.sleep(0.01)
    assert await apart.run(OURS, work.double, [2]) == [4]
    assert not any(one.done() for one in long)
    go_on.touch()
    assert await asyncio.gather(*long) == [[True]] * 3


def test_items_are_cut_into_pieces() -> None:
    assert list(in_pieces(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(in_pieces([])) == []
