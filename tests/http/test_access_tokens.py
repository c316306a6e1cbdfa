"""Access tokens: restricted keys that a person makes for assistants and apps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.http.conftest import TALK, Library, error_of
from tests.server import ProjectKeys, Server, new_bound_key

PATH = "/v1/access-tokens"


@pytest.fixture
def user(library: Library) -> str:
    return library.user()


@pytest.fixture
def person(server: Server, project: ProjectKeys, user: str) -> Iterator[httpx.Client]:
    with server.client(new_bound_key(server.place, project.id, user)) as one:
        yield one


def made(person: httpx.Client, **fields: Any) -> dict[str, Any]:
    answer = person.post(PATH, json={"name": "Claude on my laptop", **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_token_asks_and_reads_for_its_person_only(
    server: Server, library: Library, person: httpx.Client, user: str
) -> None:
    mine, foreign = library.recording(user, TALK), library.recording(library.user(), TALK)
    token = made(person)
    assert token["token"].startswith("rk_live_")
    assert token["hint"] == token["token"][-4:]
    assert token["end_user_id"] == user
    assert token["expires_at"][:10] == in_days(90)[:10]
    with server.client(token["token"]) as app:
        assert [one["id"] for one in app.get("/v1/recordings").json()["data"]] == [mine]
        assert app.get(f"/v1/recordings/{foreign}").status_code == 404
        assert app.post("/v1/recordings", json={}).status_code == 403
        asked = app.post("/v1/ask/sessions", json={"scope": {"type": "library"}})
        assert asked.status_code == 201


def test_a_token_has_the_scopes_that_were_asked_for(server: Server, person: httpx.Client) -> None:
    token = made(person, scopes=["recordings:read"], expires_at=in_days(2))
    assert (token["scopes"], token["expires_at"]) == (["recordings:read"], in_days(2))
    with server.client(token["token"]) as app:
        assert app.get("/v1/recordings").status_code == 200
        assert error_of(app.get("/v1/folders"))["details"] == {"scope": "folders:read"}


def test_tokens_are_listed_newest_first_without_secrets_and_revoked(server: Server, person: httpx.Client) -> None:
    tokens = [made(person, name=f"App {number}") for number in range(3)]
    first = person.get(PATH, params={"limit": 2}).json()
    rest = person.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]}).json()
    rows = first["data"] + rest["data"]
    assert [one["name"] for one in rows] == ["App 2", "App 1", "App 0"]
    assert rest["next_cursor"] is None
    assert rows == [{name: one[name] for name in one if name != "token"} for one in tokens[::-1]]
    assert person.delete(f"{PATH}/{tokens[1]['id']}").status_code == 204
    assert person.delete(f"{PATH}/{tokens[1]['id']}").status_code == 404
    assert [one["name"] for one in person.get(PATH).json()["data"]] == ["App 2", "App 0"]
    with server.client(tokens[1]["token"]) as app:
        assert app.get("/v1/recordings").status_code == 401
    with server.client(tokens[0]["token"]) as app:
        assert app.get("/v1/recordings").status_code == 200


def test_a_person_has_at_most_twenty(person: httpx.Client) -> None:
    ids = [made(person)["id"] for _ in range(20)]
    refused = person.post(PATH, json={"name": "One more"})
    assert (refused.status_code, error_of(refused)["code"]) == (409, "conflict")
    person.delete(f"{PATH}/{ids[0]}")
    made(person)


def test_tokens_and_restricted_and_project_wide_keys_make_none(
    server: Server, project: ProjectKeys, client: httpx.Client, person: httpx.Client, user: str
) -> None:
    eut = client.post(f"/v1/end-users/{user}/tokens").json()["token"]
    for secret in (project.live, eut, made(person)["token"]):
        with server.client(secret) as one:
            for answer in (one.post(PATH, json={"name": "x"}), one.get(PATH), one.delete(f"{PATH}/key_a")):
                assert (answer.status_code, error_of(answer)["code"]) == (403, "forbidden")


def test_another_persons_token_does_not_exist(
    server: Server, project: ProjectKeys, library: Library, person: httpx.Client
) -> None:
    token = made(person)
    with server.client(new_bound_key(server.place, project.id, library.user())) as other:
        assert other.get(PATH).json()["data"] == []
        assert other.delete(f"{PATH}/{token['id']}").status_code == 404
        assert other.delete(f"{PATH}/tok_a").status_code == 404


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"name": ""}, "name"), ({"name": " "}, "name"), ({"name": "x" * 101}, "name"), ({"name": None}, "name"),
        ({"scopes": []}, "scopes"), ({"scopes": ["everything"]}, "scopes.0"), ({"scopes": "ask:read"}, "scopes"),
        ({"expires_at": in_days(-1)}, "expires_at"), ({"expires_at": in_days(400)}, "expires_at"),
        ({"expires_at": "tomorrow"}, "expires_at"),
    ],
    ids=str,
)  # fmt: skip
def test_wrong_fields_are_named(person: httpx.Client, fields: dict[str, Any], param: str) -> None:
    refused = person.post(PATH, json={"name": "x", **fields})
    assert (refused.status_code, error_of(refused)["param"]) == (400, param)
    assert person.get(PATH).json()["data"] == []


def test_a_repeated_request_makes_one_token_and_shows_it_once(person: httpx.Client) -> None:
    headers = {"Idempotency-Key": "once"}
    assert person.post(PATH, json={"name": "x"}, headers=headers).status_code == 201
    again = person.post(PATH, json={"name": "x"}, headers=headers)
    assert (again.status_code, error_of(again)["code"]) == (409, "conflict")
    assert len(person.get(PATH).json()["data"]) == 1


def test_tokens_end_with_their_person_and_survive_a_new_end_user_token(
    server: Server, client: httpx.Client, person: httpx.Client, user: str
) -> None:
    token = made(person)["token"]
    client.post(f"/v1/end-users/{user}/tokens")
    with server.client(token) as app:
        assert app.get("/v1/recordings").status_code == 200
        assert client.delete(f"/v1/end-users/{user}").status_code == 204
        assert app.get("/v1/recordings").status_code == 401


def test_creating_and_revoking_is_in_the_audit_trail(
    server: Server, project: ProjectKeys, person: httpx.Client
) -> None:
    token = made(person)
    person.delete(f"{PATH}/{token['id']}")
    lines = server.place.cli("audit", "export", "--project", project.id).stdout.splitlines()
    events = [one for one in map(json.loads, lines) if one["object_id"] == token["id"]]
    assert [one["action"] for one in events] == ["access_token.created", "access_token.revoked"]
    assert all(one["actor"].startswith("key_") for one in events)
