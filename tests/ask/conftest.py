"""One end user's desk on the database under test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.ask.desk import Desk, FakeModel, another_process
from tests.server import Place


@pytest.fixture
async def desk(fresh_place: Place) -> AsyncIterator[Desk]:
    """A turn engine with a fake model, over an empty database."""
    async with another_process(fresh_place.settings, FakeModel()) as one:
        yield one
