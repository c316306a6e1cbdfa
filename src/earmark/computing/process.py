"""Long computations in a process of their own, which shares no interpreter with requests and yields its core to them.

A thread of this process sends what is computed and from what, and waits for the results. Both travel in pieces, each
pickled by itself: a pickle is read in one go, during which the event loop would stand still.
"""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import earmark
from earmark.computing.frames import ERROR, FAULT, NOTHING_MORE, PIECE, read_frame, write_frame
from earmark.contexts import run_on
from earmark.errors import UnavailableError
from earmark.fair_slots import FairSlots, Owner

T = TypeVar("T")
Work = Callable[[Iterator[Any]], Iterable[Any]]
"""What is computed: a module's function, from pieces to pieces. What it raises must be an `EarmarkError`."""
PIECE_ITEMS: Final = 1_000
_PROCESSES: Final = 2
_MODULE: Final = "earmark.computing"
_ENVIRONMENT: Final = {"PYTHONPATH": str(Path(earmark.__file__).parent.parent)}


class ComputingLostError(UnavailableError):
    """The process that computed is gone, as when the machine has no memory left."""

    retry_after_s = 5

    def __init__(self) -> None:
        super().__init__("The server could not finish this; try again in a few seconds.")


class Apart:
    """Processes that compute, started when they are first needed; tenants take turns."""

    def __init__(self) -> None:
        self._slots = FairSlots(_PROCESSES, most_each=1)
        self._threads = ThreadPoolExecutor(_PROCESSES, thread_name_prefix="earmark-apart")
        self._idle: list[_Child] = []
        self._all: set[_Child] = set()

    async def run(self, owner: Owner, work: Work, pieces: Iterable[Any]) -> list[Any]:
        """Return the pieces that `work` makes of these.

        Raises: ComputingLostError, and what `work` raises.
        """
        async with self._slots.hold(owner):
            return await run_on(self._threads, self._exchange, work, pieces)

    def _exchange(self, work: Work, pieces: Iterable[Any]) -> list[Any]:
        child = self._idle.pop() if self._idle else _Child()
        self._all.add(child)
        try:
            found = child.ask(work, pieces)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            child.end()
            self._all.discard(child)
            raise ComputingLostError from error
        self._idle.append(child)
        kind, results = found
        if kind == ERROR:
            raise results
        if kind == FAULT:
            raise RuntimeError(results)
        return list(results)

    async def aclose(self) -> None:
        """End the processes; what they compute is lost."""
        for child in tuple(self._all):
            child.end()
        await asyncio.to_thread(self._threads.shutdown, wait=True)


class _Child:
    """One process."""

    def __init__(self) -> None:
        # In this session: where a scheduler groups processes by session, a priority counts within its own only.
        self._process = subprocess.Popen(  # noqa: S603  # this program
            [sys.executable, "-P", "-m", _MODULE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_ENVIRONMENT
        )

    def ask(self, work: Work, pieces: Iterable[Any]) -> tuple[int, Any]:
        """Send a computation; return its results, or what it raised."""
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        write_frame(to, PIECE, work)
        for piece in pieces:
            write_frame(to, PIECE, piece)
        write_frame(to, NOTHING_MORE, None)
        to.flush()
        return _read_results(back)

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def _read_results(back: IO[bytes]) -> tuple[int, Any]:
    results: list[Any] = []
    while True:
        kind, value = read_frame(back)
        if kind == NOTHING_MORE:
            return PIECE, results
        if kind in (ERROR, FAULT):
            return kind, value
        results.append(value)


def in_pieces(items: Iterable[T], size: int = PIECE_ITEMS) -> Iterator[list[T]]:
    """Yield items in lists that are quick to pickle."""
    left = iter(items)
    while piece := list(islice(left, size)):
        yield piece
