"""People sign in with a provider: the code flow over HTTP with one of our own, and every way in which it goes wrong."""

from __future__ import annotations

import base64
import hmac
import json
import time
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from joserfc import jwk

from tests.http.conftest import error_of
from tests.oidc.conftest import SignInPlace
from tests.oidc.provider import CLIENT_ID, CLIENT_SECRET

ADA: dict[str, Any] = {"company": "example", "name": "Ada Lovelace", "email": "ada@example.org", "email_verified": True}


def failed_by(answer: httpx.Response) -> str:
    """Check that a sign-in failed: nothing is stored, and the browser is led to the sign-in page; return why."""
    assert answer.status_code == 303, answer.text
    path, _, reason = answer.headers["location"].partition("#sign-in=")
    assert path == "/console"
    assert "earmark-session=" not in answer.headers.get("set-cookie", "")
    return str(reason)


def test_a_person_signs_in_and_reaches_their_own_things_only(site: SignInPlace) -> None:
    with site.owner() as owner:
        other = owner.post("/v1/end-users", json={"external_id": "grace"}).json()["id"]
        theirs = owner.post("/v1/recordings", json={"end_user_id": other}).json()["id"]
    browser = site.browser()
    answer = browser.sign_in(sub="ada-of-this-test", **ADA)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    people = browser.call("GET", "/v1/end-users").json()["data"]
    assert [(one["external_id"], one["name"], one["email"]) for one in people] == [
        ("ada-of-this-test", "Ada Lovelace", "ada@example.org")
    ]
    assert browser.call("GET", f"/v1/recordings/{theirs}").status_code == 404
    assert browser.call("GET", f"/v1/end-users/{other}").status_code == 404
    assert browser.call("POST", "/v1/recordings", json={}).status_code == 201
    for path in ("/v1/keys", "/v1/audit-events"):
        assert browser.call("GET", path).status_code == 403
    again = site.browser()
    again.sign_in(sub="ada-of-this-test", **ADA)
    assert [one["id"] for one in again.call("GET", "/v1/end-users").json()["data"]] == [people[0]["id"]]


def test_what_the_browser_is_asked_at_the_provider_binds_the_answer_to_it(site: SignInPlace) -> None:
    browser = site.browser()
    first, second = (dict(parse_qsl(urlsplit(browser.start()).query)) for _ in range(2))
    assert first["redirect_uri"] == f"{site.server.base_url}/auth/company/callback"
    assert (first["response_type"], first["code_challenge_method"]) == ("code", "S256")
    for secret in ("state", "nonce", "code_challenge"):
        assert len(first[secret]) >= 43
        assert first[secret] != second[secret]
    assert CLIENT_SECRET not in browser.start()


def test_the_session_is_a_cookie_that_scripts_cannot_read_and_the_begun_sign_in_is_gone(site: SignInPlace) -> None:
    browser = site.browser()
    answer = browser.sign_in(**ADA)
    session, flow = answer.headers.get_list("set-cookie")
    assert session.startswith("earmark-session=csn_")
    assert {part.strip() for part in session.split(";")[1:]} == {
        "Path=/", "Max-Age=43200", "HttpOnly", "SameSite=Strict",
    }  # fmt: skip
    assert flow.startswith("earmark-sign-in=; ")
    assert "Max-Age=0" in flow
    assert "earmark-sign-in" not in browser.client.cookies


def test_with_tls_cookies_are_secure_and_of_this_very_host(site: SignInPlace) -> None:
    browser = site.browser()
    browser.client.headers.update({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "ask.example.org"})
    begun = browser.client.get("/auth/company/start")
    cookie = begun.headers["set-cookie"]
    assert cookie.startswith("__Host-earmark-sign-in=")
    assert cookie.endswith("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure")
    back = site.provider.sign_in(begun.headers["location"], **ADA)
    sent = {"Cookie": cookie.partition(";")[0]}
    answer = browser.client.get("/auth/company/callback", params=back, headers=sent)
    session = answer.headers.get_list("set-cookie")[0]
    assert session.startswith("__Host-earmark-session=csn_")
    assert session.endswith("; SameSite=Strict; Secure")
    held = session.partition(";")[0]
    assert browser.call("GET", "/v1/end-users", headers={"Cookie": held}).status_code == 200
    tossed = {"Cookie": held.removeprefix("__Host-")}  # what a neighbouring host could set
    assert browser.call("GET", "/v1/end-users", headers=tossed).status_code == 401


def test_claims_that_only_user_info_has_count(site: SignInPlace) -> None:
    site.provider.fails(more={"groups": ["owners"]})
    browser = site.browser()
    assert browser.sign_in().headers["location"] == "/console"
    assert browser.call("GET", "/v1/keys").status_code == 200
    site.provider.fails(more={"groups": ["owners"], "sub": "somebody else"})
    assert failed_by(site.browser().sign_in()) == "refused"


# ---- what is not the provider's word ---------------------------------------------------------------


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"}, {"iss": None}, {"aud": "another client"}, {"aud": None}, {"aud": []},
        {"aud": [CLIENT_ID, "another"]}, {"azp": "another client"}, {"aud": [CLIENT_ID, "another"], "azp": "another"},
        {"exp": int(time.time()) - 600}, {"exp": None}, {"exp": "tomorrow"}, {"iat": int(time.time()) + 86_400},
        {"iat": None}, {"nbf": int(time.time()) + 86_400}, {"nonce": "another flow's"}, {"nonce": None}, {"sub": None},
        {"sub": ""},
    ],
)  # fmt: skip
def test_an_id_token_about_something_else_is_refused(site: SignInPlace, claims: dict[str, Any]) -> None:
    site.provider.fails(claims=claims)
    assert failed_by(site.browser().sign_in(**ADA)) == "refused"


def test_several_audiences_are_accepted_from_their_authorised_party(site: SignInPlace) -> None:
    site.provider.fails(claims={"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID})
    assert site.browser().sign_in(**ADA).headers["location"] == "/console"


def _unsigned(claims: dict[str, Any]) -> str:
    parts = [{"alg": "none"}, claims]
    return ".".join(_base64(json.dumps(part).encode()) for part in parts) + "."


def _with_shared_key(secret: bytes, claims: dict[str, Any]) -> str:
    """Sign as if what everybody knows were a secret of both sides."""
    signed = f"{_base64(json.dumps({'alg': 'HS256', 'kid': 'one'}).encode())}.{_base64(json.dumps(claims).encode())}"
    return f"{signed}.{_base64(hmac.digest(secret, signed.encode(), 'sha256'))}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_a_token_without_signature_or_by_a_wrong_key_is_refused(site: SignInPlace) -> None:
    public = json.dumps(site.provider.key.as_dict(private=False)).encode()
    known = (site.provider.key.as_pem(private=False), public, CLIENT_SECRET.encode(), b"")
    for fault in (
        {"token": _unsigned},
        {"key": jwk.RSAKey.generate_key(2048)},
        {"key": jwk.RSAKey.generate_key(2048), "header": {"kid": "unknown"}},
        *({"token": partial(_with_shared_key, secret)} for secret in known),
        {"token": lambda _: "not.a.token"},
        {"token": lambda _: "x" * 100_000},
    ):
        site.provider.fails(**fault)
        assert failed_by(site.browser().sign_in(**ADA)) == "refused", fault


# ---- an answer that belongs to no sign-in of this browser ------------------------------------------


def test_a_code_is_worth_nothing_a_second_time_and_nothing_in_another_browser(site: SignInPlace) -> None:
    browser, other = site.browser(), site.browser()
    answer = site.provider.sign_in(browser.start(), **ADA)
    assert failed_by(other.back(answer)) == "expired"  # it began none
    other.start()
    assert failed_by(other.back(answer)) == "expired"  # it began another one
    browser.start()
    cookie = browser.client.cookies["earmark-sign-in"]
    answer = site.provider.sign_in(browser.start(), **ADA)
    kept = {"Cookie": f"earmark-sign-in={browser.client.cookies['earmark-sign-in']}"}
    assert browser.back(answer).headers["location"] == "/console"
    assert failed_by(browser.back(answer)) == "expired"
    browser.client.cookies.clear()
    replayed = browser.client.get("/auth/company/callback", params=answer, headers=kept)
    assert failed_by(replayed) == "refused"  # the provider takes a code once
    old = browser.client.get("/auth/company/callback", params=answer, headers={"Cookie": f"earmark-sign-in={cookie}"})
    assert failed_by(old) == "expired"


def test_an_answer_that_was_changed_on_its_way_is_refused(site: SignInPlace) -> None:
    def changed(**values: str | None) -> httpx.Response:
        def change(answer: dict[str, str]) -> None:
            for name, value in values.items():
                if value is None:
                    del answer[name]
                else:
                    answer[name] = value

        return site.browser().sign_in(change, **ADA)

    assert failed_by(changed(state="x" * 43)) == "expired"
    assert failed_by(changed(state=None)) == "expired"
    assert failed_by(changed(state="é")) == "expired"
    assert failed_by(changed(iss="https://elsewhere.example")) == "refused"
    assert failed_by(changed(iss=None)) == "refused"  # the provider says that it always sends it
    assert failed_by(changed(code="made up")) == "refused"
    assert failed_by(changed(code=None)) == "denied"
    assert failed_by(changed(error="access_denied")) == "denied"


def test_a_sign_in_begun_with_one_provider_does_not_end_with_another(site: SignInPlace) -> None:
    browser = site.browser()
    answer = site.provider.sign_in(browser.start(), **ADA)
    assert failed_by(browser.client.get("/auth/other/callback", params=answer)) == "expired"


def test_a_begun_sign_in_that_somebody_made_up_or_kept_is_none(site: SignInPlace) -> None:
    browser = site.browser()
    answer = site.provider.sign_in(browser.start(), **ADA)
    begun = browser.client.cookies["earmark-sign-in"]
    head, _, tail = begun.partition(".")
    browser.client.cookies.clear()
    for cookie in ("", "x", f"{head}.", f"{head[:-2]}AA.{tail}", begun[:-1]):
        sent = {"Cookie": f"earmark-sign-in={cookie}"}
        assert failed_by(browser.client.get("/auth/company/callback", params=answer, headers=sent)) == "expired"


# ---- where the browser is led ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/console/recordings?q=lantern", "/console/recordings?q=lantern"),
        ("/console", "/console"),
        ("https://elsewhere.example/", "/console"),
        ("//elsewhere.example/console", "/console"),
        ("/console\\@elsewhere.example", "/console"),
        ("/console/\r\nSet-Cookie: a=b", "/console"),
        ("/consolex", "/console"),
        ("/console.elsewhere.example", "/console"),
        ("/v1/media/med_x", "/console"),
        ("/console/" + "x" * 3_000, "/console"),
    ],
)
def test_the_browser_is_led_back_into_the_console_only(site: SignInPlace, wanted: str, led_to: str) -> None:
    browser = site.browser()
    answer = site.provider.sign_in(browser.start(next=wanted), **ADA)
    assert browser.back(answer).headers["location"] == led_to


def test_providers_that_are_not_there_are_not_found(site: SignInPlace) -> None:
    with site.server.client() as client:
        for path in ("/auth/nobody/start", "/auth/nobody/callback", "/auth/company", "/auth/"):
            answer = client.get(path)
            assert (answer.status_code, error_of(answer)["code"]) == (404, "not_found")
        assert client.get("/auth/sign-out").status_code in (404, 405)
        shown = client.get("/v1/console/sign-in").json()
    assert [(one["name"], one["label"], one["start_path"]) for one in shown["providers"]] == [
        ("company", "Example Company", "/auth/company/start"), ("other", "Example Company", "/auth/other/start"),
    ]  # fmt: skip
    assert shown["is_signed_in"] is False


# ---- whom the claims make --------------------------------------------------------------------------


def test_an_owner_reaches_the_project_of_the_rule_in_its_mode(site: SignInPlace) -> None:
    live, test = site.browser(), site.browser()
    assert live.sign_in(groups=["staff", "owners"]).headers["location"] == "/console"
    assert test.sign_in(realm={"roles": ["testers"]}).headers["location"] == "/console"
    made = live.call("POST", "/v1/end-users", json={"external_id": "made by an owner"})
    assert made.status_code == 201
    assert test.call("GET", f"/v1/end-users/{made.json()['id']}").status_code == 404
    assert live.call("GET", "/v1/keys").json()["data"][0]["mode"] == "live"


@pytest.mark.parametrize(
    "claims",
    [
        {}, {"company": "another"}, {"company": ["example"]}, {"groups": "owners"}, {"groups": ["OWNERS"]},
        {"guest": True, "badge": "unknown"}, {"guest": "true", "badge": "b-1"}, {"guest": 1, "badge": "b-1"},
        {"guest": True}, {"guest": True, "badge": ["b-1"]}, {"guest": True, "badge": ""},
        {"email": "ada@example.org"}, {"email": "ada@example.org", "email_verified": False},
        {"email": "ada@example.org", "email_verified": "true"}, {"lost": "yes"},
        {"company": "example", "sub": "x" * 256}, {"company": "example", "sub": "a\nb"},
    ],
)  # fmt: skip
def test_whom_no_rule_names_or_who_is_not_there_does_not_sign_in(site: SignInPlace, claims: dict[str, Any]) -> None:
    with site.owner() as owner:
        owner.post("/v1/end-users", json={"external_id": "b-1"})  # a second time it is there already
        before = {one["id"] for one in owner.get("/v1/end-users?limit=100").json()["data"]}
        assert failed_by(site.browser().sign_in(**claims)) == "not_allowed"
        assert {one["id"] for one in owner.get("/v1/end-users?limit=100").json()["data"]} == before


def test_a_person_who_is_there_signs_in_by_another_claim(site: SignInPlace) -> None:
    with site.owner() as owner:
        made = owner.post("/v1/end-users", json={"external_id": "b-7"}).json()["id"]
    browser = site.browser()
    browser.sign_in(guest=True, badge="b-7")
    assert [one["id"] for one in browser.call("GET", "/v1/end-users").json()["data"]] == [made]
    by_address = site.browser()
    by_address.sign_in(email="ada@example.org", email_verified=True)
    (shown,) = by_address.call("GET", "/v1/end-users").json()["data"]
    assert shown["external_id"] == shown["email"] == "ada@example.org"
