"""Several workers under one supervisor: clean shutdown, replacement of killed ones, and no orphans."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from bench.recount import recount

from earmark.ask.sessions.sessions import get_session
from earmark.identity.projects import list_tenants
from earmark.library.end_users import get_end_user
from earmark.runtime import Runtime
from tests.http.conftest import Library, error_of
from tests.http.test_going_down import asking
from tests.server import Place, Server, running

KNOCKERS = 4

# ---- processes -------------------------------------------------------------------------------------


def _stat(pid: int) -> tuple[str, int]:
    """Return a process's state and parent; a missing process counts as a zombie without parent."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return "Z", 0
    return state, int(parent)


def _processes_of(server: Server) -> set[int]:
    """Return the supervisor's children: workers and Python's own helpers."""
    found = {int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()}
    return {pid for pid in found if _stat(pid)[1] == server.process.pid}


def _until_gone(processes: set[int]) -> None:
    deadline = time.monotonic() + 30
    while left := [pid for pid in processes if _stat(pid)[0] not in "XZ"]:
        if time.monotonic() > deadline:
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            pytest.fail(f"{len(left)} processes stayed behind")
        time.sleep(0.05)


def _until_released(server: Server) -> None:
    """Wait until only the workers hold the port, while one of them is still busy.

    If the supervisor held it longer, the kernel would accept connections that nobody answers.
    """
    port, deadline = httpx.URL(server.base_url).port, time.monotonic() + 15
    listening = {f"socket:[{row[9]}]" for row in _sockets() if row[1].endswith(f":{port:04X}") and row[3] == "0A"}
    assert listening
    while listening & _open_files(server.process.pid):
        assert time.monotonic() < deadline, "the supervisor waits for its workers, and holds the port"
        time.sleep(0.02)


def _sockets() -> list[list[str]]:
    return [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]


def _open_files(pid: int) -> set[str]:
    found = set()
    for path in Path(f"/proc/{pid}/fd").glob("*"):
        with suppress(FileNotFoundError):
            found.add(str(path.readlink()))
    return found


def _busy_worker(server: Server) -> int:
    """Return the worker of the running turn."""
    assert server.process.stdout is not None
    return int(server.process.stdout.readline().split()[0])


# ---- requests that come in meanwhile ---------------------------------------------------------------


class Knocking:
    """Collects the responses of clients that create end users on new connections until the port is closed."""

    def __init__(self, server: Server, headers: httpx.Headers) -> None:
        self._url, self._headers = f"{server.base_url}/v1/end-users", headers
        self.made: list[str] = []
        self.refused: list[httpx.Response] = []
        self.cut: list[httpx.TransportError] = []

    def knock(self) -> None:
        while True:
            try:
                with httpx.stream("POST", self._url, json={}, headers=self._headers, timeout=60) as answer:
                    self._collect(answer)
            except httpx.ConnectError:
                return
            except httpx.TransportError:  # accepted while closing, and not answered
                continue
            time.sleep(0.01)

    def _collect(self, answer: httpx.Response) -> None:
        try:
            answer.read()
        except httpx.TransportError as error:
            self.cut.append(error)
            raise
        if answer.status_code == 201:
            self.made.append(answer.json()["id"])
        else:
            self.refused.append(answer)


@contextmanager
def _connecting(server: Server, client: httpx.Client) -> Iterator[Knocking]:
    """Connect until the server is gone, then check that all got 503 or no connection."""
    knocking = Knocking(server, client.headers)
    threads = [threading.Thread(target=knocking.knock) for _ in range(KNOCKERS)]
    for one in threads:
        one.start()
    while len(knocking.made) < KNOCKERS:
        time.sleep(0.01)
    yield knocking
    for one in threads:
        one.join()
    for answer in knocking.refused:
        assert (answer.status_code, error_of(answer)["code"]) == (503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
    assert knocking.refused
    assert knocking.cut == []


def _check_everything(place: Place, path: str, made: list[str]) -> int:
    """Check the database and all acknowledged data; return the session's messages."""

    async def look(runtime: Runtime) -> int:
        assert await recount(runtime) == []
        (tenant,) = [one for one in await list_tenants(runtime.operator) if one.key.mode == "live"]
        for end_user_id in made:
            await get_end_user(tenant, end_user_id)
        return (await get_session(tenant, path.rpartition("/")[2])).message_count

    return place.run(look)


# ---- told to end -----------------------------------------------------------------------------------


def test_workers_told_to_stop_finish_their_requests_refuse_new_ones_and_end(fresh_place: Place) -> None:
    with asking(fresh_place, 1.0, EARMARK_WORKERS="2") as (server, client, path, answer), ThreadPoolExecutor(1) as pool:
        processes, library = _processes_of(server), Library(client)
        importing = _Import(client, library.recording(library.user()))
        with _connecting(server, client) as knocking:
            imported = pool.submit(importing.send)
            importing.has_begun.wait()
            _busy_worker(server)
            time.sleep(0.2)  # the data sent has arrived, unless the machine is very busy
            server.process.send_signal(signal.SIGTERM)
            _until_released(server)
            importing.may_end.set()
            assert imported.result(30).status_code == 201
            assert answer.result(30).status_code == 200
            assert server.process.wait(30) == 0
        _until_gone(processes)
    assert _check_everything(fresh_place, path, knocking.made) == 2


class _Import:
    """A transcript upload that lasts until the test ends it."""

    def __init__(self, client: httpx.Client, recording: str) -> None:
        self._client, self._url = client, f"/v1/recordings/{recording}/transcript"
        self.has_begun, self.may_end = threading.Event(), threading.Event()

    def send(self) -> httpx.Response:
        return self._client.put(self._url, content=self._lines(), headers={"Content-Type": "text/plain"})

    def _lines(self) -> Iterator[bytes]:
        yield b"Ada: We moved the launch of the lantern.\n"
        self.has_begun.set()
        self.may_end.wait(60)
        yield b"Grace: To the ninth of June.\n"


def test_a_server_whose_workers_can_not_start_exits_with_1(fresh_place: Place) -> None:
    (fresh_place.data_dir / "rates.bin").mkdir(parents=True)
    assert fresh_place.cli("serve", "--port", "0", "--workers", "2", check=False).returncode == 1


# ---- killed ----------------------------------------------------------------------------------------


def _user_on_a_new_connection(server: Server, client: httpx.Client) -> str:
    answer = httpx.post(
        f"{server.base_url}/v1/end-users", json={}, headers={"Authorization": client.headers["Authorization"]}
    )
    assert answer.status_code == 201
    return str(answer.json()["id"])


def test_a_killed_worker_is_replaced_while_the_other_continues(fresh_place: Place) -> None:
    asked = asking(fresh_place, 600.0, EARMARK_WORKERS="2", EARMARK_SHUTDOWN_GRACE_S="0")
    with asked as (server, client, path, answer):
        before = _processes_of(server)
        killed = _busy_worker(server)
        os.kill(killed, signal.SIGKILL)
        with pytest.raises(httpx.TransportError):
            answer.result(30)
        made = [_user_on_a_new_connection(server, client)]  # a persistent connection may lead to the killed worker
        while len(after := _processes_of(server) - {killed}) < len(before):
            made.append(_user_on_a_new_connection(server, client))
        assert len(after - before) == 1
        server.stop()
        _until_gone(before | after)
    assert _check_everything(fresh_place, path, made) == 1


def test_workers_whose_supervisor_is_killed_finish_and_release_port_and_data(fresh_place: Place) -> None:
    with asking(fresh_place, 0.5, EARMARK_WORKERS="2") as (server, client, path, answer):
        processes = _processes_of(server)
        made = [Library(client).user()]
        server.stop(signal.SIGKILL)
        assert answer.result(30).status_code == 200
        _until_gone(processes)
    port = str(httpx.URL(server.base_url).port)
    with running(fresh_place, "--port", port) as again, again.client() as stranger:
        answers = stranger.get(f"{path}/messages", headers=client.headers).json()["data"]
    assert (again.base_url, [row["role"] for row in answers]) == (server.base_url, ["user", "assistant"])
    assert _check_everything(fresh_place, path, made) == 2
