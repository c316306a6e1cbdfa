"""Runs the tests of this folder on the database under test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.server import Place


@pytest.fixture(autouse=True)
def _desks_on_the_database_under_test(new_place: Callable[[], Place], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.ask.desk.new_place", new_place)
