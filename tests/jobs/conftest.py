"""Jobs run on the database under test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.jobs.world import World, open_world
from tests.server import Place


@pytest.fixture
async def world(fresh_place: Place) -> AsyncIterator[World]:
    async with open_world(fresh_place) as one:
        yield one


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers look for jobs of other processes, and try again, sooner than in a real installation."""
    monkeypatch.setattr("earmark.jobs.worker._POLL_S", 0.1)
    monkeypatch.setattr("earmark.jobs.worker._FIRST_PAUSE_S", 0.05)
