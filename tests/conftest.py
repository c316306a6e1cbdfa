"""Fixtures that every test may use. Nothing may reach beyond this machine."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings

from earmark.runtime import Runtime, open_runtime
from earmark.storage.migrate import migrate_sqlite
from tests.clock import Clock, shifted_clock
from tests.postgres import Cluster, running_cluster
from tests.server import Place

# How long an example takes says more of the machine's other work than of ours.
settings.register_profile("earmark", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("earmark")
# Each client would read the machine's certificates anew (19 ms), which no address of this machine needs.
_no_certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
httpx._transports.default.create_ssl_context = lambda verify=True, *_, **__: (  # type: ignore[attr-defined]
    verify if isinstance(verify, ssl.SSLContext) else _no_certificates
)
_LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")


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


if _folder := os.environ.get("EARMARK_QMSUM_DIR"):
    os.environ["QMSUM_DIR"] = _folder  # for `tests/meetings.py`; a server would call the other name misspelt
for _name in [name for name in os.environ if name.startswith("EARMARK_")]:
    del os.environ[_name]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=("sqlite", "postgresql"), default="sqlite", help="which database to test on")
    parser.addoption("--speech", action="store_true", help="with real models of Whisper (make test-speech)")
    parser.addoption("--llm", action="store_true", help="with a real language model (make test-llm)")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Tests with a real model need hundreds of MB of it: `make test-llm` and `make test-speech` ask for them by name."""
    option = {"llm_real": "--llm", "speech_real": "--speech"}.get(collection_path.name)
    return True if option is not None and not config.getoption(option) else None


def _fixtures_of(item: pytest.Item) -> list[str]:
    return getattr(item, "fixturenames", [])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL run what the database takes part in: all else would be the same test again."""
    if config.getoption("--database") == "sqlite":
        return
    own = Path(__file__).parent / "postgresql"
    same = {one for one in items if own not in one.path.parents and "is_postgresql" not in _fixtures_of(one)}
    items[:] = [one for one in items if one not in same]
    config.hook.pytest_deselected(items=list(same))
    for one in items:
        if one.get_closest_marker("sqlite_suffices"):
            one.add_marker(pytest.mark.slow)


@pytest.fixture
def clock() -> Iterator[Clock]:
    """This process's wall clock, which shows the real time until the test sets it."""
    with shifted_clock() as one:
        yield one


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
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with this version's schema and no rows, to copy: a twentieth of what its migrations take."""
    file = Place(tmp_path_factory.mktemp("migrated")).settings.database_path
    migrate_sqlite(file)
    return file


@pytest.fixture(scope="session")
def new_place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, is_postgresql: bool
) -> Callable[[], Place]:
    """A function that makes a migrated place on the database under test; async tests ask for `fresh_place` instead."""

    def make() -> Place:
        place = Place(tmp_path_factory.mktemp("place") / "earmark")
        if is_postgresql:
            return Place(place.data_dir, *request.getfixturevalue("cluster").new_migrated_database())
        place.data_dir.mkdir(mode=0o700)
        shutil.copy(request.getfixturevalue("migrated_file"), place.settings.database_path)
        return place

    return make


@pytest.fixture(scope="session")
def place(new_place: Callable[[], Place]) -> Place:
    """Where the session's server keeps its data."""
    return new_place()


@pytest.fixture
def fresh_place(new_place: Callable[[], Place]) -> Place:
    """A migrated place without rows, for a test that starts its own servers."""
    return new_place()


@pytest.fixture
def empty_place(request: pytest.FixtureRequest, tmp_path: Path, is_postgresql: bool) -> Place:
    """A place that nobody has opened yet, for a test of the first start: no folder, no tables."""
    folder = tmp_path / "empty" / "earmark"
    if not is_postgresql:
        return Place(folder)
    return Place(folder, *request.getfixturevalue("cluster").new_database())


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests and fixtures run on asyncio, in a loop of each test's own."""
    return "asyncio"


@pytest.fixture
async def runtime(fresh_place: Place) -> AsyncIterator[Runtime]:
    """A process's rooms over an empty place."""
    async with open_runtime(fresh_place.settings) as one:
        yield one
