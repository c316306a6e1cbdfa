"""One place for all tests of the command line; each test makes its own project or end user in it."""

from __future__ import annotations

import json

import pytest

from tests.server import Place


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Where the commands work."""
    return Place(tmp_path_factory.mktemp("cli") / "earmark")


@pytest.fixture(scope="session")
def project(desk: Place) -> str:
    """The id of a project."""
    return str(json.loads(desk.cli("projects", "create", "Lanterns", "--json").stdout)["id"])
