"""Slow or interrupted clients: they leave nothing half-done and do not block others."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.hasty_server import BODY_S
from tests.http.conftest import TALK, Library
from tests.server import Place, Server, new_project, running, wait_until

HASTY = [sys.executable, "-m", "tests.hasty_server"]


@pytest.fixture(scope="module")
def hasty(place: Place) -> Iterator[Server]:
    """A server with timeouts of one second and a limit of ten concurrent requests."""
    with running(place, command=HASTY, EARMARK_REQUESTS_AT_ONCE="10") as one:
        yield one


@pytest.fixture
def library(hasty: Server) -> Iterator[Library]:
    with hasty.client(new_project(hasty.place).live) as client:
        yield Library(client)


class Wire:
    """A raw connection."""

    def __init__(self, server: Server) -> None:
        url = httpx.URL(server.base_url)
        self.socket = socket.create_connection((url.host, url.port), timeout=30)

    def say(self, words: bytes) -> None:
        self.socket.sendall(words)

    def request(self, method: str, path: str, key: str | None, body: bytes, *, size: int, kind: str) -> None:
        """Send a request that declares `size` bytes, with `body`."""
        known = b"" if key is None else b"Authorization: Bearer %s\r\n" % key.encode()
        self.say(
            f"{method} {path} HTTP/1.1\r\nHost: h\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n".encode()
            + known
            + b"\r\n"
            + body
        )

    def heard(self) -> tuple[int, dict[str, str], bytes]:
        """Return the response's status, headers and body; status 0 if the connection closed without one."""
        got = b""
        while piece := self.socket.recv(65_536):
            got += piece
        if not got:
            return 0, {}, b""
        head, _, body = got.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        named = (line.split(": ", 1) for line in lines)
        return int(first.split()[1]), {name.lower(): value for name, value in named}, body

    def close(self) -> None:
        self.socket.close()


def key_of(library: Library) -> str:
    return library.client.headers["authorization"].removeprefix("Bearer ")


# ---- bodies that break off --------------------------------------------------------------------------


@pytest.mark.parametrize("breaks_off", [True, False], ids=["gone", "silent"])
@pytest.mark.parametrize("kind", ["text/plain", "application/json"])
def test_an_interrupted_transcript_upload_changes_nothing(
    hasty: Server, library: Library, kind: str, breaks_off: bool
) -> None:
    user = library.user()
    recording = library.recording(user, TALK)
    before = library.client.get(f"/v1/recordings/{recording}").json()["transcription_id"]
    wire = Wire(hasty)
    words = b"Ada: only this line.\nAda: and half" if kind == "text/plain" else json.dumps({"segments": TALK}).encode()
    wire.request("PUT", f"/v1/recordings/{recording}/transcript", key_of(library), words, size=9_000, kind=kind)
    if breaks_off:
        wire.close()
        time.sleep(0.3)
    else:
        status, headers, body = wire.heard()
        assert (status, json.loads(body)["error"]["code"]) == (400, "invalid_request")
        assert headers["x-request-id"] == json.loads(body)["error"]["request_id"]
    assert library.client.get(f"/v1/recordings/{recording}").json()["transcription_id"] == before


def test_a_create_without_its_body_creates_nothing(hasty: Server, library: Library) -> None:
    wire = Wire(hasty)
    wire.request("POST", "/v1/end-users", key_of(library), b"", size=50, kind="application/json")
    time.sleep(0.1)
    wire.close()
    time.sleep(0.3)
    assert library.client.get("/v1/end-users").json()["data"] == []


def test_a_slow_body_is_accepted(hasty: Server, library: Library) -> None:
    user = library.user()
    recording = library.recording(user)
    text = "\n".join(f"Ada: line {number} of a long meeting." for number in range(450)).encode()
    wire = Wire(hasty)
    path = f"/v1/recordings/{recording}/transcript"
    wire.request("PUT", path, key_of(library), b"", size=len(text), kind="text/plain")
    for at in range(0, len(text), len(text) // 8):
        wire.say(text[at : at + len(text) // 8])
        time.sleep(BODY_S / 5)
    wait_until(lambda: library.client.get(f"/v1/recordings/{recording}").json()["transcription_id"])
    wire.close()


def test_a_key_revoked_while_the_body_is_on_its_way_is_refused(hasty: Server, library: Library) -> None:
    user = library.user()
    token = library.client.post(f"/v1/end-users/{user}/tokens").json()["token"]
    body = json.dumps({"scope": {"type": "library"}}).encode()
    wire = Wire(hasty)
    wire.request("POST", "/v1/ask/sessions", token, b"", size=len(body), kind="application/json")
    time.sleep(0.3)
    assert library.client.delete(f"/v1/end-users/{user}/tokens").status_code == 204
    wire.say(body)
    wire.socket.settimeout(60)
    assert wire.socket.recv(12) == b"HTTP/1.1 401"
    wire.close()
    assert library.client.get(f"/v1/ask/sessions?end_user_id={user}").json()["data"] == []


# ---- those who hold on -------------------------------------------------------------------------------


def test_half_requests_keep_nobody_from_being_answered_and_end(hasty: Server, library: Library) -> None:
    with ExitStack() as stack:
        wires = []
        for known in [None, key_of(library)] * 20:
            wires.append(wire := Wire(hasty))  # a second without a head ends it
            stack.callback(wire.close)
            path = "/v1/end-users" if known else "/v1/console/sign-in"
            wire.request("POST", path, known, b"{", size=100, kind="application/json")
            time.sleep(0.01)  # during authentication it does count among the ten
        assert library.client.get("/v1/ask/sessions").status_code == 200
        assert {wire.heard()[0] for wire in wires} == {400}


def test_a_connection_without_a_request_head_is_closed(hasty: Server) -> None:
    silent, slow = Wire(hasty), Wire(hasty)
    slow.say(b"GET /health HTTP/1.1\r\nX: ")
    assert silent.heard()[0] == slow.heard()[0] == 0


def test_an_endless_request_head_is_refused(hasty: Server) -> None:
    for words in (b"GET /health HTTP/1.1\r\n" + b"X-A: aaaaaaaaaa\r\n" * 20_000, b"GET /" + b"a" * 300_000):
        wire = Wire(hasty)
        try:
            wire.say(words)
            status, headers, body = wire.heard()
        except ConnectionError:  # refused while still sending
            continue
        assert (status, headers["content-type"]) == (431, "application/json")
        assert json.loads(body)["error"]["code"] == "invalid_request"


def test_malformed_http_gets_the_error_envelope(hasty: Server) -> None:
    wire = Wire(hasty)
    wire.say(b"HELLO\r\n\r\n")
    status, headers, body = wire.heard()
    assert status == 400
    assert headers["x-request-id"] == json.loads(body)["error"]["request_id"]
    assert headers["x-content-type-options"] == "nosniff"


def test_a_persistent_connection_serves_several_requests(hasty: Server, library: Library) -> None:
    for _ in range(3):
        assert library.client.get("/health").status_code == 200
        time.sleep(BODY_S / 2)
