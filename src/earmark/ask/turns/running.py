"""The turns that run in this process: awaited, followed, stopped, and finished before the process ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, Final

from earmark.ask.answers.feed import SourcesFound, TextAdded, TurnCompleted, TurnFeed, TurnStarted
from earmark.ask.turns.followed import FollowedTurns
from earmark.ask.turns.heartbeat import Heartbeat
from earmark.ask.turns.held_turn import HeldTurn
from earmark.ask.turns.signals import TurnSignals
from earmark.ask.types import AskResult, TextPart
from earmark.metrics import Metrics
from earmark.telemetry import span

_RELEASED_S: Final = 5.0
_CANCELLED_S: Final = 1.0
TurnKey = tuple[int, str, str]
"""Tenant, session and the user's message."""


class RunningTurn:
    """A turn whose question is stored. It runs to its end whether or not anybody waits for it."""

    def __init__(self, session_id: str, feed: TurnFeed, task: asyncio.Future[AskResult], held: HeldTurn | None) -> None:
        self.session_id = session_id
        self.feed = feed
        self._task = task
        self._held = held

    @classmethod
    def over(cls, message_id: str, result: AskResult) -> RunningTurn:
        """Return a turn that is over: its feed says again what it said."""
        feed = TurnFeed()
        feed.publish(TurnStarted(result.session_id, message_id))
        feed.publish(SourcesFound(result.sources))
        for index, part in enumerate(result.message.parts):
            feed.publish(TextAdded(part.text, index, part.is_key) if isinstance(part, TextPart) else part)
        feed.publish(TurnCompleted(result))
        task: asyncio.Future[AskResult] = asyncio.get_running_loop().create_future()
        task.set_result(result)
        return cls(result.session_id, feed, task, None)

    async def result(self) -> AskResult:
        """Wait for the answer; who stops waiting does not stop the turn.

        Raises: what the turn failed with.
        """
        return await asyncio.shield(self._task)

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody stopped it before its end."""
        return self._held is not None and self._held.is_cancelled


class RunningTurns:
    """All turns of one process by tenant, session and question; each is traced, and counted where that is asked for."""

    def __init__(self, metrics: Metrics | None = None) -> None:
        self._metrics = metrics
        self._turns: dict[TurnKey, RunningTurn] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self.heartbeat = Heartbeat()
        self.signals = TurnSignals()
        self.followed = FollowedTurns()

    def run(self, held: HeldTurn, message_id: str, work: Coroutine[Any, Any, AskResult]) -> RunningTurn:
        """Start the work of the turn on this question as a task of its own."""
        key = (held.tenant.key.tenant_id, held.session_id, message_id)
        task = asyncio.create_task(self._observed(work))
        turn = self._turns[key] = RunningTurn(held.session_id, held.feed, task, held)
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._forget(key, turn, done))
        return turn

    async def _observed(self, work: Coroutine[Any, Any, AskResult]) -> AskResult:
        started, provider, outcome = time.perf_counter(), "none", "failed"
        try:
            with span("turn") as one:
                result = await work
                message = result.message
                provider, outcome = message.provider or "none", message.finish_reason or "none"
                one.set_attributes({"provider": provider, "model": message.model or "none", "outcome": outcome})
                return result
        finally:
            if self._metrics is not None:
                self._metrics.count("earmark_turns_total", provider=provider, outcome=outcome)
                self._metrics.observe("earmark_turn_seconds", time.perf_counter() - started, provider=provider)

    def also(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something after a turn that nobody waits for."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what releases a turn, to its end: a shutdown cancels turns twice, and waits for this before it closes."""
        task = asyncio.create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        await asyncio.shield(task)

    def _forget(self, key: TurnKey, turn: RunningTurn, task: asyncio.Task[AskResult]) -> None:
        self._tasks.discard(task)
        if self._turns.get(key) is turn:
            del self._turns[key]
        if not task.cancelled():
            task.exception()  # whoever waits has it; nobody may be waiting

    def find(self, key: TurnKey) -> RunningTurn | None:
        """Return the running turn, if it runs here."""
        return self._turns.get(key)

    def tasks(self) -> set[asyncio.Task[Any]]:
        """Return what runs now."""
        return set(self._tasks)

    async def finish(self, grace_s: float) -> None:
        """Wait for running turns; those that take longer are interrupted, their questions stay."""
        await _wait(self._tasks, grace_s)
        for task in list(self._tasks):
            task.cancel()
        # Beside the turns: one that was cancelled before waits no more for what releases it.
        await _wait(self._tasks | self._ending, _RELEASED_S)
        left = self._tasks | self._ending
        for one in left:  # their leases run out
            one.cancel()
        await _wait(left, _CANCELLED_S)


async def _wait(tasks: set[asyncio.Task[Any]], most_s: float) -> None:
    if tasks:
        await asyncio.wait(tasks, timeout=most_s)
