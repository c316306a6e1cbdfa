"""Every line of the log names the request or the job in which it was written, whoever writes it: against a server."""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.http.conftest import TALK, Library
from tests.server import Server, new_project, running, wait_until

Line = dict[str, Any]


@dataclass(frozen=True)
class Telling:
    """A server that logs what it works on."""

    server: Server
    file: Path

    def lines(self) -> list[Line]:
        return [json.loads(line) for line in self.file.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def told(self, where: str, words: str) -> list[tuple[bool, Line]]:
        """Return whether the main thread wrote it, and the line, of all about these words."""
        found = [(re.fullmatch(rf"told {where} (True|False) (.*)", line["event"], re.DOTALL), line)
                 for line in self.lines()]  # fmt: skip
        return [(match[1] == "True", line) for match, line in found if match is not None and words in match[2]]

    def until_told(self, where: str, words: str) -> list[tuple[bool, Line]]:
        wait_until(lambda: bool(self.told(where, words)))
        return self.told(where, words)


@pytest.fixture(scope="module")
def telling(new_place: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telling]:
    file = tmp_path_factory.mktemp("log") / "log"
    command = [sys.executable, "-m", "tests.telling_server"]
    with (
        file.open("w") as stderr,
        running(new_place(), command=command, stderr=stderr, EARMARK_LOG_REQUESTS="true") as one,
    ):
        yield Telling(one, file)


@pytest.fixture
def client(telling: Telling) -> Iterator[httpx.Client]:
    with telling.server.client(new_project(telling.server.place).live) as one:
        yield one


def names_of(line: Line) -> Line:
    return {name: line[name] for name in ("request_id", "job_id", "job_kind") if name in line}


def test_a_line_names_its_request_whatever_runs_beside_it_and_also_on_a_thread(
    telling: Telling, client: httpx.Client
) -> None:
    library = Library(client)
    user = library.user()
    library.recording(user, TALK)
    sessions = [library.session(user)["id"] for _ in range(6)]

    def ask(number: int) -> str:
        body = {"content": f"When is launch quux{number}?"}
        answer = client.post(f"/v1/ask/sessions/{sessions[number]}/messages", json=body)
        assert answer.status_code == 200, answer.text
        return answer.headers["x-request-id"]

    with ThreadPoolExecutor(len(sessions)) as clients:
        ids = list(clients.map(ask, range(len(sessions))))
    for number, request_id in enumerate(ids):
        for where in ("answer", "embed"):
            told = telling.until_told(where, f"quux{number}?")
            assert [names_of(line) for _, line in told] == [{"request_id": request_id}] * len(told)
            assert any(is_main for is_main, _ in told) == (where == "answer")
    assert {names_of(line).get("request_id") for line in telling.lines() if line["event"] == "request"} >= set(ids)


def test_a_line_of_a_turn_that_goes_on_names_the_request_that_began_it(telling: Telling, client: httpx.Client) -> None:
    library = Library(client)
    user = library.user()
    library.recording(user, TALK)
    session = library.session(user)["id"]
    sent = {"json": {"content": "When is launch corge?"}, "headers": {"Accept": "text/event-stream"}}
    with client.stream("POST", f"/v1/ask/sessions/{session}/messages", **sent) as stream:
        assert "turn.started" in next(stream.iter_text())
    request_id = stream.headers["x-request-id"]
    wait_until(lambda: any(line["event"] == "request" and line["request_id"] == request_id for line in telling.lines()))
    assert telling.told("answer", "corge") == []  # its request is over
    told = telling.until_told("answer", "corge") + telling.told("embed", "corge")
    assert [names_of(line) for _, line in told] == [{"request_id": request_id}] * len(told)


def test_a_line_of_what_serves_all_requests_names_none_of_them(telling: Telling, client: httpx.Client) -> None:
    library = Library(client)
    user = library.user()
    library.recording(user, TALK)
    answer = client.post(
        f"/v1/ask/sessions/{library.session(user)['id']}/messages", json={"content": "When is launch?"}
    )
    assert answer.status_code == 200
    told = telling.until_told("beat", "all")
    assert [names_of(line) for _, line in told] == [{}] * len(told)


def test_a_line_of_a_job_names_the_job_and_its_kind_also_on_a_thread(telling: Telling, client: httpx.Client) -> None:
    library = Library(client)
    recording = library.recording(library.user())
    body = {"segments": [{"start": 0, "end": 1, "text": "Grault is what the job indexes."}]}
    put = client.put(f"/v1/recordings/{recording}/transcript", json=body, params={"wait": "false"})
    assert put.status_code == 202, put.text
    [(is_main, line)] = telling.until_told("index", "Grault")
    assert not is_main
    names = names_of(line)
    assert re.fullmatch(r"job_[A-Za-z0-9]+", names.pop("job_id"))
    assert names == {"job_kind": "transcript.index"}


def test_a_line_of_an_upload_written_by_the_stores_thread_names_its_request(
    telling: Telling, client: httpx.Client
) -> None:
    recording = Library(client).recording(Library(client).user())
    begun = client.post(f"/v1/recordings/{recording}/upload-url", json={"content_type": "audio/ogg"}).json()
    sent = httpx.put(begun["upload_url"], content=b"some bytes", headers=begun["headers"], timeout=60)
    assert sent.status_code == 200
    [(is_main, line)] = telling.until_told("receive", "bytes")
    assert (is_main, names_of(line)) == (False, {"request_id": sent.headers["x-request-id"]})


@pytest.mark.parametrize("before", [b"", b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"])
def test_the_line_of_a_request_that_cannot_be_read_names_the_id_of_its_refusal(telling: Telling, before: bytes) -> None:
    url = httpx.URL(telling.server.base_url)
    with socket.create_connection((url.host, url.port), timeout=30) as wire:
        wire.sendall(before + b"HELLO\r\n\r\n")
        answer = b""
        while more := wire.recv(65_536):
            answer += more
    *earlier, refused = re.findall(rb"x-request-id: (\S+)", answer)
    assert len(earlier) == len(before[:1])
    unread = [line["request_id"] for line in telling.lines() if line["event"] == "Invalid HTTP request received."]
    assert refused.decode() in unread
    assert refused not in earlier
    assert json.loads(answer.rpartition(b"\r\n\r\n")[2])["error"]["request_id"] == refused.decode()


def test_requests_sent_at_once_on_one_connection_have_their_own_ids(telling: Telling, client: httpx.Client) -> None:
    url, key = httpx.URL(telling.server.base_url), client.headers["authorization"]
    head = f"GET /v1/recordings?limit=0 HTTP/1.1\r\nHost: a\r\nAuthorization: {key}\r\n"
    with socket.create_connection((url.host, url.port), timeout=30) as wire:
        wire.sendall((f"{head}\r\n" * 3 + f"{head}Connection: close\r\n\r\n").encode())
        answer = b""
        while more := wire.recv(65_536):
            answer += more
    ids = [one.decode() for one in re.findall(rb"x-request-id: (\S+)", answer)]
    assert len(set(ids)) == 4
    assert [one.decode() for one in re.findall(rb'"request_id":"([^"]+)"', answer)] == ids

    def logged() -> list[str]:
        return [line["request_id"] for line in telling.lines() if line["event"] == "request"]

    wait_until(lambda: set(ids) <= set(logged()))
    assert [one for one in logged() if one in ids] == ids


def test_what_the_server_logs_after_the_application_failed_names_the_request(telling: Telling) -> None:
    assert httpx.get(telling.server.base_url + "/docs").status_code == 500

    def failures() -> list[Line]:
        return [line for line in telling.lines() if line["event"] == "Exception in ASGI application"]

    wait_until(lambda: bool(failures()))
    assert [set(names_of(line)) for line in failures()] == [{"request_id"}]
