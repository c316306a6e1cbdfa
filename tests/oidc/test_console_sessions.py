"""Console sessions: when the cookie stands for a credential, and how it ends."""

from __future__ import annotations

import sqlite3

import httpx
import pytest

from earmark.clock import now_us
from earmark.identity import console_sessions
from earmark.identity.console_sessions import create_console_session, end_device, list_devices
from earmark.identity.keys import as_authorization, create_key, find_refused, list_keys
from earmark.identity.projects import create_project, get_tenant
from earmark.runtime import Runtime
from tests.clock import Clock
from tests.http.conftest import error_of
from tests.oidc.conftest import SignInPlace
from tests.oidc.provider import Browser

FROM_CONSOLE = {"Sec-Fetch-Site": "same-origin", "X-Earmark-CSRF": "1"}


@pytest.fixture
def browser(site: SignInPlace) -> Browser:
    """A person who has signed in."""
    one = site.browser()
    assert one.sign_in(company="example", name="Ada").headers["location"] == "/console"
    return one


@pytest.fixture
def owner(site: SignInPlace) -> Browser:
    """An owner who has signed in."""
    one = site.browser()
    assert one.sign_in(groups=["owners"]).headers["location"] == "/console"
    return one


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"X-Earmark-CSRF": "1"},
        {"X-Earmark-CSRF": "", "Sec-Fetch-Site": "same-origin"},
        {"X-Earmark-CSRF": "true", "Sec-Fetch-Site": "same-origin"},
        *({**FROM_CONSOLE, "Sec-Fetch-Site": site} for site in ("cross-site", "same-site", "none", "")),
    ],
)
def test_the_cookie_alone_is_no_credential(browser: Browser, headers: dict[str, str]) -> None:
    for method, path in (("GET", "/v1/recordings"), ("POST", "/v1/recordings")):
        answer = browser.client.request(method, path, json={} if method == "POST" else None, headers=headers)
        assert (answer.status_code, error_of(answer)["code"]) == (401, "unauthorized")
    assert browser.client.get("/v1/console/sign-in", headers=headers).json()["is_signed_in"] is False
    signed_out = browser.client.post("/auth/sign-out", headers=headers)
    assert (signed_out.status_code, error_of(signed_out)["code"]) == (403, "forbidden")
    assert browser.call("GET", "/v1/recordings").status_code == 200


def test_a_second_cookie_of_that_name_makes_both_void(browser: Browser) -> None:
    sent = {**FROM_CONSOLE, "Cookie": f"earmark-session=csn_{'x' * 43}; earmark-session={browser.session}"}
    assert httpx.get(f"{browser.base_url}/v1/recordings", headers=sent).status_code == 401


def test_authorization_wins_over_the_cookie_even_if_it_is_wrong(site: SignInPlace, browser: Browser) -> None:
    as_owner = {"Authorization": f"Bearer {site.project.live}"}
    assert browser.call("GET", "/v1/keys", headers=as_owner).status_code == 200
    assert browser.call("GET", "/v1/keys").status_code == 403
    for wrong in ("Bearer sk_live_" + "x" * 43, "", "Basic YTpi"):
        assert browser.call("GET", "/v1/recordings", headers={"Authorization": wrong}).status_code == 401


def test_a_sessions_secret_is_no_key_and_opens_nothing_outside_v1(browser: Browser) -> None:
    assert browser.session is not None
    for value in (f"Bearer {browser.session}", f"Session {browser.session}", browser.session):
        answer = httpx.get(f"{browser.base_url}/v1/recordings", headers={"Authorization": value})
        assert answer.status_code == 401
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    assert browser.call("POST", "/mcp", json=call).status_code == 401
    link = {**FROM_CONSOLE, "Cookie": f"earmark-session={'y' * 47}"}
    assert httpx.get(f"{browser.base_url}/v1/recordings", headers=link).status_code == 401


def test_another_origin_is_never_allowed_to_send_cookies(browser: Browser) -> None:
    answer = browser.call("GET", "/v1/recordings", headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-credentials" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers


def test_signing_out_ends_the_session_and_is_audited(site: SignInPlace, browser: Browser) -> None:
    cookie = {**FROM_CONSOLE, "Cookie": f"earmark-session={browser.session}"}
    answer = browser.call("POST", "/auth/sign-out")
    assert answer.status_code == 204
    assert answer.headers["set-cookie"].startswith("earmark-session=; Path=/; Max-Age=0")
    assert browser.session is None
    assert httpx.get(f"{browser.base_url}/v1/recordings", headers=cookie).status_code == 401
    assert browser.call("POST", "/auth/sign-out").status_code == 204
    with site.owner() as owner:
        events = owner.get("/v1/audit-events").json()["data"][:2]
    assert [one["action"] for one in events] == ["console.signed_out", "console.signed_in"]
    assert events[1]["actor"] == "oidc:company"
    assert events[0]["object_id"] == events[0]["actor"] == events[1]["object_id"]


def test_devices_are_listed_and_signed_out_by_their_person_and_by_owners(
    site: SignInPlace, browser: Browser, owner: Browser
) -> None:
    phone = site.browser()
    phone.client.headers["User-Agent"] = "Mozilla/5.0 (Linux; Android 16) Gecko/146.0 Firefox/146.0"
    phone.sign_in(company="example", name="Ada")
    mine = browser.call("GET", "/v1/console/sessions").json()["data"]
    assert [one["is_current"] for one in mine].count(True) == 1
    newest = mine[0]
    assert (newest["kind"], newest["label"]) == ("session", "Firefox on Android · Ada · Example Company")
    assert newest["is_current"] is False
    all_of_them = owner.call("GET", "/v1/console/sessions", params={"limit": 100}).json()["data"]
    owners = [one for one in all_of_them if one["end_user_id"] is None]
    assert {one["id"] for one in mine} < {one["id"] for one in all_of_them}
    assert browser.call("DELETE", f"/v1/console/sessions/{owners[0]['id']}").status_code == 404
    assert browser.call("DELETE", f"/v1/console/sessions/{newest['id']}").status_code == 204
    assert phone.call("GET", "/v1/recordings").status_code == 401
    assert browser.call("DELETE", f"/v1/console/sessions/{newest['id']}").status_code == 404
    current = next(one["id"] for one in mine if one["is_current"])
    assert owner.call("DELETE", f"/v1/console/sessions/{current}").status_code == 204
    assert browser.call("GET", "/v1/recordings").status_code == 401
    keys = owner.call("GET", "/v1/keys", params={"limit": 100}).json()["data"]
    assert not {one["id"] for one in keys} & {one["id"] for one in all_of_them}


def test_a_one_time_link_is_listed_as_a_device_and_a_token_or_a_key_is_none(site: SignInPlace, owner: Browser) -> None:
    link = site.server.place.cli("console-link", "--project", site.project.id, "--json").stdout
    code = link.partition("#code=")[2].partition('"')[0]
    with site.server.client() as client:
        given = client.post("/v1/console/sign-in", json={"code": code}).json()
    devices = owner.call("GET", "/v1/console/sessions", params={"limit": 100}).json()["data"]
    (listed,) = [one for one in devices if one["kind"] == "link"]
    with site.server.client(given["key"]) as client:
        assert client.get("/v1/console/sessions").json()["data"][0]["is_current"] is True
    assert owner.call("DELETE", f"/v1/console/sessions/{listed['id']}").status_code == 204
    with site.server.client(given["key"]) as client:
        assert client.get("/v1/recordings").status_code == 401
    key = owner.call("POST", "/v1/keys", json={"scopes": ["ask:read"]}).json()
    assert owner.call("DELETE", f"/v1/console/sessions/{key['id']}").status_code == 404
    with site.server.client(key["key"]) as client:
        assert client.get("/v1/console/sessions").status_code == 403


def test_erasing_a_person_ends_their_sessions(site: SignInPlace, owner: Browser) -> None:
    person = site.browser()
    person.sign_in(sub="leaves", company="example")
    (user,) = person.call("GET", "/v1/end-users").json()["data"]
    assert owner.call("DELETE", f"/v1/end-users/{user['id']}").status_code == 204
    assert person.call("GET", "/v1/recordings").status_code == 401


def test_only_a_hash_of_a_session_is_stored(site: SignInPlace, browser: Browser) -> None:
    path = site.server.place.settings.database_path
    if site.server.place.database_url is not None:
        pytest.skip("a file is read")
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT * FROM api_keys WHERE kind = 'session'").fetchall()
    assert rows
    assert str(browser.session) not in repr(rows)


async def test_streams_see_that_a_session_has_ended(runtime: Runtime) -> None:
    project = await create_project(runtime.operator, "tests")
    tenant = await get_tenant(runtime.operator, project.id, "live")
    made = [await create_console_session(tenant, label="Laptop", actor="tests") for _ in range(2)]
    held = [as_authorization(one.secret) for one in made]
    assert await find_refused(runtime.database, held) == set()
    await end_device(tenant, made[0].id, actor="tests")
    assert await find_refused(runtime.database, held) == {held[0]}


async def test_sessions_that_have_expired_are_deleted_and_no_others(runtime: Runtime, clock: Clock) -> None:
    project = await create_project(runtime.operator, "tests")
    tenant = await get_tenant(runtime.operator, project.id, "live")
    key = await create_key(tenant, expires_us=now_us() + 1_000)
    await create_console_session(tenant, label="Laptop", actor="tests")
    clock.shift_s = 11 * 3_600
    newer = await create_console_session(tenant, label="Phone", actor="tests")
    clock.shift_s = 13 * 3_600
    await console_sessions.sweep(runtime.operator)
    assert [one.id for one in await list_devices(tenant, limit=10, after=None)] == [newer.id]
    assert [one.id for one in await list_keys(tenant)] == [key.id]
    clock.shift_s = 11 * 3_600  # as it was before: the first is gone for good
    assert [one.id for one in await list_devices(tenant, limit=10, after=None)] == [newer.id]
