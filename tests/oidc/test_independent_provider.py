"""Sign-in with a provider that is not ours: `oidc-provider-mock`, built on Authlib, in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.oidc.conftest import LOOPBACK, rules_of
from tests.oidc.provider import Browser
from tests.server import Place, Server, new_project, running

ADA = {"sub": "ada-1", "company": "example", "name": "Ada Lovelace", "email": "ada@example.org", "email_verified": True}
OLIVE = {"sub": "olive-1", "groups": ["staff", "owners"], "name": "Olive"}
EVE = {"sub": "eve-1", "company": "elsewhere"}
PUBLIC_URL = "http://earmark.example"
_ADDRESS = re.compile(r"running on (http://[0-9.:]+)")


@contextmanager
def provider_process(*people: dict[str, Any]) -> Iterator[str]:
    """Start the provider with these people; yield its issuer."""
    options = [part for one in people for part in ("--user-claims", json.dumps(one))]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", "0", "--require-registration", "--require-nonce"]
    with subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if found := _ADDRESS.search(line):
                yield found.group(1)
                break
        else:
            raise AssertionError(f"the provider did not start: {said}")
        process.terminate()
        process.stderr.read()


@dataclass
class Site:
    """A server that trusts the provider, at which it is registered."""

    server: Server
    issuer: str

    def browser(self) -> Browser:
        return Browser(self.server.base_url)


@pytest.fixture(scope="module")
def site(new_place: Callable[[], Place]) -> Iterator[Site]:
    place = new_place()
    project = new_project(place)
    with provider_process(ADA, OLIVE, EVE) as issuer:
        redirect_uri = f"{PUBLIC_URL}/auth/company/callback"
        client = httpx.post(f"{issuer}/oauth2/clients", json={"redirect_uris": [redirect_uri]}).json()
        company = {
            "issuer": issuer, "client_id": client["client_id"], "client_secret": client["client_secret"],
            "rules": rules_of(project.id),
        }  # fmt: skip
        env = {
            "EARMARK_OIDC": json.dumps({"company": company}), "EARMARK_OIDC_PRIVATE_NETWORKS": LOOPBACK,
            "EARMARK_TRUSTED_PROXIES": LOOPBACK, "EARMARK_PUBLIC_URL": PUBLIC_URL,
        }  # fmt: skip
        with running(place, **env) as server:
            yield Site(server, issuer)


def sign_in(browser: Browser, **form: str) -> httpx.Response:
    """Fill in the provider's page and follow it back."""
    page = browser.start()
    assert httpx.get(page).status_code == 200
    back = httpx.post(page, data=form)
    assert back.status_code == 302, back.text
    return browser.back(dict(parse_qsl(urlsplit(back.headers["location"]).query)))


def test_a_person_signs_in(site: Site) -> None:
    browser = site.browser()
    answer = sign_in(browser, sub="ada-1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    (person,) = browser.call("GET", "/v1/end-users").json()["data"]
    assert (person["external_id"], person["name"], person["email"]) == ("ada-1", "Ada Lovelace", "ada@example.org")
    assert browser.call("GET", "/v1/keys").status_code == 403


def test_an_owner_signs_in_and_out(site: Site) -> None:
    browser = site.browser()
    assert sign_in(browser, sub="olive-1").headers["location"] == "/console"
    assert browser.call("GET", "/v1/keys").status_code == 200
    assert browser.call("POST", "/auth/sign-out").status_code == 204
    assert browser.call("GET", "/v1/keys").status_code == 401


def test_who_matches_no_rule_does_not_sign_in(site: Site) -> None:
    browser = site.browser()
    answer = sign_in(browser, sub="eve-1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console#sign-in=not_allowed")
    assert browser.session is None


def test_a_refusal_that_lacks_the_state_belongs_to_no_sign_in(site: Site) -> None:
    """This provider leaves the state out when somebody declines, which RFC 6749 (4.1.2.1) does not allow."""
    browser = site.browser()
    answer = sign_in(browser, action="deny")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console#sign-in=expired")
    assert browser.session is None


def test_a_code_is_worth_nothing_to_another_browser_nor_a_second_time(site: Site) -> None:
    browser, other = site.browser(), site.browser()
    page = browser.start()
    back = dict(parse_qsl(urlsplit(httpx.post(page, data={"sub": "ada-1"}).headers["location"]).query))
    other.start()
    assert "#sign-in=" in other.back(back).headers["location"]
    assert browser.back(back).headers["location"] == "/console"
    assert "#sign-in=" in browser.back(back).headers["location"]
