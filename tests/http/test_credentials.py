"""Credentials over HTTP: end users' tokens, console links, and the time of last use."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from earmark.identity import sign_in
from earmark.identity.projects import get_tenant
from earmark.identity.sign_in import create_code
from earmark.runtime import Runtime
from tests.http.conftest import TALK, Library, error_of
from tests.http.test_rates import in_one_minute
from tests.server import Place, ProjectKeys, Server, new_bound_key, new_project, running

TOKEN = re.compile(r"eut_[A-Za-z0-9]{33,128}")


def issue(client: httpx.Client, end_user_id: str, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/end-users/{end_user_id}/tokens", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


# ---- end users' tokens -----------------------------------------------------------------------------


def test_a_token_is_shown_once_with_a_command_that_works(library: Library) -> None:
    user = library.user()
    library.session(user)
    made = issue(library.client, user)
    assert set(made) == {"token", "connection_command", "end_user_id", "created_at", "expires_at"}
    assert TOKEN.fullmatch(made["token"])
    assert (made["end_user_id"], made["expires_at"]) == (user, None)
    done = subprocess.run(
        ["bash", "-c", made["connection_command"] + " -s"], capture_output=True, text=True, check=True
    )
    assert [one["end_user_id"] for one in json.loads(done.stdout)["data"]] == [user]


def test_a_token_reads_and_asks_for_its_end_user_alone(server: Server, library: Library) -> None:
    ada, grace = library.user(external_id="ada"), library.user()
    hers = library.recording(ada, TALK)
    foreign = library.recording(grace, TALK)
    library.session(grace)
    with server.client(issue(library.client, ada)["token"]) as token:
        assert [one["id"] for one in token.get("/v1/end-users").json()["data"]] == [ada]
        assert [one["id"] for one in token.get("/v1/recordings").json()["data"]] == [hers]
        assert token.get(f"/v1/recordings/{foreign}").status_code == 404
        assert [one["recording_id"] for one in token.get("/v1/transcriptions").json()["data"]] == [hers]
        body = {
            "scope": {"type": "library"},
            "end_user_id": grace,
            "initial_message": {"content": "When is the launch?"},
        }
        asked = token.post("/v1/ask/sessions", json=body)
        assert asked.status_code == 200, asked.text
        assert [one["end_user_id"] for one in token.get("/v1/ask/sessions").json()["data"]] == [ada]
        found = token.post("/v1/recordings/search", json={"query": "battery", "end_user_id": "not even parsed"})
        assert {one["recording_id"] for one in found.json()["results"]} == {hers}
        assert token.post("/v1/folders", json={"name": "Launch"}).status_code == 201


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/end-users"),
        ("PATCH", "/v1/end-users/{user}"),
        ("DELETE", "/v1/end-users/{user}"),
        ("POST", "/v1/end-users/{user}/tokens"),
        ("DELETE", "/v1/end-users/{user}/tokens"),
        ("POST", "/v1/recordings"),
        ("PATCH", "/v1/recordings/{recording}"),
        ("DELETE", "/v1/recordings/{recording}"),
        ("PUT", "/v1/recordings/{recording}/transcript"),
    ],
)
def test_a_token_is_refused(server: Server, library: Library, method: str, path: str) -> None:
    user = library.user()
    recording = library.recording(user)
    with server.client(issue(library.client, user)["token"]) as token:
        answer = token.request(method, path.format(user=user, recording=recording), json={})
        assert answer.status_code == 403
        assert error_of(answer)["code"] == "forbidden"
        assert token.get(f"/v1/recordings/{recording}").status_code == 200


def test_a_token_is_revoked_by_issuing_another_one_and_by_delete(server: Server, library: Library) -> None:
    ada, grace = library.user(), library.user()
    other = issue(library.client, grace)["token"]
    first, second = issue(library.client, ada)["token"], issue(library.client, ada)["token"]

    def statuses() -> list[int]:
        return [server.client(one).get("/v1/ask/sessions").status_code for one in (first, second, other)]

    assert statuses() == [401, 200, 200]
    for _ in range(2):
        assert library.client.delete(f"/v1/end-users/{ada}/tokens").status_code == 204
        assert statuses() == [401, 401, 200]
    for method in ("POST", "DELETE"):
        assert library.client.request(method, "/v1/end-users/eu_nobody/tokens").status_code == 404


def test_only_one_of_concurrently_issued_tokens_is_valid(server: Server, library: Library) -> None:
    user = library.user()
    with ThreadPoolExecutor(8) as pool:
        tokens = [one["token"] for one in pool.map(lambda _: issue(library.client, user), range(16))]
    with server.client() as client:
        statuses = [
            client.get("/v1/ask/sessions", headers={"Authorization": f"Bearer {one}"}).status_code for one in tokens
        ]
    assert (statuses.count(200), statuses.count(401)) == (1, 15)


def test_repeating_a_token_issue_with_its_key_is_a_conflict_and_shows_nothing(library: Library) -> None:
    path = f"/v1/end-users/{library.user()}/tokens"
    first = library.client.post(path, headers={"Idempotency-Key": "once"})
    again = library.client.post(path, headers={"Idempotency-Key": "once"})
    assert (first.status_code, again.status_code) == (201, 409)
    assert error_of(again)["code"] == "conflict"
    assert "eut_" not in again.text


def test_a_token_has_the_mode_of_its_end_user_and_may_expire(server: Server, project: ProjectKeys) -> None:
    with server.client(project.test) as client:
        user = Library(client).user()
        made = issue(client, user, expires_at="2999-01-01T00:00:00+01:00")
        assert made["expires_at"] == "2998-12-31T23:00:00Z"
        past = client.post(f"/v1/end-users/{user}/tokens", json={"expires_at": "2001-01-01T00:00:00Z"})
        assert (past.status_code, error_of(past)["param"]) == (400, "expires_at")
    with server.client(made["token"]) as token:
        assert [one["id"] for one in token.get("/v1/end-users").json()["data"]] == [user]
    with server.client(project.live) as live:
        assert live.post(f"/v1/end-users/{user}/tokens").status_code == 404


def test_only_project_wide_keys_may_issue_tokens(server: Server, project: ProjectKeys, library: Library) -> None:
    user = library.user()
    with server.client(new_bound_key(server.place, project.id, user)) as bound:
        for method in ("POST", "DELETE"):
            assert bound.request(method, f"/v1/end-users/{user}/tokens").status_code == 403


# ---- console links ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two_workers(new_place: Callable[[], Place]) -> Iterator[Server]:
    with running(new_place(), "--workers", "2") as server:
        yield server


def send_code(server: Server, code: Any, *, source: str) -> httpx.Response:
    """Try a code from a loopback address; attempts are counted by address."""
    transport = httpx.HTTPTransport(local_address=source)
    with httpx.Client(transport=transport, base_url=server.base_url, timeout=60) as client:
        return client.post("/v1/console/sign-in", json={"code": code})


def new_code(place: Place, project_id: str) -> str:
    async def work(runtime: Runtime) -> str:
        return (await create_code(await get_tenant(runtime.operator, project_id, "live"))).secret

    return place.run(work)


def test_a_link_signs_in_once_with_a_key_of_twelve_hours(two_workers: Server) -> None:
    place = two_workers.place
    project = new_project(place)
    with two_workers.client(project.live) as client:
        user = Library(client).user(external_id="ada")
    url = place.cli("console-link", "--project", project.id, "--end-user", "ada").stdout.strip()
    address, _, code = url.partition("/console#code=")
    assert address == two_workers.base_url
    answer = send_code(two_workers, code, source="127.0.0.2")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"key", "expires_at"}
    with two_workers.client(answer.json()["key"]) as signed_in:
        assert [one["id"] for one in signed_in.get("/v1/end-users").json()["data"]] == [user]
    assert send_code(two_workers, code, source="127.0.0.2").status_code == 401
    shown = json.loads(place.cli("console-link", "--project", project.id, "--json").stdout)
    assert set(shown) == {"url", "expires_at"}
    listed = [
        json.loads(line) for line in place.cli("keys", "list", "--project", project.id, "--json").stdout.splitlines()
    ]
    signed = [one for one in listed if one["label"] == "console"]
    assert [(one["kind"], one["end_user_id"], one["expires_at"]) for one in signed] == [
        ("key", user, answer.json()["expires_at"])]  # fmt: skip


def test_a_code_sent_many_times_at_once_works_once_across_processes(two_workers: Server) -> None:
    code = new_code(two_workers.place, new_project(two_workers.place).id)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: send_code(two_workers, code, source="127.0.0.3"), range(10)))
    assert sorted(one.status_code for one in answers) == [200] + [401] * 9


def test_wrong_used_and_expired_codes_and_keys_look_the_same(
    two_workers: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = two_workers.place
    project = new_project(place)
    used = new_code(place, project.id)
    assert send_code(two_workers, used, source="127.0.0.4").status_code == 200
    monkeypatch.setattr(sign_in, "CODE_LIFE_US", 0)
    expired = new_code(place, project.id)
    bodies = []
    for code in (used, expired, "x" * 43, "", project.live):
        answer = send_code(two_workers, code or "0", source="127.0.0.4")
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        bodies.append(error_of(answer) | {"request_id": None})
    assert all(one == bodies[0] for one in bodies)
    for wrong in (5, None, "x" * 257):
        assert send_code(two_workers, wrong, source="127.0.0.4").status_code == 400
    with two_workers.client(expired) as client:
        assert client.get("/v1/ask/sessions").status_code == 401


def test_ten_tries_a_minute_and_no_more(two_workers: Server) -> None:
    numbers = itertools.count(10)

    def guess() -> None:
        source, other = f"127.0.5.{next(numbers)}", f"127.0.6.{next(numbers)}"
        statuses = [send_code(two_workers, f"guess {number}", source=source).status_code for number in range(12)]
        assert statuses == [401] * 10 + [429] * 2
        refused = send_code(two_workers, "guess", source=source)
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert send_code(two_workers, "guess", source=other).status_code == 401

    in_one_minute(guess)


# ---- last use --------------------------------------------------------------------------------------


def test_the_time_of_last_use_is_stored_when_the_server_stops(fresh_place: Place) -> None:
    project = new_project(fresh_place)
    with running(fresh_place) as server, server.client(project.live) as client:
        assert client.get("/v1/ask/sessions").status_code == 200
    listed = [
        json.loads(line)
        for mode in ("live", "test")
        for line in fresh_place.cli(
            "keys", "list", "--project", project.id, "--mode", mode, "--json"
        ).stdout.splitlines()
    ]
    assert [one["last_used_at"] is None for one in listed] == [False, True]
