"""One place for all tests of the command line; each test creates its own project or end user in it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.server import Place


@pytest.fixture(scope="session")
def desk(new_place: Callable[[], Place]) -> Place:
    """The place of the commands' data."""
    return new_place()


@pytest.fixture
def fresh_project(desk: Place) -> str:
    """The id of a project for one test."""
    return str(json.loads(desk.cli("projects", "create", "Fresh lanterns", "--json").stdout)["id"])


@pytest.fixture(scope="session")
def project(desk: Place) -> str:
    """The id of a project."""
    return str(json.loads(desk.cli("projects", "create", "Lanterns", "--json").stdout)["id"])
