"""Fixtures that every test may use. Nothing may reach beyond this machine."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import Cluster, running_cluster
from tests.server import Place

# How long an example takes says more of the machine's other work than of ours.
settings.register_profile("earmark", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("earmark")
# Each client would read the machine's certificates anew (19 ms), which no address of this machine needs.
_no_certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
httpx._transports.default.create_ssl_context = lambda *_, **__: _no_certificates  # type: ignore[attr-defined]
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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=("sqlite", "postgresql"), default="sqlite", help="which database to test on")
    parser.addoption("--llm", action="store_true", help="with a real language model (make test-llm)")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Tests with a real model need 270 MB of it: `make test-llm` asks for them by name."""
    return True if collection_path.name == "llm_real" and not config.getoption("--llm") else None


@pytest.fixture(scope="session")
def is_postgresql(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--database") == "postgresql")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The run's PostgreSQL; started only for tests that ask for it."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    with running_cluster(folder / "data") as one:
        yield one
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, is_postgresql: bool
) -> Callable[[], Place]:
    """A function that makes an empty place on the database under test."""

    def make() -> Place:
        folder = tmp_path_factory.mktemp("place") / "earmark"
        if not is_postgresql:
            return Place(folder)
        return Place(folder, *request.getfixturevalue("cluster").new_database())

    return make


@pytest.fixture(scope="session")
def place(new_place: Callable[[], Place]) -> Place:
    """Where the session's server keeps its data."""
    return new_place()


@pytest.fixture
def fresh_place(new_place: Callable[[], Place]) -> Place:
    """An empty place, for a test that starts its own servers."""
    return new_place()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests (`pytest.mark.anyio`) run on asyncio."""
    return "asyncio"
