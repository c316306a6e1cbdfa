"""Every phase of a connection ends: what a client sends after the head, after the reply, or does not read."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest

from earmark.api.edge.connection_limits import Allowed
from tests.hasty_server import REST_BYTES, SILENCE_S
from tests.http.conftest import Library
from tests.http.test_slow_clients import HASTY, Wire, key_of
from tests.server import Place, Server, new_project, running

CHUNKED = b"Host: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
LIMIT_S = 60.0
"""Far more than the limits of the server below, far less than for ever."""
KERNEL_BYTES = 32 << 20
"""More than the buffers between client and server hold."""


@pytest.fixture(scope="module")
def hasty(place: Place) -> Iterator[Server]:
    """A server with timeouts of one or two seconds."""
    with running(place, command=HASTY) as one:
        yield one


@pytest.fixture
def library(hasty: Server) -> Iterator[Library]:
    with hasty.client(new_project(hasty.place).live) as client:
        yield Library(client)


def seconds_until_closed(wire: Wire, drip: bytes, pause_s: float = 0.2) -> float:
    """Send a few bytes again and again; return after how long the server no longer takes them."""
    started = time.monotonic()
    wire.socket.settimeout(0.01)
    while (passed_s := time.monotonic() - started) < LIMIT_S:
        try:
            wire.say(drip)
            while wire.socket.recv(65_536):
                pass
        except TimeoutError:
            time.sleep(pause_s)
        except ConnectionError:
            return passed_s
        else:  # half closed: goes on discarding for a while
            time.sleep(pause_s)
    return passed_s


def answers_in(data: bytes) -> list[int]:
    """Return the statuses of the replies on a connection, in their order."""
    return [int(part[:3]) for part in data.split(b"HTTP/1.1 ")[1:]]


def everything(wire: Wire) -> bytes:
    got = b""
    while piece := wire.socket.recv(65_536):
        got += piece
    return got


# ---- the request --------------------------------------------------------------------------------------

HELD = {
    "a body after 401": (b"POST /v1/recordings HTTP/1.1\r\nHost: h\r\nContent-Length: 9000\r\n\r\n", b"x"),
    "a body to health": (b"GET /health HTTP/1.1\r\nHost: h\r\nContent-Length: 9000\r\n\r\n", b"x"),
    "a chunk extension": (b"POST /v1/recordings/search HTTP/1.1\r\n" + CHUNKED + b"\r\n2;", b"a"),
    "trailers": (b"POST /v1/recordings/search HTTP/1.1\r\n" + CHUNKED + b"\r\n2\r\n{}\r\n0\r\n", b"x: a\r\n"),
    "blank lines": (b"GET /health HTTP/1.1\r\nHost: h\r\n\r\n", b"\r\n"),
    "half a head after a reply": (b"GET /health HTTP/1.1\r\nHost: h\r\n\r\nGET /", b"a"),
}


@pytest.mark.parametrize("kind", HELD)
def test_a_connection_ends_however_slowly_something_goes_on_arriving(hasty: Server, kind: str) -> None:
    head, drip = HELD[kind]
    wire = Wire(hasty)
    wire.say(head)
    assert seconds_until_closed(wire, drip) < LIMIT_S


@pytest.mark.parametrize("kind", ["trailers", "a chunk extension"])
def test_with_a_credential_the_body_has_to_end_too(hasty: Server, library: Library, kind: str) -> None:
    _, drip = HELD[kind]
    start = {"trailers": b"2\r\n{}\r\n0\r\n", "a chunk extension": b"2;"}[kind]
    wire = Wire(hasty)
    key = key_of(library).encode()
    wire.say(b"POST /v1/end-users HTTP/1.1\r\nAuthorization: Bearer %s\r\n" % key + CHUNKED + b"\r\n" + start)
    assert seconds_until_closed(wire, drip) < LIMIT_S


@pytest.mark.parametrize("kind", ["trailers", "a chunk extension", "trailers with a credential"])
def test_what_is_no_body_is_bounded_in_bytes(hasty: Server, library: Library, kind: str) -> None:
    known = b"Authorization: Bearer %s\r\n" % key_of(library).encode() if "credential" in kind else b""
    start = b"2;" if kind == "a chunk extension" else b"2\r\n{}\r\n0\r\n"
    piece = b"a" * 65_536 if kind == "a chunk extension" else b"x-n: aaaaaaaaaaa\r\n" * 4_000
    wire = Wire(hasty)
    wire.say(b"POST /v1/end-users HTTP/1.1\r\n" + known + CHUNKED + b"\r\n" + start)
    sent = 0
    with pytest.raises(ConnectionError):
        while sent < 3 * (REST_BYTES + KERNEL_BYTES):
            wire.say(piece)
            sent += len(piece)
    assert sent < 2 * REST_BYTES + KERNEL_BYTES


def test_small_chunks_are_no_abuse(hasty: Server, library: Library) -> None:
    body = json.dumps({"external_id": "x" * 40, "metadata": {f"k{n}": "v" * 300 for n in range(20)}}).encode()
    wire = Wire(hasty)
    key = key_of(library).encode()
    wire.say(b"POST /v1/end-users HTTP/1.1\r\nConnection: close\r\nAuthorization: Bearer %s\r\n" % key + CHUNKED)
    wire.say(b"\r\n" + b"".join(b"0000000000000001\r\n%c\r\n" % one for one in body) + b"0\r\nx-sum: 1\r\n\r\n")
    status, _, answer = wire.heard()
    assert status == 201, answer


def test_a_trailer_is_no_header_of_its_request_or_the_next(hasty: Server, library: Library) -> None:
    wire = Wire(hasty)
    trailer = b"Authorization: Bearer %s\r\n" % key_of(library).encode()
    wire.say(b"POST /v1/recordings/search HTTP/1.1\r\n" + CHUNKED + b"\r\n2\r\n{}\r\n0\r\n" + trailer + b"\r\n")
    wire.say(b"GET /v1/ask/sessions HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert answers_in(everything(wire)) == [401, 401]


# ---- several requests ---------------------------------------------------------------------------------


def test_requests_sent_ahead_are_answered_in_their_order(hasty: Server) -> None:
    wire = Wire(hasty)
    for path in (b"/health", b"/nothing") * 15:
        wire.say(b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n" % path)
    wire.say(b"GET /v1/ask/sessions HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert answers_in(everything(wire)) == [200, 404] * 15 + [401]


def test_requests_sent_far_ahead_are_not_kept_waiting_in_memory(hasty: Server) -> None:
    wire = Wire(hasty)
    wire.say(b"GET /health HTTP/1.1\r\nHost: h\r\n\r\n" * 1_000)
    answers = answers_in(everything(wire))
    assert answers == [200] * len(answers)
    assert Allowed.pipelined <= len(answers) < 1_000


def test_a_refusal_waits_for_the_replies_before_it(hasty: Server) -> None:
    for bad, status in ((b"HELLO\r\n\r\n", 400), (b"GET / HTTP/1.1\r\n\r\n", 400), (b"X" * 300_000, 400)):
        wire = Wire(hasty)
        wire.say(b"GET /health HTTP/1.1\r\nHost: h\r\n\r\n" + bad)
        assert answers_in(everything(wire)) == [200, status]


def test_after_a_refusal_the_connection_may_go_on(hasty: Server) -> None:
    wire = Wire(hasty)
    wire.say(b"POST /v1/recordings HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n")
    time.sleep(0.3)
    wire.say(b"abcdeGET /health HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert answers_in(everything(wire)) == [401, 200]


def test_an_upgrade_is_not_made_and_the_request_is_answered(hasty: Server) -> None:
    wire = Wire(hasty)
    wire.say(b"GET /health HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    status, headers, _ = wire.heard()
    assert (status, headers["connection"]) == (200, "close")


# ---- the reply ----------------------------------------------------------------------------------------


def _reading(server: Server, requests: int) -> socket.socket:
    """Ask for the largest page several times, with little room for what comes."""
    wire = Wire.__new__(Wire)
    host, _, port = server.base_url.removeprefix("http://").partition(":")
    wire.socket = socket.socket()
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    wire.socket.settimeout(LIMIT_S)
    wire.socket.connect((host, int(port)))
    last = b"GET /openapi.json HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    wire.say(b"GET /openapi.json HTTP/1.1\r\nHost: h\r\n\r\n" * (requests - 1) + last)
    return wire.socket


def test_a_reply_that_is_read_a_few_bytes_at_a_time_ends(hasty: Server) -> None:
    reader = _reading(hasty, 50)
    started, got = time.monotonic(), 0
    try:
        while piece := reader.recv(16_384):
            got += len(piece)
            time.sleep(0.3)  # often enough for the kernel, which sees only that something is taken
            assert time.monotonic() - started < LIMIT_S
    except ConnectionError:
        pass
    assert got < 4 << 20


def test_a_reply_that_is_read_slowly_but_steadily_arrives_whole(hasty: Server) -> None:
    reader = _reading(hasty, 30)
    started, got = time.monotonic(), b""
    while piece := reader.recv(32_768):
        got += piece
        time.sleep(0.05 if time.monotonic() - started < 3 * SILENCE_S else 0)
    assert answers_in(got) == [200] * 30
    assert json.loads(got.rpartition(b"\r\n\r\n")[2])["openapi"]
