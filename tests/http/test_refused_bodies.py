"""Requests refused while their body is being sent: the client receives the response, not a reset."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from tests.http.conftest import TALK, Library
from tests.server import Place, Server, new_project, running

SIZE = 3 << 20
PIECE = b"x" * 65_536
TRIES = 10


@pytest.fixture(scope="module")
def site(new_place: object) -> Iterator[tuple[Server, dict[str, str]]]:
    """A server that accepts uploads of 1 MiB, and the request lines that it refuses."""
    place: Place = new_place()  # type: ignore[operator]
    with running(place, EARMARK_UPLOAD_LIMIT_BYTES=str(1 << 20)) as server:
        with server.client(new_project(place).live) as client:
            library = Library(client)
            recording = library.recording(library.user(), TALK)
            begun = client.post(f"/v1/recordings/{recording}/upload-url", json={"content_type": "audio/ogg"}).json()
        upload = begun["upload_url"].removeprefix(server.base_url)
        media = begun["media_id"]
        yield (
            server,
            {
                "413": f"PUT {upload} audio/ogg",
                "415": f"PUT {upload} audio/mpeg",
                "403": f"PUT /v1/media/{media}?token=nonsense audio/ogg",
                "400": f"PUT {upload}&token=another audio/ogg",
                "404": "PUT /v1/media/nothing?token=nonsense audio/ogg",
                "401": "POST /v1/recordings application/json",
            },
        )


@pytest.mark.parametrize("kind", ["413", "415", "403", "400", "404", "401"])
def test_a_client_refused_while_sending_receives_the_response(site: tuple[Server, dict[str, str]], kind: str) -> None:
    server, requests = site
    host, _, port = server.base_url.removeprefix("http://").partition(":")
    method, path, content_type = requests[kind].split()
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {SIZE}\r\n\r\n"
    ).encode()
    answers = [_send_slowly(host, int(port), head) for _ in range(TRIES)]
    assert {answer.split(b" ")[1].decode() for answer in answers} == {kind}
    assert all(b'"error":{' in answer for answer in answers)


def _send_slowly(host: str, port: int, head: bytes) -> bytes:
    """Send the head, a moment later the whole body, and only then read."""
    with socket.create_connection((host, port), timeout=60) as wire:
        wire.sendall(head)
        time.sleep(0.02)
        for _ in range(SIZE // len(PIECE)):
            wire.sendall(PIECE)
        answer = b""
        while piece := wire.recv(65_536):
            answer += piece
    return answer
