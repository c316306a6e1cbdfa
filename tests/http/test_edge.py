"""The edge: envelope, credentials, paths, methods, bodies, headers."""

from __future__ import annotations

import json
import re
import socket

import httpx
import pytest

from tests.http.conftest import Library, error_of
from tests.server import ProjectKeys, Server, new_bound_key

UNAUTHORIZED = [
    None, "", "Bearer", "Bearer x", "Basic abc", "Bearer sk_live_short", "Bearer sk_live_" + "x" * 43,
    "Bearer sk_test_" + "é" * 43, "Bearer " + "x" * 9_000, "bearer eut_" + "y" * 43,
]  # fmt: skip


@pytest.mark.parametrize("header", UNAUTHORIZED)
def test_bad_credentials_all_look_the_same(server: Server, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode()}
    answer = httpx.get(server.base_url + "/v1/ask/sessions?limit=0", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    error = error_of(answer)
    assert (error["code"], error["message"]) == ("unauthorized", "A valid API key is required.")


def test_a_revoked_or_expired_key_stops_working_at_once(server: Server, project: ProjectKeys, library: Library) -> None:
    user = library.user()
    expired = new_bound_key(server.place, project.id, user, expires_us=1)
    with server.client(expired) as one:
        assert one.get("/v1/ask/sessions").status_code == 401
    made = server.place.cli("keys", "create", "--project", project.id, "--json")
    key = json.loads(made.stdout)
    with server.client(key["key"]) as one:
        assert one.get("/v1/ask/sessions").status_code == 200
        server.place.cli("keys", "revoke", key["id"], "--project", project.id)
        assert one.get("/v1/ask/sessions").status_code == 401


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/", "/v1/nothing", "/v1/ask/sessions/", "/v1/ask/sessions//messages", "/nothing"]
)
def test_an_unknown_path_is_404_before_authentication(server: Server, path: str) -> None:
    answer = httpx.get(server.base_url + path)
    assert answer.status_code == 404
    assert error_of(answer)["code"] == "not_found"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/v1/ask/sessions", "GET, POST"),
        ("POST", "/v1/ask/sessions/as_1", "DELETE, GET, PATCH"),
        ("GET", "/v1/recordings/search", "POST"),
        ("POST", "/health", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_405_with_allow(server: Server, method: str, path: str, allow: str) -> None:
    answer = httpx.request(method, server.base_url + path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == allow
    assert error_of(answer)["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "identifier", ["as_", "as_a-b", "eu_abc", "nope", "as_" + "x" * 65, "as_%2Fx", "as_%00", "as_é"]
)
def test_a_malformed_id_in_a_path_is_404(client: httpx.Client, identifier: str) -> None:
    answer = client.get(f"/v1/ask/sessions/{identifier}")
    assert answer.status_code == 404
    assert error_of(answer)["code"] == "not_found"


@pytest.mark.parametrize(
    "content",
    [b"", b"not json", b"[]", b"null", b"5", b'"x"', b'{"title":"a"', b'{"title":"a","title":"b"}', b'{"title":NaN}',
     b'{"title":"\\u0000"}', b'{"title":"\\ud800"}', b'{"t\\u0000":1,"title":"a"}', b'\xff{"title":"a"}', b'{"title":1e999}'],
)  # fmt: skip
def test_a_body_that_is_not_good_json_is_400(library: Library, content: bytes) -> None:
    session = library.session(library.user())["id"]
    headers = {"content-type": "application/json"}
    answer = library.client.patch(f"/v1/ask/sessions/{session}", content=content, headers=headers)
    assert answer.status_code == 400
    assert error_of(answer)["code"] == "invalid_request"


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", None])
def test_another_media_type_is_415(client: httpx.Client, media_type: str | None) -> None:
    headers = {} if media_type is None else {"content-type": media_type}
    answer = client.post("/v1/ask/sessions", content=b'{"scope":{"type":"library"}}', headers=headers)
    assert answer.status_code == 415
    assert error_of(answer)["code"] == "unsupported_media_type"


def test_a_large_body_is_413_before_it_is_read_whole(server: Server, project: ProjectKeys) -> None:
    address = (server.base_url.split("//")[1].split(":")[0], int(server.base_url.rsplit(":", 1)[1]))
    with socket.create_connection(address, timeout=30) as line:
        head = (
            "POST /v1/ask/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {project.live}\r\nContent-Length: 10485760\r\n\r\n"
        )
        line.sendall(head.encode() + b"{" * 1_000)  # and not a byte more
        assert b" 413 " in line.recv(4_096)


def test_a_large_body_without_a_length_is_413(client: httpx.Client) -> None:
    pieces = (b"x" * 65_536 for _ in range(40))
    answer = client.post("/v1/ask/sessions", content=pieces, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert error_of(answer)["code"] == "payload_too_large"


def test_checks_run_in_the_order_of_the_contract(server: Server, client: httpx.Client, library: Library) -> None:
    url = server.base_url + "/v1/ask/sessions/as_unknown"
    huge = b"x" * (1 << 20 | 1)
    assert httpx.patch(url, content=huge).status_code == 401
    assert client.patch(url, content=huge).status_code == 413
    assert client.patch(url, content=b"x", headers={"content-type": "text/plain"}).status_code == 415
    as_json = {"content-type": "application/json"}
    assert client.patch(url, content=b"{", headers=as_json).status_code == 404
    own = f"/v1/ask/sessions/{library.session(library.user())['id']}"
    assert client.patch(own, content=b"{", headers=as_json).status_code == 400
    assert client.get("/v1/ask/sessions/as_unknown/messages?limit=0").status_code == 404


@pytest.mark.parametrize(("version", "status"), [("2026-05-20", 200), ("latest", 400), ("2026-5-20", 400), ("", 400)])
def test_a_version_is_a_date(client: httpx.Client, version: str, status: int) -> None:
    assert client.get("/v1/ask/sessions", headers={"Bota-Version": version}).status_code == status


def test_every_answer_has_its_own_request_id(client: httpx.Client) -> None:
    ids = [client.get("/v1/ask/sessions").headers["x-request-id"] for _ in range(20)]
    assert len(set(ids)) == 20
    assert all(re.fullmatch("req_[A-Za-z0-9]{24}", one) for one in ids)
    assert client.get("/health").headers["x-request-id"]


def test_health_is_exactly_what_clients_expect(server: Server) -> None:
    answer = httpx.get(server.base_url + "/health")
    assert answer.text == '{"status":"healthy","database":"connected","billing":"disabled"}'
    assert answer.headers["content-type"] == "application/json"


def test_titles_are_trimmed_and_measured_in_utf16_units(library: Library) -> None:
    session = library.session(library.user())["id"]
    path = f"/v1/ask/sessions/{session}"
    assert library.client.patch(path, json={"title": "\ufeff \u2003x\u3000"}).json()["title"] == "x"
    assert library.client.patch(path, json={"title": "👩" * 100}).status_code == 200
    for title in ("👩" * 100 + "x", "", "  ", None, 5):
        answer = library.client.patch(path, json={"title": title})
        assert answer.status_code == 400
        assert error_of(answer)["param"] == "title"
    assert library.client.get(path).json()["title"] == "👩" * 100


def test_another_end_users_session_looks_like_one_that_never_existed(
    server: Server, project: ProjectKeys, library: Library
) -> None:
    ada, grace = library.user(), library.user()
    hers = library.session(grace)["id"]
    with server.client(new_bound_key(server.place, project.id, ada)) as bound:
        for method, suffix in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/messages"), ("POST", "/messages"),
                               ("GET", "/export")):  # fmt: skip
            bodies = []
            for identifier in (hers, "as_" + "x" * 24):
                body = {"title": "x", "content": "x"} if method in ("PATCH", "POST") else None
                answer = bound.request(method, f"/v1/ask/sessions/{identifier}{suffix}", json=body)
                assert answer.status_code == 404
                bodies.append(error_of(answer) | {"request_id": None})
            assert bodies[0] == bodies[1]


def test_openapi_describes_every_route_with_examples_and_errors(server: Server) -> None:
    document = httpx.get(server.base_url + "/openapi.json").json()
    operation = document["paths"]["/v1/ask/sessions"]["get"]
    assert {one["name"] for one in operation["parameters"]} == {
        "end_user_id", "scope_type", "recording_id", "q", "limit", "cursor", "active_after", "active_before"}  # fmt: skip
    limit = next(one for one in operation["parameters"] if one["name"] == "limit")
    assert (limit["schema"]["minimum"], limit["schema"]["maximum"], limit["schema"]["default"]) == (1, 100, 20)
    for path, operations in document["paths"].items():
        for method, one in operations.items():
            assert one["summary"], (path, method)
            assert "HTTPValidationError" not in str(one["responses"])
            if path in (
                "/v1/media/{media_id}",
                "/v1/imports/{import_id}/content",
            ):  # its URL is signed: no key, no rate limit
                assert {"400", "403", "404"} <= set(one["responses"])
                assert one["security"] == []
            elif path.startswith("/v1"):
                assert {"400", "401", "429"} <= set(one["responses"])
                is_open = path in ("/v1/console/sign-in", "/v1/console/setup")  # the code authenticates
                assert (one["security"] != [], "403" in one["responses"]) == (not is_open, not is_open)


def test_docs_are_one_page_without_external_requests(server: Server) -> None:
    page = httpx.get(server.base_url + "/docs")
    assert page.status_code == 200
    assert "/v1/ask/sessions" in page.text
    assert not re.search(r"(src|href)=.?https?:", page.text)
    assert "<script" not in page.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/ask/sessions", 200), ("GET", "/v1/ask/sessions?limit=0", 400), ("GET", "/v1/nothing", 404),
     ("PUT", "/v1/ask/sessions", 405), ("DELETE", "/v1/ask/sessions/as_unknown", 404),
     ("GET", "/health", 200), ("GET", "/docs", 200), ("GET", "/openapi.json", 200), ("GET", "/nothing", 404)],
)  # fmt: skip
def test_every_answer_forbids_framing_sniffing_and_caching(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers.get("cache-control") == ("no-store" if path.startswith("/v1") else None)
    assert "server" not in answer.headers


@pytest.mark.parametrize("path", ["/health", "/docs", "/openapi.json", "/console", "/console/nothing.js", "/nothing"])
def test_pages_have_a_request_id_too(server: Server, path: str) -> None:
    ids = httpx.get(server.base_url + path).headers.get_list("x-request-id")
    assert len(ids) == 1
    assert re.fullmatch("req_[A-Za-z0-9]{24}", ids[0])


def test_whitespace_around_a_header_value_is_removed(server: Server, project: ProjectKeys) -> None:
    address = (server.base_url.split("//")[1].split(":")[0], int(server.base_url.rsplit(":", 1)[1]))
    with socket.create_connection(address, timeout=30) as line:
        head = (
            "GET /v1/ask/sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Authorization: \t Bearer {project.live} \t\r\nBota-Version: 2026-05-20 \t\r\n\r\n"
        )
        line.sendall(head.encode())
        assert b" 200 " in line.recv(4_096)


@pytest.mark.parametrize("kind", ["ask/sessions/as_", "recordings/rec_", "folders/fld_", "end-users/eu_",
                                  "transcriptions/txn_"])  # fmt: skip
def test_a_missing_object_is_404_before_a_malformed_version_is_400(client: httpx.Client, kind: str) -> None:
    answer = client.get(f"/v1/{kind}{'x' * 24}", headers={"Bota-Version": "latest"})
    assert (answer.status_code, error_of(answer)["code"]) == (404, "not_found")


def test_a_malformed_version_is_400_for_existing_objects(client: httpx.Client, library: Library) -> None:
    path = f"/v1/end-users/{library.user()}"
    answer = client.get(path, headers={"Bota-Version": "latest"})
    assert (answer.status_code, error_of(answer)["param"]) == (400, "Bota-Version")
