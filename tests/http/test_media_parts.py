"""Uploads in several requests: interrupted, resumed, superseded, killed."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.http.conftest import Library, error_of
from tests.http.test_media import begin, complete, files_of
from tests.server import Place, Server, new_project, running, wait_until

AUDIO = os.urandom(3_500_000)
DIGEST = hashlib.sha256(AUDIO).hexdigest()
TOTAL = len(AUDIO)


def part(
    begun: dict[str, Any], first: int, last: int, *, content: bytes | None = None, total: int | str = TOTAL
) -> httpx.Response:
    """PUT bytes `first` to `last`, or `content` under their name."""
    sent = AUDIO[first : last + 1] if content is None else content
    headers = {**begun["headers"], "Content-Range": f"bytes {first}-{last}/{total}"}
    return httpx.put(begun["upload_url"], content=sent, headers=headers, timeout=60)


def finish(begun: dict[str, Any], total: int = TOTAL) -> httpx.Response:
    headers = {**begun["headers"], "Content-Range": f"bytes */{total}"}
    return httpx.put(begun["upload_url"], content=b"", headers=headers, timeout=60)


def offset(begun: dict[str, Any]) -> int:
    answer = httpx.head(begun["upload_url"], timeout=60)
    assert answer.status_code == 200, answer.status_code
    assert answer.headers["cache-control"] == "no-store"
    return int(answer.headers["upload-offset"])


def break_off(begun: dict[str, Any], first: int, sent: int) -> None:
    """Announce everything from `first` on, send `sent` bytes of it, and vanish."""
    url = urlsplit(begun["upload_url"])
    with socket.create_connection((url.hostname, url.port)) as line:
        head = (
            f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: audio/ogg\r\n"
            f"Content-Range: bytes {first}-{TOTAL - 1}/{TOTAL}\r\nContent-Length: {TOTAL - first}\r\n\r\n"
        )
        line.sendall(head.encode() + AUDIO[first : first + sent])


def test_parts_become_one_verified_file(library: Library) -> None:
    recording = library.recording(library.user())
    begun = begin(library, recording, file_size_bytes=TOTAL)
    assert offset(begun) == 0
    first = part(begun, 0, 999_999)
    assert (first.status_code, first.headers["upload-offset"]) == (202, "1000000")
    assert first.json() == {"media_id": begun["media_id"], "status": "waiting", "upload_offset": 1_000_000}
    assert complete(library, recording).status_code == 425
    assert part(begun, 1_000_000, 2_999_999).status_code == 202
    last = part(begun, 3_000_000, TOTAL - 1)
    assert last.status_code == 200, last.text
    assert last.json()["content_sha256"] == DIGEST
    assert (offset(begun), finish(begun).status_code) == (TOTAL, 200)
    done = complete(library, recording, content_sha256=DIGEST, file_size_bytes=TOTAL)
    assert (done.status_code, done.json()["content_sha256"]) == (200, DIGEST)
    assert httpx.head(begun["upload_url"]).status_code == 403
    url = library.client.get(f"/v1/recordings/{recording}/download-url").json()["download_url"]
    assert httpx.get(url).content == AUDIO


def test_what_came_before_a_connection_broke_is_not_sent_again(library: Library) -> None:
    begun = begin(library, library.recording(library.user()))
    break_off(begun, 0, 2_000_000)
    wait_until(lambda: offset(begun) > 1_000_000)
    wait_until(lambda: part(begun, offset(begun), TOTAL - 1).status_code == 200)
    assert finish(begun).json()["content_sha256"] == DIGEST


def test_a_part_that_begins_elsewhere_is_a_conflict_that_says_where(library: Library) -> None:
    begun = begin(library, library.recording(library.user()))
    assert part(begun, 0, 99).status_code == 202
    for first in (50, 101):
        wrong = part(begun, first, first + 9)
        assert (wrong.status_code, wrong.headers["upload-offset"]) == (409, "100")
        assert error_of(wrong)["details"] == {"upload_offset": 100}
    assert part(begun, 100, TOTAL - 1).json()["content_sha256"] == DIGEST


def test_whoever_begins_at_zero_begins_anew(library: Library) -> None:
    begun = begin(library, library.recording(library.user()))
    assert part(begun, 0, 999_999, content=bytes(1_000_000)).status_code == 202
    assert part(begun, 0, 9).headers["upload-offset"] == "10"
    assert part(begun, 10, TOTAL - 1).json()["content_sha256"] == DIGEST


def test_a_stalled_request_makes_way_for_the_next(library: Library) -> None:
    begun = begin(library, library.recording(library.user()))
    url = urlsplit(begun["upload_url"])
    with socket.create_connection((url.hostname, url.port)) as stalled:
        stalled.sendall(
            f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: x\r\nContent-Type: audio/ogg\r\n"
            f"Content-Range: bytes 0-{TOTAL - 1}/{TOTAL}\r\nContent-Length: {TOTAL}\r\n\r\n".encode()
            + AUDIO[:1_500_000]
        )
        wait_until(lambda: offset(begun) > 0)
        here = offset(begun)
        assert part(begun, here, TOTAL - 1).json()["content_sha256"] == DIGEST
        assert b" 409 " in stalled.recv(200)


@pytest.mark.parametrize(
    ("content_range", "content"),
    [
        ("bytes 0-9/5", b"0123456789"), ("bytes 9-0/20", b"0"), ("bytes 0-9", b"0123456789"),
        ("bytes 0-9/20", b"0123"), ("items 0-9/20", b"0123456789"), ("bytes */0", b""), ("bytes */*", b""),
        ("bytes 9-0/*", b"0"), ("bytes 0-9/00", b"0123456789"),
    ],
)  # fmt: skip
def test_an_invalid_content_range_is_400(library: Library, content_range: str, content: bytes) -> None:
    begun = begin(library, library.recording(library.user()))
    answer = httpx.put(
        begun["upload_url"], content=content, headers={**begun["headers"], "Content-Range": content_range}
    )
    assert (answer.status_code, error_of(answer)["param"]) == (400, "Content-Range")
    assert offset(begun) == 0


def test_announced_sizes_and_types_count_for_parts_too(library: Library) -> None:
    begun = begin(library, library.recording(library.user()), file_size_bytes=TOTAL)
    assert finish(begun, TOTAL + 1).status_code == 400
    assert finish(begun, 5 << 30).status_code == 413
    headers = {"Content-Type": "audio/wav", "Content-Range": f"bytes 0-9/{TOTAL}"}
    assert httpx.put(begun["upload_url"], content=b"0123456789", headers=headers).status_code == 415


def test_an_upload_may_begin_before_anybody_knows_how_long_it_will_be(library: Library) -> None:
    recording = library.recording(library.user())
    begun = begin(library, recording)
    for first, last in ((0, 999_999), (1_000_000, TOTAL - 1)):
        sent = part(begun, first, last, total="*")
        assert (sent.status_code, sent.headers["upload-offset"]) == (202, str(last + 1))
        assert "upload-length" not in sent.headers
    assert complete(library, recording).status_code == 425
    assert finish(begun).json()["content_sha256"] == DIGEST
    assert complete(library, recording, content_sha256=DIGEST).status_code == 200


def test_an_upload_of_unknown_length_may_not_outgrow_what_was_announced_or_allowed(library: Library) -> None:
    begun = begin(library, library.recording(library.user()), file_size_bytes=1_000)
    assert part(begun, 0, 999, total="*").status_code == 202
    assert part(begun, 1_000, 1_999, total="*").status_code == 400
    headers = {**begun["headers"], "Content-Range": f"bytes {5 << 30}-{(5 << 30) + 9}/*"}
    assert httpx.put(begun["upload_url"], content=b"0123456789", headers=headers).status_code == 413
    assert offset(begun) == 1_000


def test_parts_go_with_their_recording_at_once(server: Server, library: Library) -> None:
    recording = library.recording(library.user())
    begun = begin(library, recording)
    assert part(begun, 0, 999).status_code == 202
    assert any(path.name == f"{begun['media_id']}.part" for path in files_of(server.place))
    assert library.client.delete(f"/v1/recordings/{recording}").status_code == 204
    assert not any(begun["media_id"] in path.name for path in files_of(server.place))
    assert httpx.head(begun["upload_url"]).status_code == 404


def test_a_server_killed_at_any_moment_has_what_it_acknowledged(new_place: Callable[[], Place]) -> None:
    place = new_place()
    key = new_project(place).live
    with running(place) as server, server.client(key) as client:
        user = client.post("/v1/end-users", json={}).json()["id"]
        recording = client.post("/v1/recordings", json={"end_user_id": user}).json()["id"]
        begun = client.post(f"/v1/recordings/{recording}/upload-url", json={"content_type": "audio/ogg"}).json()
        assert part(begun, 0, 1_199_999).status_code == 202
        break_off(begun, 1_200_000, 1_100_000)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    with running(place) as server:
        begun["upload_url"] = server.base_url + begun["upload_url"][begun["upload_url"].index("/v1/") :]
        here = offset(begun)
        assert here >= 1_200_000
        assert part(begun, here, TOTAL - 1).json()["content_sha256"] == DIGEST
