"""`earmark doctor --quick`: what a health check asks, and what it is told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from earmark.cli.server_check import examine_server
from tests.server import Server


@contextmanager
def answering(status: int, body: bytes) -> Iterator[int]:
    """A server that answers everything with the same; yields its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/ready" else 404)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.chdir(tmp_path)
    yield monkeypatch
    assert list(tmp_path.iterdir()) == []  # it opens nothing


def test_a_server_that_is_ready_is_found_where_the_settings_put_it(server: Server, quick: pytest.MonkeyPatch) -> None:
    quick.setenv("EARMARK_PORT", server.base_url.rpartition(":")[2])
    for host in ("127.0.0.1", "0.0.0.0", "localhost"):
        quick.setenv("EARMARK_HOST", host)
        assert [(one.check, one.is_ok, one.says) for one in examine_server()] == [("server", True, "ready")]


@pytest.mark.parametrize(
    ("status", "body", "is_ok", "says"),
    [
        (503, b'{"status":"unready","checks":{"database":"ok","disk":"5 MB are free"}}', False,
         "unready (disk: 5 MB are free)"),
        (200, b'{"status":"degraded","checks":{"background jobs":"died 2 times"}}', True,
         "degraded (background jobs: died 2 times)"),
        (200, b"<html>hello</html>", False, "is not earmark"),
        (200, b"[]", False, "is not earmark"),
        (200, b'{"checks": 5, "status": "ready"}', False, "is not earmark"),
    ],
)  # fmt: skip
def test_what_the_server_answers_is_said(
    quick: pytest.MonkeyPatch, status: int, body: bytes, is_ok: bool, says: str
) -> None:
    with answering(status, body) as port:
        quick.setenv("EARMARK_PORT", str(port))
        (found,) = examine_server()
    assert found.is_ok == is_ok
    assert says in found.says


def test_where_nothing_listens_the_check_fails(quick: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        quick.setenv("EARMARK_PORT", str(taken.getsockname()[1]))
        (found,) = examine_server()
    assert (found.is_ok, "does not answer on 127.0.0.1:" in found.says) == (False, True)


def test_a_setting_that_is_wrong_is_the_finding(quick: pytest.MonkeyPatch) -> None:
    quick.setenv("EARMARK_PORT", "a lantern")
    (found,) = examine_server()
    assert (found.check, found.is_ok) == ("settings", False)
