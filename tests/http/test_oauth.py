"""OAuth for assistants: a client registers, a person consents, tokens work at `/mcp` only, and end when they should."""

from __future__ import annotations

import re
from typing import Any

import httpx

from earmark.identity.audit import walk_events
from earmark.identity.projects import get_tenant
from earmark.runtime import Runtime
from tests.assistants import assistant, call_of, post, rpc, use
from tests.http.conftest import TALK, Library, error_of
from tests.http.oauth_app import CALLBACK, App, consent, parameters, refused
from tests.http.oauth_app import app as app
from tests.http.oauth_app import client_id as client_id
from tests.http.oauth_app import person as person
from tests.http.oauth_app import tokens as tokens
from tests.http.oauth_app import user as user
from tests.server import ProjectKeys, Server

# ---- how a client finds its way -------------------------------------------------------------------


def test_a_client_that_knows_only_the_address_finds_its_way(server: Server) -> None:
    with server.client() as http:
        refused = post(http, rpc("tools/list"))
        assert refused.status_code == 401
        challenge = refused.headers["www-authenticate"]
        (where,) = re.findall(r'^Bearer resource_metadata="([^"]+)"$', challenge)
        resource = http.get(where).json()
        assert resource["resource"] == f"{server.base_url}/mcp"
        (issuer,) = resource["authorization_servers"]
        known = http.get(f"{issuer}/.well-known/oauth-authorization-server").json()
        assert known["issuer"] == issuer == server.base_url
        assert known["code_challenge_methods_supported"] == ["S256"]
        assert known["token_endpoint_auth_methods_supported"] == ["none"]
        assert known["client_id_metadata_document_supported"] is True
        assert known["authorization_response_iss_parameter_supported"] is True
        for name in ("authorization", "token", "registration", "revocation"):
            assert known[f"{name}_endpoint"].startswith(f"{issuer}/oauth/")
        assert http.get("/v1/recordings").headers["www-authenticate"] == "Bearer"


def test_the_link_leads_to_the_consoles_page_and_nowhere_else(app: App) -> None:
    opened = app.http.get("/oauth/authorize", params={**app.link, "redirect_uri": "https://evil.example/"})
    assert opened.status_code == 302
    path, _, query = opened.headers["location"].partition("?")
    assert path == "/console/connect"
    assert parameters(f"?{query}")["redirect_uri"] == "https://evil.example/"
    assert app.http.post("/oauth/authorize", data=app.link).headers["location"].startswith("/console/connect?")
    twice = app.http.get("/oauth/authorize?client_id=a&client_id=b")
    assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")


async def test_a_person_connects_an_assistant_and_it_answers(
    server: Server, library: Library, app: App, user: str, person: httpx.Client
) -> None:
    library.recording(user, TALK, name="Lantern call")
    shown = person.get("/v1/oauth/consents", params=app.link).json()
    assert (shown["client_name"], shown["redirect_host"], shown["is_document"]) == ("Lantern", "127.0.0.1", False)
    assert "ask:write" in shown["scopes"]
    came = consent(person, app.link)
    assert (came["state"], came["iss"]) == ("st4te", server.base_url)
    given = app.exchange(came["code"])
    assert given.headers["cache-control"] == "no-store"
    body = given.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    assert re.match(r"oat_[A-Za-z0-9]{43}\Z", body["access_token"])
    assert re.match(r"ort_[A-Za-z0-9]{43}\Z", body["refresh_token"])
    async with assistant(server, body["access_token"]) as client:
        answer = await use(client, "ask", question="When is the launch of the lantern?")
        assert answer["answered"] == "yes"
        assert (await use(client, "list_my_recordings"))["data"][0]["name"] == "Lantern call"


def test_an_access_token_is_valid_at_mcp_only(app: App, tokens: dict[str, Any]) -> None:
    assert app.calls(tokens["access_token"]) == 200
    for token in (tokens["access_token"], tokens["refresh_token"]):
        refused = app.http.get("/v1/recordings", headers={"Authorization": f"Bearer {token}"})
        assert (refused.status_code, error_of(refused)["code"]) == (401, "unauthorized")
    assert app.calls(tokens["refresh_token"]) == 401


def test_a_token_has_the_scopes_that_were_consented_to(app: App, person: httpx.Client) -> None:
    came = consent(person, {**app.link, "scope": "recordings:read offline_access end_users:write"})
    given = app.exchange(came["code"]).json()
    assert given["scope"] == "recordings:read"
    listed = post(app.http, rpc("tools/list"), Authorization=f"Bearer {given['access_token']}").json()
    names = {one["name"] for one in listed["result"]["tools"]}
    assert names == {"search", "search_moments", "list_my_recordings", "get_my_recording"}


def test_a_project_wide_sign_in_chooses_the_person(
    client: httpx.Client, library: Library, app: App, user: str, person: httpx.Client
) -> None:
    asked = client.post("/v1/oauth/consents", json={**app.link, "approved": True})
    assert (asked.status_code, error_of(asked)["param"]) == (400, "end_user_id")
    gone = client.post("/v1/oauth/consents", json={**app.link, "approved": True, "end_user_id": "eu_" + "x" * 24})
    assert gone.status_code == 404
    given = app.exchange(consent(client, app.link, end_user_id=user)["code"]).json()
    library.recording(user, TALK, name="Theirs")
    library.recording(library.user(), TALK, name="Another's")
    sent = post(app.http, call_of("list_my_recordings"), Authorization=f"Bearer {given['access_token']}").json()
    assert [one["name"] for one in sent["result"]["structuredContent"]["data"]] == ["Theirs"]
    (grant,) = person.get("/v1/oauth/grants").json()["data"]
    assert grant["end_user_id"] == user


def test_a_person_who_refuses_is_sent_back_without_a_code(app: App, person: httpx.Client) -> None:
    answer = person.post("/v1/oauth/consents", json={**app.link, "approved": False}).json()
    assert answer["redirect_to"].startswith(f"{CALLBACK}?")
    came = parameters(answer["redirect_to"])
    assert came == {"error": "access_denied", "state": "st4te", "iss": app.base_url}
    assert person.get("/v1/oauth/grants").json()["data"] == []


# ---- ending ---------------------------------------------------------------------------------------


def test_a_grant_is_listed_and_revoked(app: App, tokens: dict[str, Any], person: httpx.Client) -> None:
    (grant,) = person.get("/v1/oauth/grants").json()["data"]
    assert (grant["client_name"], grant["client_id"]) == ("Lantern", app.id)
    assert grant["last_used_at"] is not None
    assert person.delete(f"/v1/oauth/grants/{grant['id']}").status_code == 204
    assert app.calls(tokens["access_token"]) == 401
    assert refused(app.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert person.delete(f"/v1/oauth/grants/{grant['id']}").status_code == 404
    assert person.get("/v1/oauth/grants").json()["data"] == []


def test_a_project_narrows_grants_to_one_person_and_a_person_sees_their_own(
    client: httpx.Client, app: App, tokens: dict[str, Any], person: httpx.Client, user: str, library: Library
) -> None:
    other = library.user()

    def listed(caller: httpx.Client, end_user: str) -> list[str]:
        found = caller.get("/v1/oauth/grants", params={"end_user_id": end_user}).json()["data"]
        return [one["end_user_id"] for one in found]

    assert (listed(client, user), listed(client, other), listed(person, user), listed(person, other)) == (
        [user], [], [user], [user])  # fmt: skip


def test_a_client_gives_its_tokens_back(app: App, person: httpx.Client, tokens: dict[str, Any]) -> None:
    def revoke(token: str, client_id: str = app.id) -> int:
        return app.http.post("/oauth/revoke", data={"token": token, "client_id": client_id}).status_code

    assert revoke("nothing") == 200
    assert revoke(tokens["refresh_token"], "oac_" + "x" * 24) == 200
    assert app.calls(tokens["access_token"]) == 200
    assert revoke(tokens["access_token"]) == 200
    assert app.calls(tokens["access_token"]) == 401
    fresh = app.refresh(tokens["refresh_token"]).json()
    assert revoke(fresh["refresh_token"]) == 200
    assert app.calls(fresh["access_token"]) == 401


def test_a_refresh_may_narrow_the_scope_and_never_widen_it(app: App, tokens: dict[str, Any]) -> None:
    assert refused(app.refresh(tokens["refresh_token"], scope="recordings:write")) == "invalid_scope"
    narrow = app.refresh(tokens["refresh_token"], scope="recordings:read").json()
    assert narrow["scope"] == "recordings:read"
    assert "ask:write" in app.refresh(narrow["refresh_token"]).json()["scope"]


def test_the_persons_erasure_ends_the_grant(client: httpx.Client, app: App, tokens: dict[str, Any], user: str) -> None:
    assert client.delete(f"/v1/end-users/{user}").status_code == 204
    assert app.calls(tokens["access_token"]) == 401
    assert refused(app.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert client.get("/v1/oauth/grants").json()["data"] == []


def test_every_grant_is_in_the_audit_trail(
    server: Server, project: ProjectKeys, app: App, person: httpx.Client, tokens: dict[str, Any]
) -> None:
    (grant,) = person.get("/v1/oauth/grants").json()["data"]
    app.refresh(tokens["refresh_token"])
    app.refresh(tokens["refresh_token"])

    async def read(runtime: Runtime) -> list[tuple[str, str]]:
        tenant = await get_tenant(runtime.operator, project.id, "live")
        return [(one.action, one.actor) async for one in walk_events(tenant) if one.object_id == grant["id"]]

    created, revoked = server.place.run(read)
    assert created[0] == "oauth_grant.created"
    assert created[1].startswith("key_")
    assert revoked == ("oauth_grant.revoked", "earmark")


def test_no_secret_is_stored(server: Server, app: App, tokens: dict[str, Any]) -> None:
    for path in server.place.data_dir.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            for name in ("access_token", "refresh_token"):
                assert tokens[name].encode() not in held, path
