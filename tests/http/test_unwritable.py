"""An unwritable disk while the server runs: writes are 503, reads work, and all recovers afterwards."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from bench.recount import recount

from tests.http.conftest import TALK, Library, error_of
from tests.http.test_media import AUDIO, address, begin, complete, files_of, send, with_audio
from tests.postgres import Cluster
from tests.server import Place, Server, new_project, running, wait_until

BOUND = [sys.executable, "-m", "tests.bound_server", "serve", "--port", "0"]
LONG_AUDIO = AUDIO * 60
ROOM_BYTES = 16_000_000  # enough for the database, but not for long audio
QUESTION = {"content": "When is the launch of the lantern?"}
NO_LIMIT = resource.RLIM_INFINITY

# ---- what can go wrong -----------------------------------------------------------------------------


@contextmanager
def no_room(server: Server, size_bytes: int = 0) -> Iterator[None]:
    """Limit the size of files, like a full disk; existing data remains readable."""
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size_bytes, NO_LIMIT))
    try:
        yield
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (NO_LIMIT, NO_LIMIT))


@contextmanager
def _read_only(folder: Path) -> Iterator[None]:
    """Prevent creating, deleting and opening files of a folder for writing."""
    before = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
    for path, mode in before.items():
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in before.items():
            path.chmod(mode)


@contextmanager
def _read_only_database(cluster: Cluster) -> Iterator[None]:
    """Make PostgreSQL read-only, like a standby, without closing connections."""
    asyncio.run(_set_read_only(cluster, "on"))
    try:
        yield
    finally:
        asyncio.run(_set_read_only(cluster, "off"))


async def _set_read_only(cluster: Cluster, value: str) -> None:
    admin = await asyncpg.connect(cluster.url("postgres", "postgres"))
    await admin.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
    await admin.execute("SELECT pg_reload_conf()")
    await admin.close()
    await asyncio.sleep(0.2)  # each connection applies it with a delay


@contextmanager
def _trouble(name: str, server: Server, cluster: Cluster | None) -> Iterator[None]:
    """Simulate a failing disk that the system made read-only, including its open files."""
    with ExitStack() as stack:
        if name == "read-only database":
            assert cluster is not None
            stack.enter_context(_read_only_database(cluster))
        else:
            stack.enter_context(no_room(server))
        if name == "read-only disk":
            stack.enter_context(_read_only(server.place.data_dir))
        yield


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "trouble" in metafunc.fixturenames:
        is_postgresql = metafunc.config.getoption("--database") == "postgresql"
        metafunc.parametrize("trouble", ["read-only database"] if is_postgresql else ["full disk", "read-only disk"])


# ---- a server with something in it -----------------------------------------------------------------


@pytest.fixture(scope="module")
def bound(new_place: Callable[[], Place]) -> Iterator[Server]:
    """A server for this file, whose tests restore its state. Rate limits have their defaults."""
    reading, writing = os.pipe()  # a log file could not be written either
    os.set_blocking(reading, False)
    limits = {f"EARMARK_RATE_LIMIT_{name}": "100000" for name in ("OVERALL", "UPLOADS", "TRANSCRIPTIONS")}
    with os.fdopen(writing, "w") as log, running(new_place(), command=BOUND, stderr=log, **limits) as server:
        server.extra = {"reading": reading, "log": ""}
        yield server
    assert "Traceback" not in _log_of(server)
    os.close(reading)


def _log_of(server: Server) -> str:
    with suppress(BlockingIOError):
        server.extra["log"] += os.read(server.extra["reading"], 1 << 20).decode()
    return str(server.extra["log"])


@pytest.fixture
def cluster_or_none(request: pytest.FixtureRequest, is_postgresql: bool) -> Cluster | None:
    return request.getfixturevalue("cluster") if is_postgresql else None


@pytest.fixture
def client(bound: Server) -> Iterator[httpx.Client]:
    with bound.client(new_project(bound.place).live) as one:
        yield one


@pytest.fixture
def user(library: Library) -> str:
    return library.user()


@pytest.fixture
def heard(library: Library, user: str) -> str:
    """A recording with audio and transcript."""
    return with_audio(library, user, segments=TALK)


@pytest.fixture
def asked(library: Library, user: str, heard: str) -> str:
    """The path of a session with one answered question."""
    path = f"/v1/ask/sessions/{library.session(user)['id']}"
    assert library.client.post(f"{path}/messages", json=QUESTION).status_code == 200
    return path


def _writes(user: str, recording: str, asked: str) -> list[tuple[str, str, dict[str, Any]]]:
    library = {"scope": {"type": "library"}, "end_user_id": user}
    transcript = {"json": {"segments": TALK}}
    return [
        ("POST", "/v1/end-users", {"json": {}}),
        ("POST", "/v1/recordings", {"json": {"end_user_id": user}, "headers": {"Idempotency-Key": "k"}}),
        ("PUT", f"/v1/recordings/{recording}/transcript", transcript),
        ("PUT", f"/v1/recordings/{recording}/transcript?wait=false", transcript),
        ("POST", f"/v1/recordings/{recording}/upload-url", {"json": {"content_type": "audio/ogg"}}),
        ("POST", "/v1/folders", {"json": {"name": "F", "end_user_id": user}}),
        ("POST", f"/v1/end-users/{user}/tokens", {}),
        ("POST", "/v1/ask/sessions", {"json": library}),
        ("POST", "/v1/ask/sessions", {"json": {**library, "initial_message": QUESTION}}),
        ("POST", f"{asked}/messages", {"json": {"content": "And the price?"}}),
        ("POST", f"{asked}/messages", {"json": QUESTION, "headers": {"Accept": "text/event-stream"}}),
        ("PATCH", asked, {"json": {"title": "Another"}}),
        ("DELETE", asked, {}),
        ("DELETE", f"/v1/recordings/{recording}", {}),
    ]


def _reads(client: httpx.Client, user: str, heard: str, asked: str) -> list[Any]:
    """Read everything, and search."""
    paths = [
        "/v1/end-users", "/v1/recordings", f"/v1/recordings/{heard}", "/v1/transcriptions", "/v1/ask/sessions",
        "/v1/ask/sessions?q=launch", asked, f"{asked}/messages", "/v1/usage", "/health",
    ]  # fmt: skip
    found = [client.get(path) for path in paths]
    found.append(client.post("/v1/recordings/search", json={"query": "the lantern", "end_user_id": user}))
    assert [answer.status_code for answer in found] == [200] * len(found)
    return [answer.json() for answer in found]


def _assert_refused(answer: httpx.Response) -> None:
    assert (answer.status_code, error_of(answer)["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0


def test_while_nothing_can_be_written_writes_are_503_reads_go_on_and_afterwards_all_works(
    bound: Server, cluster_or_none: Cluster | None, library: Library, user: str, heard: str, asked: str, trouble: str
) -> None:
    client, recording = library.client, library.recording(user)
    before = _reads(client, user, heard, asked)
    with _trouble(trouble, bound, cluster_or_none):
        for method, path, body in _writes(user, recording, asked):
            _assert_refused(client.request(method, path, **body))
        assert _reads(client, user, heard, asked) == before
        assert httpx.get(address(library, heard)).content == AUDIO
    assert _reads(client, user, heard, asked) == before
    for method, path, body in _writes(user, recording, asked):
        assert client.request(method, path, **body).status_code < 300
    assert bound.place.run(recount) == []


def test_an_accepted_import_is_finished_once_the_disk_is_writable_again(
    bound: Server, cluster_or_none: Cluster | None, library: Library, user: str
) -> None:
    client, recording = library.client, library.recording(user)
    segments = [{**TALK[0], "start": float(second), "end": second + 1.0} for second in range(1_500)]
    put = client.put(f"/v1/recordings/{recording}/transcript?wait=false", json={"segments": segments})
    assert put.status_code == 202
    path = f"/v1/transcriptions/{put.json()['id']}"
    with _trouble("full disk" if cluster_or_none is None else "read-only database", bound, cluster_or_none):
        wait_until(lambda: any(one in _log_of(bound) for one in ("jobs.not_claimed", "job.failed")), most_s=60)
        assert client.get(path).json()["status"] == "processing"
    wait_until(lambda: client.get(path).json()["status"] == "completed", most_s=60)
    assert client.get(f"/v1/recordings/{recording}").json()["transcription_id"] == put.json()["id"]


def test_rate_counters_that_the_disk_has_no_space_for_block_no_request(bound: Server, client: httpx.Client) -> None:
    with no_room(bound):
        for path in bound.place.data_dir.glob("rates*.bin"):
            os.truncate(path, 0)  # a server that maps the file would be killed by SIGBUS
        assert client.get("/v1/ask/sessions").status_code == 200
        assert client.post("/v1/console/sign-in", json={"code": "x" * 43}).status_code == 401
    assert client.post("/v1/end-users", json={}).status_code == 201


# ---- media -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_full", [True, False], ids=["full", "read-only"])
def test_audio_that_the_disk_refuses_is_503_leaves_nothing_and_is_accepted_later(
    bound: Server, library: Library, user: str, heard: str, is_full: bool
) -> None:
    begun, before = begin(library, recording := library.recording(user)), files_of(bound.place)
    with no_room(bound, ROOM_BYTES) if is_full else _read_only(bound.place.data_dir / "media"):
        _assert_refused(send(begun, LONG_AUDIO))
        assert files_of(bound.place) == before
        assert complete(library, recording).status_code == 425
        assert httpx.get(address(library, heard)).content == AUDIO
        library.recording(user, TALK)
    assert send(begun, LONG_AUDIO).status_code == 200
    assert complete(library, recording).json()["status"] == "uploaded"
    assert httpx.get(address(library, recording)).content == LONG_AUDIO
    assert len(files_of(bound.place)) == len(before) + 1


def test_an_upload_interrupted_by_a_read_only_disk_is_503_and_is_accepted_later(
    bound: Server, library: Library, user: str, heard: str
) -> None:
    begun = begin(library, recording := library.recording(user))
    media = bound.place.data_dir / "media"

    with ExitStack() as stack:

        def pieces() -> Iterator[bytes]:
            yield LONG_AUDIO[: len(LONG_AUDIO) // 2]
            wait_until(lambda: bool(list(media.rglob("*.part"))), most_s=60)
            stack.enter_context(_read_only(media))
            yield LONG_AUDIO[len(LONG_AUDIO) // 2 :]

        _assert_refused(send(begun, pieces()))
    assert complete(library, recording).status_code == 425
    assert send(begun, LONG_AUDIO).status_code == 200
    assert complete(library, recording).json()["status"] == "uploaded"


def test_audio_that_the_disk_can_not_read_is_503_until_it_can(bound: Server, library: Library, heard: str) -> None:
    url = address(library, heard)
    (path,) = [one for one in files_of(bound.place) if heard in one.parts]
    kept = path.rename(path.with_suffix(".kept"))
    path.symlink_to(path)
    _assert_refused(httpx.get(url))
    path.unlink()
    kept.rename(path)
    assert httpx.get(url).content == AUDIO
