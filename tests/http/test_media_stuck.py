"""Transfers that the server must end: their recording was deleted, or their client stalls."""

from __future__ import annotations

import hashlib
import json
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.http.conftest import Library
from tests.http.test_media import address, arriving, begin, complete, send, with_audio
from tests.server import Place, Server, new_project, running, wait_until

HASTY = [sys.executable, "-m", "tests.hasty_server"]
LENGTH = 50_000_000


@pytest.fixture(scope="module")
def hasty(new_place: Callable[[], Place]) -> Iterator[Server]:
    """A server with timeouts of two seconds."""
    with running(new_place(), command=HASTY) as one:
        yield one


@pytest.fixture
def library(hasty: Server) -> Iterator[Library]:
    with hasty.client(new_project(hasty.place).live) as client:
        yield Library(client)


@contextmanager
def sending(place: Place, url: str) -> Iterator[socket.socket]:
    """Start to send a long body, and wait until some of it has arrived."""
    parts = urlsplit(url)
    head = f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: x\r\nContent-Type: audio/ogg\r\nContent-Length: {LENGTH}\r\n\r\n"
    before = len(arriving(place))
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        connection.sendall(head.encode() + b"x" * 3_000_000)
        wait_until(lambda: len(arriving(place)) > before)
        yield connection


def answer_on(connection: socket.socket) -> tuple[int, str]:
    """Return the status and code of the error that arrives before the body is complete."""
    answer = HTTPResponse(connection)
    answer.begin()
    return answer.status, json.loads(answer.read())["error"]["code"]


@pytest.mark.parametrize("what", ["recordings", "end-users"])
def test_an_upload_under_way_ends_when_its_recording_or_end_user_is_deleted(
    hasty: Server, library: Library, what: str
) -> None:
    user = library.user()
    recording = library.recording(user)
    with sending(hasty.place, begin(library, recording)["upload_url"]) as connection:
        gone = recording if what == "recordings" else user
        assert library.client.delete(f"/v1/{what}/{gone}").status_code == 204
        assert answer_on(connection) == (404, "not_found")
        wait_until(lambda: arriving(hasty.place) == [])


def test_a_repeated_upload_ends_the_previous_one_and_replaces_its_bytes(hasty: Server, library: Library) -> None:
    recording = library.recording(library.user())
    begun = begin(library, recording)
    with sending(hasty.place, begun["upload_url"]) as connection:
        assert send(begun, b"anew").status_code == 200
        assert answer_on(connection) == (409, "conflict")
        wait_until(lambda: arriving(hasty.place) == [])
    assert complete(library, recording, content_sha256=hashlib.sha256(b"anew").hexdigest()).status_code == 200


def test_transfers_that_their_clients_do_not_move_on_end(hasty: Server, library: Library) -> None:
    recording = with_audio(library, library.user(), bytes(16 << 20))  # more than the system's buffers hold
    parts, begun = urlsplit(address(library, recording)), begin(library, recording)
    before = open_in(hasty)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as reading:
        reading.sendall(f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert reading.recv(12) == b"HTTP/1.1 200"
        assert any(recording in one for one in open_in(hasty))
        with sending(hasty.place, begun["upload_url"]) as connection:
            assert answer_on(connection) == (400, "invalid_request")
        wait_until(lambda: open_in(hasty) <= before)
        assert arriving(hasty.place) == []


def open_in(server: Server) -> set[str]:
    """Return the files and connections that a server has open."""
    found = set()
    for one in Path(f"/proc/{server.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.add(str(one.readlink()))
    return found
