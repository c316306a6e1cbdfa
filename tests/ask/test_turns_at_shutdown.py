"""What releases turns when a server shuts down: it ends before the database closes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from earmark.ask.turns import running as turns_running
from earmark.ask.turns import turn as turns_turn
from earmark.ask.turns.ending import store_failure
from earmark.ask.turns.queue import is_running
from earmark.ask.turns.turn import begin_send
from earmark.ask.types import Question
from tests.ask.desk import QUESTION, Desk


class Release:
    """Releases a turn when it may, instead of at once."""

    def __init__(self) -> None:
        self.has_begun, self.may_go_on = asyncio.Event(), asyncio.Event()
        self.outcome = ""

    async def __call__(self, *what: Any) -> None:
        self.has_begun.set()
        try:
            await self.may_go_on.wait()
            await store_failure(*what)
            self.outcome = "stored"
        except asyncio.CancelledError:
            self.outcome = "cancelled"
            raise


@asynccontextmanager
async def _cancelled_turn(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[str, Release]]:
    """Cancel a turn, as a server does after the grace period; yield its session's id and what is to release it."""
    release = Release()
    monkeypatch.setattr(turns_turn, "store_failure", release)
    session = await desk.session()
    desk.model.meanwhile = asyncio.Event().wait
    await begin_send(desk.tenant, desk.engine, session.id, Question(QUESTION))
    await desk.until_running(session.id)
    for task in desk.engine.running.tasks():
        task.cancel()
    async with asyncio.timeout(30):
        await release.has_begun.wait()
        yield session.id, release


async def test_a_shutdown_waits_for_the_release_of_a_turn_that_it_cancels_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _cancelled_turn(desk, monkeypatch) as (session_id, release):
        finishing = asyncio.create_task(desk.engine.running.finish(0.01))
        while desk.engine.running.tasks():
            await asyncio.sleep(0.01)
        assert not finishing.done()
        release.may_go_on.set()
        await finishing
        assert release.outcome == "stored"
        assert not is_running(await desk.state(session_id))


async def test_a_release_that_takes_longer_than_a_shutdown_may_is_cancelled(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns_running, "_RELEASED_S", 0.01)
    async with _cancelled_turn(desk, monkeypatch) as (_, release):
        await desk.engine.running.finish(0.01)
        assert release.outcome == "cancelled"
        assert desk.engine.running.tasks() == set()
