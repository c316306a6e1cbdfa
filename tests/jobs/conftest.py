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
