"""Audio over HTTP: signed URLs, uploads, verification, downloads in ranges."""

from __future__ import annotations

import hashlib
import re
import socket
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.http.conftest import TALK, Library, error_of
from tests.http.test_rates import in_one_minute
from tests.server import Place, ProjectKeys, Server, new_bound_key, new_project, running

AUDIO = bytes(range(256)) * 1_200  # 307,200 bytes: more than one piece of a download
DIGEST = hashlib.sha256(AUDIO).hexdigest()


def begin(library: Library, recording: str, **body: Any) -> dict[str, Any]:
    answer = library.client.post(f"/v1/recordings/{recording}/upload-url", json={"content_type": "audio/ogg", **body})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def send(begun: dict[str, Any], content: Any = AUDIO, **headers: str) -> httpx.Response:
    """PUT like a client that has only the URL."""
    return httpx.put(begun["upload_url"], content=content, headers={**begun["headers"], **headers}, timeout=60)


def complete(library: Library, recording: str, **body: Any) -> httpx.Response:
    return library.client.post(f"/v1/recordings/{recording}/upload-complete", json=body)


def with_audio(library: Library, user: str, content: bytes = AUDIO, **fields: Any) -> str:
    recording = library.recording(user, **fields)
    assert send(begin(library, recording), content).status_code == 200
    assert complete(library, recording).status_code == 200
    return recording


def address(library: Library, recording: str) -> str:
    answer = library.client.get(f"/v1/recordings/{recording}/download-url")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["download_url"])


def files_of(place: Place) -> list[Path]:
    return sorted(path for path in (place.data_dir / "media").rglob("*") if path.is_file())


def test_audio_is_uploaded_verified_and_downloaded_unchanged(server: Server, library: Library) -> None:
    recording = library.recording(library.user())
    begun = begin(library, recording, file_size_bytes=len(AUDIO))
    assert set(begun) == {"media_id", "upload_url", "content_type", "upload_token", "expires_at", "headers"}
    assert (begun["content_type"], begun["headers"]) == ("audio/ogg", {"Content-Type": "audio/ogg"})
    assert begun["upload_token"].startswith("up_")
    assert begun["upload_url"].startswith(server.base_url + "/")
    early = complete(library, recording, content_sha256=DIGEST)
    assert (early.status_code, error_of(early)["code"]) == (425, "upload_not_verified")
    sent = send(begun)
    assert sent.status_code == 200, sent.text
    assert library.client.get(f"/v1/recordings/{recording}").json()["status"] == "pending"
    done = complete(
        library, recording, content_sha256=DIGEST.upper(), file_size_bytes=len(AUDIO), duration_seconds=12.6
    )
    assert done.status_code == 200, done.text
    shown = done.json()
    assert (shown["status"], shown["content_sha256"], shown["file_size_bytes"]) == ("uploaded", DIGEST, len(AUDIO))
    assert shown["content_sha256_verified_at"] is not None
    assert (shown["duration_ms"], shown["duration_seconds"]) == (12_600, 13)
    assert [(one["id"], one["type"], one["content_type"], one["file_size_bytes"]) for one in shown["media"]] == [
        (begun["media_id"], "audio", "audio/ogg", len(AUDIO))
    ]
    assert library.client.get(f"/v1/recordings/{recording}").json() == shown
    assert library.client.get("/v1/recordings").json()["data"] == [shown]
    assert complete(library, recording, content_sha256=DIGEST).json() == shown
    assert complete(library, recording).json() == shown
    url = library.client.get(f"/v1/recordings/{recording}/download-url").json()
    assert (url["media_id"], url["content_type"], url["file_size_bytes"]) == (
        begun["media_id"],
        "audio/ogg",
        len(AUDIO),
    )
    assert url["expires_in"] == 900
    older = library.client.post(f"/v1/recordings/{recording}/download-url", json={"media_id": begun["media_id"]})
    assert older.json()["media_id"] == begun["media_id"]
    got = httpx.get(url["download_url"])
    assert (got.status_code, got.content) == (200, AUDIO)
    assert got.headers["content-type"] == "audio/ogg"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-disposition"].startswith("attachment")
    assert got.headers["cache-control"] == "private, no-store"
    assert not [name for name in got.headers if name.startswith("x-ratelimit")]


def test_a_recording_with_a_transcript_is_completed_with_audio_or_without(library: Library) -> None:
    user = library.user()
    recording = with_audio(library, user, segments=TALK)
    assert library.client.get(f"/v1/recordings/{recording}").json()["status"] == "completed"
    assert complete(library, recording).json()["status"] == "uploaded"
    other = with_audio(library, user)
    library.client.put(f"/v1/recordings/{other}/transcript", json={"segments": TALK})
    shown = library.client.get(f"/v1/recordings/{other}").json()
    assert (shown["status"], shown["duration_ms"], shown["content_sha256"]) == ("completed", 16_000, DIGEST)
    bare, silent = with_audio(library, user), library.recording(user, TALK)

    def listed(status: str) -> set[str]:
        page = library.client.get("/v1/recordings", params={"end_user_id": user, "status": status, "limit": 100}).json()
        return {row["id"] for row in page["data"]}

    assert listed("uploaded") == {recording, other, bare}
    assert listed("completed") == {recording, other, silent}


def test_bytes_with_another_digest_are_an_integrity_failure_until_a_new_upload(
    server: Server, library: Library
) -> None:
    recording = library.recording(library.user())
    begun = begin(library, recording)
    send(begun, AUDIO[:-1] + b"x")
    for _ in range(2):
        wrong = complete(library, recording, content_sha256=DIGEST)
        assert (wrong.status_code, error_of(wrong)["code"]) == (409, "conflict")
    shown = library.client.get(f"/v1/recordings/{recording}").json()
    assert (shown["status"], shown["content_sha256"], shown["media"]) == ("integrity_failure", None, [])
    assert send(begun).status_code == 403
    assert not [path for path in files_of(server.place) if begun["media_id"] in path.name]
    assert library.client.get(f"/v1/recordings/{recording}/download-url").status_code == 404
    assert send(begin(library, recording)).status_code == 200
    again = complete(library, recording, content_sha256=DIGEST)
    assert (again.status_code, again.json()["status"]) == (200, "uploaded")


def test_a_wrong_size_is_an_integrity_failure_too(library: Library) -> None:
    recording = library.recording(library.user())
    send(begin(library, recording))
    assert complete(library, recording, file_size_bytes=5).status_code == 409
    assert library.client.get(f"/v1/recordings/{recording}").json()["status"] == "integrity_failure"


def test_a_wrong_digest_for_audio_that_is_verified_changes_nothing(library: Library) -> None:
    recording = with_audio(library, library.user())
    before = library.client.get(f"/v1/recordings/{recording}").json()
    assert complete(library, recording, content_sha256="0" * 64).status_code == 409
    assert library.client.get(f"/v1/recordings/{recording}").json() == before


def test_an_upload_may_be_repeated_until_it_is_completed(library: Library) -> None:
    recording = library.recording(library.user())
    begun = begin(library, recording)
    assert send(begun, b"half").json()["content_sha256"] == hashlib.sha256(b"half").hexdigest()
    assert send(begun).json()["content_sha256"] == DIGEST
    assert complete(library, recording, content_sha256=DIGEST).status_code == 200
    late = send(begun, b"other")
    assert (late.status_code, error_of(late)["code"]) == (403, "forbidden")
    assert httpx.get(address(library, recording)).content == AUDIO


def test_a_second_upload_is_the_newest_and_the_first_is_still_available(library: Library) -> None:
    recording = with_audio(library, library.user())
    first = library.client.get(f"/v1/recordings/{recording}").json()["media"][0]["id"]
    send(begin(library, recording), b"second")
    complete(library, recording)
    shown = library.client.get(f"/v1/recordings/{recording}").json()
    assert (len(shown["media"]), shown["media"][1]["id"]) == (2, first)
    assert shown["content_sha256"] == hashlib.sha256(b"second").hexdigest()
    assert httpx.get(address(library, recording)).content == b"second"
    named = library.client.get(f"/v1/recordings/{recording}/download-url", params={"media_id": first}).json()
    assert httpx.get(named["download_url"]).content == AUDIO


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-99", 206, 0, 99), ("bytes=100-", 206, 100, len(AUDIO) - 1), ("bytes=-50", 206, len(AUDIO) - 50, len(AUDIO) - 1),
        ("bytes=0-999999999", 206, 0, len(AUDIO) - 1), ("bytes=-999999999", 206, 0, len(AUDIO) - 1),
        (f"bytes={len(AUDIO) - 1}-{len(AUDIO) - 1}", 206, len(AUDIO) - 1, len(AUDIO) - 1),
        ("bytes=1000-290000", 206, 1_000, 290_000),
        ("bytes=0-1,5-9", 200, 0, len(AUDIO) - 1), ("bytes=9-5", 200, 0, len(AUDIO) - 1), ("pages=1-2", 200, 0, len(AUDIO) - 1),
        ("bytes=-", 200, 0, len(AUDIO) - 1),
    ],
)  # fmt: skip
def test_a_range_is_exactly_the_bytes_asked_for(
    library: Library, asked: str, status: int, first: int, last: int
) -> None:
    url = address(library, with_audio(library, library.user()))
    got = httpx.get(url, headers={"range": asked})
    assert (got.status_code, got.content) == (status, AUDIO[first : last + 1])
    if status == 206:
        assert got.headers["content-range"] == f"bytes {first}-{last}/{len(AUDIO)}"


def test_a_range_beyond_the_end_is_416_with_the_files_length(library: Library) -> None:
    url = address(library, with_audio(library, library.user()))
    for asked in (f"bytes={len(AUDIO)}-", "bytes=-0"):
        got = httpx.get(url, headers={"range": asked})
        assert (got.status_code, got.headers["content-range"]) == (416, f"bytes */{len(AUDIO)}")
        assert error_of(got)["param"] == "Range"
    other = httpx.get(url, headers={"range": "bytes=0-9", "if-range": '"other"'})
    assert (other.status_code, len(other.content)) == (200, len(AUDIO))
    whole = httpx.get(url)
    same = httpx.get(url, headers={"range": "bytes=0-9", "if-range": whole.headers["etag"]})
    assert (same.status_code, same.content) == (206, AUDIO[:10])


def test_head_returns_the_length_without_the_bytes(library: Library) -> None:
    got = httpx.head(address(library, with_audio(library, library.user())))
    assert (got.status_code, got.headers["content-length"], got.content) == (200, str(len(AUDIO)), b"")


def test_a_link_works_for_nothing_but_what_it_was_made_for(library: Library) -> None:
    user = library.user()
    recording = with_audio(library, user)
    url, other = address(library, recording), address(library, with_audio(library, user))
    begun = begin(library, recording)
    token = parse_qs(urlsplit(url).query)["token"][0]
    base, path = url.split("/v1/")[0], urlsplit(other).path
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    wrong = [
        httpx.get(url.split("?")[0]), httpx.get(base + path + f"?token={token}"), httpx.put(url, content=b"x"),
        httpx.get(begun["upload_url"]), httpx.get(url.replace(token, flipped)), httpx.get(url.replace("token=", "token=x")),
        httpx.get(url.split("?")[0] + "?token=dn_"), httpx.get(url.split("?")[0] + "?token=" + "a" * 5_000),
    ]  # fmt: skip
    assert [(one.status_code, error_of(one)["code"]) for one in wrong] == [(403, "forbidden")] * len(wrong)
    assert len({error_of(one)["message"] for one in wrong}) == 1
    assert httpx.post(url).status_code == 405
    assert set(httpx.post(url).headers["allow"].split(", ")) == {"GET", "HEAD", "PUT"}
    for nothing in ("/v1/media/", "/v1/media/nothing", "/v1/media/med_1/x", "/v1/media/rec_1"):
        assert httpx.get(base + nothing, params={"token": token}).status_code == 404
    assert httpx.get(url + "&token=x").status_code == 400


def test_signed_urls_become_invalid_with_their_recording_and_their_end_user(server: Server, library: Library) -> None:
    user = library.user()
    recording, other = with_audio(library, user), with_audio(library, user)
    urls = [address(library, one) for one in (recording, other)]
    begun = [begin(library, one) for one in (recording, other)]
    before = [path for path in files_of(server.place) if user in str(path)]
    assert len(before) == 2
    library.client.delete(f"/v1/recordings/{recording}")
    assert [httpx.get(url).status_code for url in urls] == [404, 200]
    assert [send(one).status_code for one in begun] == [404, 200]
    assert not [path for path in files_of(server.place) if recording in str(path)]
    library.client.delete(f"/v1/end-users/{user}")
    assert httpx.get(urls[1]).status_code == 404
    assert send(begun[1]).status_code == 404
    assert not [path for path in files_of(server.place) if user in str(path)]


def test_an_upload_of_another_type_is_415(library: Library) -> None:
    begun = begin(library, library.recording(library.user()))
    for sent in ("audio/wav", "text/plain"):
        answer = send(begun, **{"Content-Type": sent})
        assert (answer.status_code, error_of(answer)["code"]) == (415, "unsupported_media_type")
    assert send(begun, **{"Content-Type": "audio/ogg; codecs=opus"}).status_code == 200


def _chunked(*pieces: bytes) -> Any:
    yield from pieces


def test_an_upload_of_another_size_than_declared_is_400_and_not_stored(library: Library) -> None:
    recording = library.recording(library.user())
    begun = begin(library, recording, file_size_bytes=10)
    for content in (b"x" * 9, b"x" * 11, _chunked(b"x" * 5, b"x" * 4), _chunked(b"x" * 5, b"x" * 6), b""):
        answer = send(begun, content)
        assert (answer.status_code, error_of(answer)["param"]) == (400, "file_size_bytes")
    assert complete(library, recording).status_code == 425
    assert send(begun, _chunked(b"x" * 5, b"x" * 5)).status_code == 200
    empty = send(begin(library, recording), b"")
    assert empty.status_code == 400


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"content_type": "text/html"}, "content_type"), ({"content_type": 1}, "content_type"),
        ({"content_type": "audio/svg+xml"}, "content_type"), ({"file_size_bytes": 0}, "file_size_bytes"),
        ({"file_size_bytes": -1}, "file_size_bytes"), ({"file_size_bytes": "12"}, "file_size_bytes"),
    ],
)  # fmt: skip
def test_an_invalid_upload_declaration_is_400(library: Library, body: dict[str, Any], param: str) -> None:
    recording = library.recording(library.user())
    answer = library.client.post(f"/v1/recordings/{recording}/upload-url", json=body)
    assert (answer.status_code, error_of(answer)["param"]) == (400, param)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"content_sha256": "abc"}, "content_sha256"), ({"content_sha256": "g" * 64}, "content_sha256"),
        ({"duration_seconds": -1}, "duration_seconds"), ({"duration_ms": 1.5}, "duration_ms"),
        ({"media_id": "rec_1"}, "media_id"),
    ],
)  # fmt: skip
def test_an_invalid_completion_is_400_and_changes_nothing(library: Library, body: dict[str, Any], param: str) -> None:
    recording = library.recording(library.user())
    send(begin(library, recording))
    answer = complete(library, recording, **body)
    assert (answer.status_code, error_of(answer)["param"]) == (400, param)
    assert complete(library, recording, content_sha256=DIGEST).status_code == 200


def test_an_upload_that_was_not_started_cannot_be_completed(library: Library) -> None:
    recording = library.recording(library.user())
    assert complete(library, recording).status_code == 409
    assert library.client.post(f"/v1/recordings/{recording}/upload-url").status_code == 200
    unknown = complete(library, recording, media_id="med_unknown")
    assert (unknown.status_code, error_of(unknown)["param"]) == (404, "media_id")
    nothing = library.client.get(f"/v1/recordings/{recording}/download-url")
    assert (nothing.status_code, error_of(nothing)["code"]) == (404, "not_found")


def test_audio_of_others_does_not_exist(server: Server, project: ProjectKeys, library: Library) -> None:
    owner, other = library.user(), library.user()
    recording = with_audio(library, owner)
    keys = [new_project(server.place).live, project.test, new_bound_key(server.place, project.id, other)]
    for key in keys:
        with server.client(key) as client:
            path = f"/v1/recordings/{recording}"
            answers = [client.post(path + "/upload-url"), client.post(path + "/upload-complete"),
                       client.get(path + "/download-url"), client.post(path + "/download-url")]  # fmt: skip
            assert [one.status_code for one in answers] == [404] * 4
    with server.client(new_bound_key(server.place, project.id, owner)) as client:
        assert client.get(f"/v1/recordings/{recording}/download-url").status_code == 200


def test_an_interrupted_upload_leaves_nothing_behind(server: Server, library: Library) -> None:
    recording = library.recording(library.user())
    begun = begin(library, recording)
    parts = urlsplit(begun["upload_url"])
    head = f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: x\r\nContent-Type: audio/ogg\r\nContent-Length: 5000000\r\n\r\n"
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall(head.encode() + b"x" * 3_000_000)
        deadline = time.monotonic() + 30
        while not arriving(server.place) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert arriving(server.place)
    deadline = time.monotonic() + 30
    while arriving(server.place) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert arriving(server.place) == []
    assert complete(library, recording).status_code == 425
    assert send(begun).status_code == 200


def arriving(place: Place) -> list[Path]:
    return [path for path in files_of(place) if path.suffix == ".part"]


def _most_memory_kb(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def test_audio_of_any_length_takes_little_memory_in_and_out(fresh_place: Place) -> None:
    block, count = bytes(1 << 20), 96
    with running(fresh_place) as server, server.client(new_project(fresh_place).live) as client:
        library = Library(client)
        small = with_audio(library, library.user())
        assert httpx.get(address(library, small)).content == AUDIO
        before = _most_memory_kb(server)
        recording = library.recording(library.user())
        assert send(begin(library, recording), _chunked(*[block] * count)).status_code == 200
        assert complete(library, recording).json()["file_size_bytes"] == count << 20
        with httpx.stream("GET", address(library, recording)) as answer:
            assert sum(map(len, answer.iter_raw())) == count << 20
        assert _most_memory_kb(server) - before < 24 << 10


def test_files_and_folders_are_accessible_to_their_owner_only(server: Server, library: Library) -> None:
    recording = with_audio(library, library.user())
    file = next(path for path in files_of(server.place) if recording in str(path))
    assert file.read_bytes() == AUDIO
    assert file.stat().st_mode & 0o777 == 0o600
    while file != server.place.data_dir:
        file = file.parent
        assert file.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "content_type",
    ["audio/x-m4a", "audio/amr", "video/mp4", "video/quicktime", "video/webm", "video/3gpp", "video/x-matroska"],
)
def test_what_phones_and_browsers_record_is_taken_and_served_as_it_was_named(
    library: Library, content_type: str
) -> None:
    recording = library.recording(library.user())
    begun = begin(library, recording, content_type=content_type)
    assert send(begun).status_code == 200
    assert complete(library, recording).status_code == 200
    url = library.client.get(f"/v1/recordings/{recording}/download-url").json()["download_url"]
    assert httpx.get(url).headers["content-type"] == content_type


def test_a_file_of_four_gib_may_be_announced_and_a_larger_one_not(library: Library) -> None:
    recording = library.recording(library.user())
    begun = [
        library.client.post(f"/v1/recordings/{recording}/upload-url", json={"file_size_bytes": size})
        for size in (4 << 30, (4 << 30) + 1)
    ]
    assert [answer.status_code for answer in begun] == [200, 413]


def test_limits_of_size_and_of_addresses_and_a_public_address(fresh_place: Place) -> None:
    env = {"EARMARK_UPLOAD_LIMIT_BYTES": "1000", "EARMARK_RATE_LIMIT_UPLOADS": "3",
           "EARMARK_RATE_LIMIT_OVERALL": "100", "EARMARK_PUBLIC_URL": "https://ask.example.org/base/"}  # fmt: skip
    with running(fresh_place, **env) as server:

        def use_up() -> None:
            with server.client(new_project(fresh_place).live) as client:
                _use_up_limits(server, client)

        in_one_minute(use_up)


def _use_up_limits(server: Server, client: httpx.Client) -> None:
    library = Library(client)
    recording = library.recording(library.user())
    begun = begin(library, recording)
    assert begun["upload_url"].startswith("https://ask.example.org/base/v1/media/med_")
    here = {
        **begun,
        "upload_url": server.base_url + begun["upload_url"].removeprefix("https://ask.example.org/base"),
    }
    for content in (b"x" * 1_001, _chunked(b"x" * 600, b"x" * 600)):
        answer = send(here, content)
        assert (answer.status_code, error_of(answer)["code"]) == (413, "payload_too_large")
    assert send(here, b"x" * 1_000).status_code == 200
    path = f"/v1/recordings/{recording}/upload-url"
    large = client.post(path, json={"file_size_bytes": 1_001})
    assert (large.status_code, error_of(large)["param"]) == (413, "file_size_bytes")
    last = client.post(path)
    assert (last.status_code, last.headers["x-ratelimit-limit"], last.headers["x-ratelimit-remaining"]) == (
        200,
        "3",
        "0",
    )
    refused = client.post(path)
    assert (refused.status_code, error_of(refused)["code"]) == (429, "rate_limit_exceeded")
    assert "retry-after" in refused.headers
    other = client.get(f"/v1/recordings/{recording}")
    assert (other.status_code, other.headers["x-ratelimit-limit"]) == (200, "100")


def test_only_a_trusted_proxys_headers_change_the_address_and_host_never_does(
    server: Server, library: Library, fresh_place: Place
) -> None:
    headers = {"host": "evil.example", "x-forwarded-host": "ask.example.org", "x-forwarded-proto": "https"}
    recording = with_audio(library, library.user())
    told = library.client.get(f"/v1/recordings/{recording}/download-url", headers=headers).json()["download_url"]
    assert told.startswith(server.base_url + "/v1/media/")
    with (
        running(fresh_place, EARMARK_TRUSTED_PROXIES="10.0.0.0/8, 127.0.0.1") as behind,
        behind.client(new_project(fresh_place).live) as client,
    ):
        other = Library(client)
        theirs = with_audio(other, other.user())
        path = f"/v1/recordings/{theirs}/download-url"
        assert client.get(path, headers=headers).json()["download_url"].startswith("https://ask.example.org/v1/media/")
        for bad in ("evil.example/x?", "a b", "user@host", "[::1", ""):
            told = client.get(path, headers={**headers, "x-forwarded-host": bad}).json()["download_url"]
            assert told.startswith(behind.base_url + "/v1/media/")


def test_tokens_and_bytes_are_not_logged(fresh_place: Place, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        log.open("w") as stderr,
        running(fresh_place, stderr=stderr, EARMARK_LOG_LEVEL="debug") as server,
        server.client(new_project(fresh_place).live) as client,
    ):
        library = Library(client)
        recording = with_audio(library, library.user())
        url = address(library, recording)
        for asked in (url, url[:-1], url.replace("med_", "med_x")):
            httpx.get(asked)
    text = log.read_text()
    assert not re.search(r"token|up_[A-Za-z0-9]|dn_[A-Za-z0-9]", text)


def test_repeating_an_upload_start_with_its_key_is_a_conflict_without_a_url(library: Library) -> None:
    path = f"/v1/recordings/{library.recording(library.user())}/upload-url"
    first, again = (
        library.client.post(path, json={"content_type": "audio/ogg"}, headers={"Idempotency-Key": "once"})
        for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (200, 409)
    assert error_of(again)["code"] == "conflict"
    assert "up_" not in again.text


def test_the_link_of_a_completed_upload_says_that_it_was_used(library: Library) -> None:
    recording = library.recording(library.user())
    begun = begin(library, recording)
    assert send(begun).status_code == 200
    assert complete(library, recording).status_code == 200
    refused = send(begun)
    assert (refused.status_code, error_of(refused)["code"]) == (403, "forbidden")
    assert error_of(refused)["message"].startswith("This upload has ended, and its link can't be used again.")
