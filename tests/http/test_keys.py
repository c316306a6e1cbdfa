"""A project's owners create, list and revoke its keys over HTTP, and read its audit trail."""

from __future__ import annotations

import httpx
import pytest

from tests.http.conftest import Library, error_of
from tests.server import ProjectKeys, Server


def test_a_key_works_until_it_is_revoked_and_its_secret_is_shown_once(server: Server, client: httpx.Client) -> None:
    made = client.post("/v1/keys", json={"label": "Billing", "scopes": ["recordings:read"]})
    assert made.status_code == 201, made.text
    key = made.json()
    assert key["key"].startswith("rk_live_")
    assert (key["label"], key["scopes"], key["mode"]) == ("Billing", ["recordings:read"], "live")
    listed = {one["id"]: one for one in client.get("/v1/keys").json()["data"]}
    assert listed[key["id"]] == {name: value for name, value in key.items() if name != "key"}
    with server.client(key["key"]) as one:
        assert one.get("/v1/recordings").status_code == 200
        assert one.get("/v1/folders").status_code == 403
        assert client.delete(f"/v1/keys/{key['id']}").status_code == 204
        assert one.get("/v1/recordings").status_code == 401
    shown = next(one for one in client.get("/v1/keys").json()["data"] if one["id"] == key["id"])
    assert shown["revoked_at"] is not None
    assert client.delete(f"/v1/keys/{key['id']}").status_code == 204


def test_a_bound_key_acts_for_its_person_and_cannot_make_others(
    server: Server, client: httpx.Client, library: Library
) -> None:
    user, other = library.user(), library.user()
    library.recording(other)
    key = client.post("/v1/keys", json={"end_user_id": user}).json()
    assert (key["end_user_id"], key["scopes"]) == (user, None)
    with server.client(key["key"]) as one:
        assert one.get("/v1/recordings").json()["data"] == []
        for method, path in (("POST", "/v1/keys"), ("GET", "/v1/keys"), ("GET", "/v1/audit-events")):
            refused = one.request(method, path, json={} if method == "POST" else None)
            assert (refused.status_code, error_of(refused)["code"]) == (403, "forbidden")
    nobody = client.post("/v1/keys", json={"end_user_id": "eu_" + "x" * 24})
    assert nobody.status_code == 404


def test_a_key_of_the_other_mode_is_refused_and_not_made_of_ones_own(server: Server, project: ProjectKeys) -> None:
    for key, own, other in ((project.live, "live", "test"), (project.test, "test", "live")):
        with server.client(key) as one:
            refused = one.post("/v1/keys", json={"mode": other})
            error = error_of(refused)
            assert (refused.status_code, error["code"], error["param"]) == (400, "invalid_request", "mode")
            assert one.post("/v1/keys", json={"mode": own}).json()["key"].startswith(f"sk_{own}_")
            assert one.post("/v1/keys", json={"mode": "both"}).status_code == 400


def test_a_persons_token_is_told_that_it_can_never_do_what_is_for_the_project(
    server: Server, client: httpx.Client, library: Library
) -> None:
    token = client.post(f"/v1/end-users/{library.user()}/tokens", json={}).json()["token"]
    with server.client(token) as one:
        for path in ("/v1/webhook-endpoints", "/v1/keys"):
            refused = one.get(path)
            assert (refused.status_code, error_of(refused)["code"]) == (403, "forbidden")
            assert "end user's credential" in error_of(refused)["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"scopes": []}, {"scopes": ["everything"]}, {"label": ""}, {"label": "x" * 256}, {"end_user_id": "nobody"},
        {"expires_at": "2020-01-01T00:00:00Z"},
    ],
)  # fmt: skip
def test_a_key_that_makes_no_sense_is_refused(client: httpx.Client, body: dict[str, object]) -> None:
    assert client.post("/v1/keys", json=body).status_code == 400


def test_keys_are_walked_newest_first_and_hold_nothing_of_links_or_sign_ins(
    client: httpx.Client, library: Library
) -> None:
    made = [client.post("/v1/keys", json={"label": str(number)}).json()["id"] for number in range(4)]
    talk = [{"start": 0, "end": 1, "text": "The lantern."}]
    share = client.post("/v1/shares", json={"recording_id": library.recording(library.user(), talk)}).json()
    walked: list[str] = []
    cursor = None
    while True:
        page = client.get("/v1/keys", params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        walked += [one["id"] for one in page["data"]]
        if not page["has_more"]:
            break
        cursor = page["next_cursor"]
    assert walked[:4] == made[::-1]
    assert len(set(walked)) == len(walked) == 5  # with the project's own
    assert share["id"] not in walked


def test_the_audit_trail_is_walked_newest_first_and_says_which_key_did_it(
    server: Server, project: ProjectKeys, client: httpx.Client
) -> None:
    key = client.post("/v1/keys", json={}).json()
    client.delete(f"/v1/keys/{key['id']}")
    page = client.get("/v1/audit-events", params={"limit": 1}).json()
    rest = client.get("/v1/audit-events", params={"limit": 100, "cursor": page["next_cursor"]}).json()
    events = page["data"] + rest["data"]
    assert [one["seq"] for one in events] == sorted((one["seq"] for one in events), reverse=True)
    assert [(one["action"], one["object_id"]) for one in events[:2]] == [
        ("key.revoked", key["id"]), ("key.created", key["id"]),
    ]  # fmt: skip
    own = next(one["id"] for one in client.get("/v1/keys").json()["data"] if one["id"] != key["id"])
    assert {one["actor"] for one in events[:2]} == {own}
    with server.client(project.test) as test:
        assert key["id"] not in {one["object_id"] for one in test.get("/v1/audit-events").json()["data"]}
