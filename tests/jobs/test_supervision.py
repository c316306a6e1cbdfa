"""Background tasks that die are started again, and somebody learns of it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from earmark import supervision
from earmark.metrics import Metrics
from earmark.runtime import Runtime
from earmark.supervision import Supervisor, read_deaths
from tests.server import Place


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


async def _die() -> None:
    raise ZeroDivisionError("the words of somebody's question")


async def _until_died(supervisor: Supervisor, name: str, times: int) -> None:
    async with asyncio.timeout(60):
        while supervisor.states[name].deaths < times:
            await asyncio.sleep(0.01)


async def test_a_death_is_logged_with_its_trace_and_without_its_message(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    with capture_logs() as logs:
        supervisor.start("indexing", _die)
        await _until_died(supervisor, "indexing", 1)
    await supervisor.stop()
    line = logs[0]
    assert (line["event"], line["log_level"]) == ("background.died", "error")
    assert (line["task"], line["error"]) == ("indexing", "ZeroDivisionError")
    assert _die.__name__ in str(line["trace"])
    assert "somebody's question" not in str(line)


async def test_every_death_is_counted_under_its_task(tmp_path: Path) -> None:
    metrics = Metrics(tmp_path / "metrics")
    supervisor = Supervisor(tmp_path / "tasks", metrics)
    supervisor.start("indexing", _die)
    supervisor.start("other", lambda: asyncio.sleep(600))
    await _until_died(supervisor, "indexing", 3)
    await supervisor.stop()
    deaths = supervisor.states["indexing"].deaths
    counted = [line for line in metrics.render().splitlines() if line.startswith("earmark_background_deaths_total")]
    assert counted == [f'earmark_background_deaths_total{{task="indexing"}} {deaths}']


def test_the_doctor_fails_while_a_task_of_a_running_process_has_died_and_passes_once_it_ended(
    fresh_place: Place,
) -> None:
    """The running process is this one; the doctor is a command beside it."""

    async def die_and_look(runtime: Runtime) -> tuple[int, str]:
        runtime.supervisor.start("indexing", _die)
        await _until_died(runtime.supervisor, "indexing", 1)
        done = await asyncio.to_thread(fresh_place.cli, "doctor", check=False)
        await runtime.supervisor.stop()
        return done.returncode, done.stdout

    code, shown = fresh_place.run(die_and_look)
    assert code == 1
    (line,) = [line for line in shown.splitlines() if "indexing" in line]
    assert "ZeroDivisionError" in line
    assert "ok" not in line.split()
    after = fresh_place.cli("doctor", check=False)
    assert "indexing" not in after.stdout
