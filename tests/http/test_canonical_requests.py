"""A request has one meaning: paths as they were sent, one Host, one coding, no contradicting headers."""

from __future__ import annotations

import itertools
import json

import httpx
import pytest

from tests.http.conftest import Library
from tests.http.test_rates import in_one_minute
from tests.http.test_slow_clients import Wire, key_of
from tests.server import Place, Server, new_project, running


def ask(server: Server, head: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send a head; the server has to close the connection."""
    wire = Wire(server)
    wire.say(head + b"\r\n")
    return wire.heard()


@pytest.mark.parametrize(
    "path",
    ["/%6detrics", "/%68ealth", "/v1%2fask%2fsessions", "/v1/ask%2Fsessions", "/v1/%61sk/sessions", "/%76%31/usage",
     "/v1/./ask/sessions", "/v1/x/../ask/sessions", "//v1/ask/sessions", "/v1/ask/sessions;x", "/console%2fassets"],
)  # fmt: skip
def test_a_path_has_one_form_and_every_other_is_404(server: Server, library: Library, path: str) -> None:
    known = b"Authorization: Bearer %s\r\n" % key_of(library).encode()
    status, headers, body = ask(
        server, b"GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%s" % (path.encode(), known)
    )
    assert (status, json.loads(body)["error"]["code"]) == (404, "not_found")
    assert headers["x-request-id"] == json.loads(body)["error"]["request_id"]


GET = b"GET /v1/ask/sessions HTTP/1.1\r\n"
PUT = b"POST /v1/end-users HTTP/1.1\r\nHost: h\r\n"
REFUSED = {
    "no host": GET,
    "two hosts": GET + b"Host: h\r\nHost: h\r\n",
    "two hosts of HTTP/1.0": b"GET /health HTTP/1.0\r\nHost: h\r\nHost: g\r\n",
    "no host for health": b"GET /health HTTP/1.1\r\n",
    "two credentials": GET + b"Host: h\r\nAuthorization: Bearer a\r\nauthorization: Bearer b\r\n",
    "two types": PUT + b"Content-Type: application/json\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n",
    "two keys": PUT + b"Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 0\r\n",
    "two lengths": PUT + b"Content-Length: 2\r\nContent-Length: 2\r\n",
    "a length and chunks": PUT + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
    "gzip in chunks": PUT + b"Transfer-Encoding: gzip, chunked\r\n",
    "gzip, then chunks": PUT + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
    "chunks twice": PUT + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "chunks of HTTP/1.0": b"POST /v1/end-users HTTP/1.0\r\nTransfer-Encoding: chunked\r\n",
    "another HTTP": b"GET /health HTTP/2.0\r\nHost: h\r\n",
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_head_that_can_be_read_in_two_ways_is_400(server: Server, kind: str) -> None:
    status, headers, body = ask(server, REFUSED[kind])
    error = json.loads(body)["error"]
    assert (status, error["code"], headers["connection"]) == (400, "invalid_request", "close")
    assert headers["x-request-id"] == error["request_id"]
    assert headers["x-content-type-options"] == "nosniff"


def test_http_1_0_needs_no_host(server: Server) -> None:
    assert ask(server, b"GET /health HTTP/1.0\r\n")[0] == 200


def test_lists_may_be_given_in_several_lines(server: Server, library: Library) -> None:
    user = library.user()
    recording = library.recording(user, [{"start": 0, "end": 2, "speaker": "Ada", "text": "We launch on Friday."}])
    asked = {"scope": {"type": "selected", "recording_ids": [recording]}, "end_user_id": user}
    session = library.client.post("/v1/ask/sessions", json=asked).json()["id"]
    headers = [("Accept", "application/json;q=0.1"), ("Accept", "text/event-stream")]
    answer = library.client.post(
        f"/v1/ask/sessions/{session}/messages", json={"content": "When do we launch?"}, headers=headers
    )
    assert answer.headers["content-type"] == "text/event-stream"


def test_a_forged_line_before_the_proxys_own_changes_no_address(fresh_place: Place) -> None:
    """A proxy may append a line of its own to the client's, rather than to the client's line."""
    numbers = itertools.count()

    def guess() -> None:
        own = f"198.51.100.{next(numbers)}"
        with httpx.Client(base_url=behind.base_url) as client:
            forged = [[("X-Forwarded-For", f"203.0.113.{next(numbers)}"), ("X-Forwarded-For", own)] for _ in range(12)]
            tries = [client.post("/v1/console/sign-in", json={"code": "guess"}, headers=one) for one in forged]
        assert [one.status_code for one in tries] == [401] * 10 + [429] * 2

    with running(fresh_place, EARMARK_TRUSTED_PROXIES="127.0.0.1") as behind:
        in_one_minute(guess)


def test_of_several_forwarded_hosts_the_proxys_own_counts(fresh_place: Place) -> None:
    with (
        running(fresh_place, EARMARK_TRUSTED_PROXIES="127.0.0.1") as behind,
        behind.client(new_project(fresh_place).live) as client,
    ):
        library = Library(client)
        recording = library.recording(library.user())
        headers = [("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Host", "ask.example.org")]
        path = f"/v1/recordings/{recording}/upload-url"
        made = client.post(path, json={"content_type": "audio/ogg"}, headers=headers).json()
        assert made["upload_url"].startswith("http://ask.example.org/v1/media/")
