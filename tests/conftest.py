"""Fixtures that every test may use. Nothing may reach beyond this machine."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest

from tests.server import Place

_LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True, scope="session")
def _no_outside_network() -> Any:
    """Refuse connections to anywhere but this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> Any:
        if isinstance(address, tuple) and not str(address[0]).startswith(_LOOPBACK):
            raise AssertionError(f"a test tried to reach {address[0]}")
        return connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign, assignment]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


for _name in [name for name in os.environ if name.startswith("EARMARK_") and name != "EARMARK_QMSUM_DIR"]:
    del os.environ[_name]


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Where the session's server keeps its data."""
    return Place(tmp_path_factory.mktemp("data") / "earmark")


@pytest.fixture
def fresh_place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An empty place, for a test that starts its own servers."""
    return Place(tmp_path_factory.mktemp("fresh") / "earmark")
