"""OAuth against those who replay, guess, redirect and borrow."""

from __future__ import annotations

import secrets
from typing import Any

import httpx
import pytest

from tests.http.conftest import Library, error_of
from tests.http.oauth_app import CALLBACK, FORM, App, consent, parameters, refused, register
from tests.http.oauth_app import app as app
from tests.http.oauth_app import client_id as client_id
from tests.http.oauth_app import person as person
from tests.http.oauth_app import tokens as tokens
from tests.http.oauth_app import user as user
from tests.server import Place, ProjectKeys, Server, new_bound_key, new_project, running

# ---- hostile ones ---------------------------------------------------------------------------------


def test_a_code_that_is_used_again_ends_the_grant(app: App, person: httpx.Client) -> None:
    code = consent(person, app.link)["code"]
    given = app.exchange(code).json()
    assert app.calls(given["access_token"]) == 200
    assert refused(app.exchange(code)) == "invalid_grant"
    assert app.calls(given["access_token"]) == 401
    assert refused(app.refresh(given["refresh_token"])) == "invalid_grant"
    assert person.get("/v1/oauth/grants").json()["data"] == []


def test_a_refresh_token_that_is_used_again_ends_the_grant(
    app: App, tokens: dict[str, Any], person: httpx.Client
) -> None:
    fresh = app.refresh(tokens["refresh_token"]).json()
    assert fresh["refresh_token"] != tokens["refresh_token"]
    assert app.calls(fresh["access_token"]) == 200
    assert refused(app.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert app.calls(fresh["access_token"]) == app.calls(tokens["access_token"]) == 401
    assert refused(app.refresh(fresh["refresh_token"])) == "invalid_grant"


def test_a_code_needs_its_verifier_client_and_address(server: Server, app: App, person: httpx.Client) -> None:
    code = consent(person, app.link)["code"]
    other = register(app.http).json()["client_id"]
    for wrong in (
        {"code_verifier": secrets.token_urlsafe(48)},
        {"code_verifier": "short"},
        {"code_verifier": app.link["code_challenge"]},
        {"client_id": other},
        {"redirect_uri": f"{CALLBACK}/"},
        {"redirect_uri": CALLBACK.replace("40997", "40996")},
        {"code": code[:-1] + ("a" if code[-1] != "a" else "b")},
    ):
        assert refused(app.exchange(**{"code": code, **wrong})) == "invalid_grant"
    assert refused(app.exchange(code, resource=f"{server.base_url}/v1")) == "invalid_target"
    assert app.exchange(code).status_code == 200


def test_credentials_of_one_kind_are_no_others(
    app: App, tokens: dict[str, Any], person: httpx.Client, project: ProjectKeys
) -> None:
    code = consent(person, app.link)["code"]
    for token in (code, tokens["access_token"], project.live):
        assert refused(app.refresh(token)) == "invalid_grant"
    for given in (tokens["refresh_token"], tokens["access_token"], project.live):
        assert refused(app.exchange(given)) == "invalid_grant"
    assert app.calls(code) == 401
    assert app.calls(tokens["access_token"]) == 200
    signed = app.http.post("/v1/console/sign-in", json={"code": code})
    assert signed.status_code == 401


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/callback", "http://127.0.0.1:40997/callback/../evil", "http://127.0.0.1:40997/callback?a=b",
        "http://127.0.0.1@evil.example/callback", "http://localhost:40997/callback", "http://evil.example:40997/callback",
        "javascript:alert(1)", "//evil.example/callback", "http://127.0.0.1:40997/callback#x", "",
        "https://127.0.0.1:40997/callback", "http://127.0.0.1:40997\\@evil.example/callback",
    ],
)  # fmt: skip
def test_nobody_is_sent_to_an_address_that_the_client_does_not_list(app: App, person: httpx.Client, uri: str) -> None:
    for approved in (True, False):
        answer = person.post("/v1/oauth/consents", json={**app.link, "redirect_uri": uri, "approved": approved})
        assert (answer.status_code, error_of(answer)["param"]) == (400, "redirect_uri")
        assert "details" not in error_of(answer)


def test_a_client_on_this_machine_may_change_its_port(app: App, person: httpx.Client) -> None:
    app.redirect_uri = CALLBACK.replace(":40997", ":51234")
    assert app.exchange(consent(person, app.link)["code"]).status_code == 200


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"resource": "https://other.example/mcp"}, "invalid_target"),
        ({"resource": None}, "invalid_target"),
        ({"scope": "webhooks:write"}, "invalid_scope"),
    ],
)
def test_the_client_is_told_of_what_it_may_not_ask(
    app: App, person: httpx.Client, changed: dict[str, Any], error: str
) -> None:
    answer = person.post("/v1/oauth/consents", json={**app.link, **changed, "approved": True})
    assert answer.status_code == 400
    to = error_of(answer)["details"]["redirect_to"]
    assert to.startswith(f"{CALLBACK}?")
    came = parameters(to)
    assert (came["error"], came["state"], came["iss"]) == (error, "st4te", app.base_url)
    assert "code" not in came


def test_consent_needs_a_credential_that_no_page_can_borrow(
    server: Server, project: ProjectKeys, app: App, person: httpx.Client, user: str, client: httpx.Client
) -> None:
    """A consent needs a key, or the console's cookie with its header: a page of another origin can send neither."""
    body = {**app.link, "approved": True}
    assert app.http.post("/v1/oauth/consents", json=body).status_code == 401
    crossed = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert app.http.post("/v1/oauth/consents", json=body, headers=crossed).status_code == 401
    assert person.post("/v1/oauth/consents", data=body).status_code == 415
    assert "set-cookie" not in person.post("/v1/oauth/consents", json=body).headers
    eut = client.post(f"/v1/end-users/{user}/tokens").json()["token"]
    narrow = new_bound_key(server.place, project.id, user, scopes=frozenset({"ask:write"}))
    for secret in (eut, narrow):
        with server.client(secret) as weak:
            assert weak.post("/v1/oauth/consents", json=body).status_code == 403
            assert weak.get("/v1/oauth/grants").status_code == 403


def test_a_kept_answer_holds_no_code(app: App, person: httpx.Client) -> None:
    key = {"Idempotency-Key": "consent"}
    body = {**app.link, "approved": True}
    assert person.post("/v1/oauth/consents", json=body, headers=key).status_code == 200
    again = person.post("/v1/oauth/consents", json=body, headers=key)
    assert (again.status_code, error_of(again)["code"]) == (409, "conflict")


def test_forms_that_are_wrong_are_refused_as_oauth_says(app: App) -> None:
    assert refused(app.token(grant_type="password", username="a", password="b")) == "unsupported_grant_type"
    assert refused(app.token(grant_type="authorization_code")) == "invalid_request"
    assert refused(app.http.post("/oauth/token", data={"grant_type": "refresh_token"})) == "invalid_request"
    twice = app.http.post("/oauth/token", content=b"client_id=a&client_id=b", headers=FORM)
    assert refused(twice) == "invalid_request"
    assert refused(app.http.post("/oauth/token", content=b"client_id=%ff", headers=FORM)) == "invalid_request"
    assert app.http.post("/oauth/token", json={"client_id": app.id}).status_code == 415
    assert app.http.get("/oauth/token").status_code == 405


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://evil.example/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["data:text/html,x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": [CALLBACK] * 11}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://a.example/"}, "invalid_redirect_uri"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "invalid_client_metadata"),
        ({"client_name": 5}, "invalid_client_metadata"),
    ],
)
def test_clients_that_are_unsafe_are_not_registered(server: Server, metadata: dict[str, Any], error: str) -> None:
    with server.client() as http:
        assert refused(register(http, **metadata)) == error


def test_an_address_registers_twenty_clients_an_hour(fresh_place: Place) -> None:
    with running(fresh_place) as server, server.client() as http:
        answers = [register(http).status_code for _ in range(22)]
        assert answers == [201] * 20 + [429] * 2
        late = register(http)
        assert (late.json()["error"], late.headers["retry-after"]) == ("temporarily_unavailable", "3600")


def test_a_name_can_not_hide_what_it_says(server: Server, person: httpx.Client, app: App) -> None:
    hidden = "".join(map(chr, (0x202E, 0x200B, 7)))
    app.id = register(app.http, client_name=f"Lan{hidden}tern {'x' * 200}").json()["client_id"]
    shown = person.get("/v1/oauth/consents", params=app.link).json()
    assert shown["client_name"].startswith("Lantern xxx")
    assert len(shown["client_name"]) <= 100


def test_a_client_counts_for_its_address_until_it_has_tokens_whatever_was_sent_in_its_name(fresh_place: Place) -> None:
    """A consent that fails, or whose code is never exchanged, is no use of the client."""
    project = new_project(fresh_place)
    with running(fresh_place) as server, server.client() as http, server.client(project.live) as owner:
        ids = [register(http).json()["client_id"] for _ in range(20)]
        app = App(http, server.base_url, ids[0], CALLBACK, secrets.token_urlsafe(48))
        nobody = {**app.link, "approved": True, "end_user_id": "eu_" + "x" * 24}
        assert owner.post("/v1/oauth/consents", json=nobody).status_code == 404
        assert register(http).status_code == 429
        code = consent(owner, app.link, end_user_id=Library(owner).user())["code"]
        assert refused(app.exchange("oac_" + "x" * 43)) == "invalid_grant"
        assert register(http).status_code == 429
        assert app.exchange(code).status_code == 200
        assert register(http).status_code == 201
