"""Background tasks that die are started again, and somebody learns of it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from earmark import supervision
from earmark.supervision import Supervisor, read_deaths


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "_FIRST_PAUSE_S", 0.01)


async def test_a_task_that_dies_runs_again_and_its_death_is_known(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    runs = 0

    async def work() -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise ZeroDivisionError
        await asyncio.sleep(60)

    supervisor.start("counting", work)
    async with asyncio.timeout(60):
        while runs < 3:
            await asyncio.sleep(0.01)
    state = supervisor.states["counting"]
    assert (state.deaths, state.last_error, state.is_running, state.is_healthy) == (2, "ZeroDivisionError", True, False)
    assert read_deaths(tmp_path) == {"counting": (2, "ZeroDivisionError")}
    await supervisor.stop()
    assert read_deaths(tmp_path) == {}


async def test_a_task_that_returns_is_done_and_healthy(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)

    async def work() -> None:
        return

    supervisor.start("once", work)
    await asyncio.sleep(0.05)
    assert supervisor.states["once"].is_healthy
    await supervisor.stop()


async def test_a_process_that_is_gone_reports_no_deaths(tmp_path: Path) -> None:
    gone = os.spawnlp(os.P_WAIT, "true", "true")
    assert gone == 0
    (tmp_path / "999999999.json").write_text('{"jobs":[3,"ValueError",true]}')
    (tmp_path / "stray.json").write_text("?")
    assert read_deaths(tmp_path) == {}
    assert list(tmp_path.iterdir()) == []
