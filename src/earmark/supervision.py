"""Background tasks of a process: restarted when they die, and visible to whoever asks how it is."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from earmark.data_dir import read_shared, write_shared
from earmark.logs import frames_of
from earmark.metrics import Metrics

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
_SHOWN_S = 60.0
"""How long a death is still reported once the task runs again."""
log = structlog.get_logger("earmark.background")


@dataclass(slots=True)
class TaskState:
    """One background task, as `GET /ready` and `earmark doctor` report it."""

    deaths: int = 0
    last_error: str | None = None
    died_s: float = float("-inf")
    is_running: bool = True

    @property
    def is_healthy(self) -> bool:
        """Whether it runs, and has not died within the last minute."""
        return self.is_running and time.monotonic() - self.died_s > _SHOWN_S


class Supervisor:
    """Starts background tasks, restarts those that die, and stops all of them.

    Args:
        folder: where each process records the state of its tasks for `earmark doctor`.
    """

    def __init__(self, folder: Path, metrics: Metrics | None = None) -> None:
        self.folder = folder
        self._path = folder / f"{os.getpid()}.json"
        self._metrics = metrics
        self._tasks: list[asyncio.Task[None]] = []
        self.states: dict[str, TaskState] = {}

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` until it returns or `stop` is called; start it again, ever more seldom, when it raises."""
        self.states[name] = TaskState()
        self._tasks.append(asyncio.create_task(self._restart_when_dead(name, work), name=name))

    async def _restart_when_dead(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        state = self.states[name]
        pause_s = _FIRST_PAUSE_S
        while True:
            started_s = time.monotonic()
            try:
                await work()
                return
            except Exception as error:
                self._note_death(name, error)
            if time.monotonic() - started_s > _LONGEST_PAUSE_S:
                pause_s = _FIRST_PAUSE_S
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            state.is_running = True
            self._write()

    def _note_death(self, name: str, error: Exception) -> None:
        state = self.states[name]
        state.deaths += 1
        state.last_error, state.died_s, state.is_running = type(error).__name__, time.monotonic(), False
        log.error("background.died", task=name, error=type(error).__name__, trace=frames_of(error))
        if self._metrics is not None:
            self._metrics.count("earmark_background_deaths_total", task=name)
        self._write()

    def _write(self) -> None:
        """Record the state for other processes; what can't be written costs nothing else."""
        shown = {name: [state.deaths, state.last_error, state.is_running] for name, state in self.states.items()}
        write_shared(self._path, shown)

    async def stop(self) -> None:
        """Cancel all tasks and wait for their end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def read_deaths(folder: Path) -> Mapping[str, tuple[int, str]]:
    """Return the tasks that died in the running processes of this folder: how often, and of what last."""
    deaths: dict[str, tuple[int, str]] = {}
    for path in sorted(folder.glob("*.json")):
        if not _is_alive(path):
            path.unlink(missing_ok=True)
            continue
        for name, (count, error, _) in read_shared(path).items():
            if count:
                deaths[name] = (count + deaths.get(name, (0, ""))[0], str(error))
    return deaths


def _is_alive(path: Path) -> bool:
    try:
        os.kill(int(path.stem), 0)
    except (ValueError, ProcessLookupError):
        return False
    except OSError:  # it runs as somebody else
        return True
    return True
