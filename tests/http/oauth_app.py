"""A client of OAuth that a test drives by hand, and the person who consents."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.assistants import post, rpc
from tests.http.conftest import Library
from tests.server import ProjectKeys, Server, new_bound_key

CALLBACK = "http://127.0.0.1:40997/callback"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class App:
    """A client with its own PKCE verifier."""

    http: httpx.Client
    base_url: str
    id: str
    redirect_uri: str
    verifier: str

    @property
    def link(self) -> dict[str, str]:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return {
            "client_id": self.id, "redirect_uri": self.redirect_uri, "response_type": "code",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), "code_challenge_method": "S256",
            "resource": f"{self.base_url}/mcp", "state": "st4te",
        }  # fmt: skip

    def token(self, **form: str) -> httpx.Response:
        return self.http.post("/oauth/token", data={"client_id": self.id, **form})

    def exchange(self, code: str, **changed: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier, "resource": f"{self.base_url}/mcp",
        }  # fmt: skip
        return self.token(**{**form, **changed})

    def refresh(self, token: str, **more: str) -> httpx.Response:
        return self.token(grant_type="refresh_token", refresh_token=token, **more)

    def calls(self, token: str) -> int:
        return post(self.http, rpc("tools/list"), Authorization=f"Bearer {token}").status_code


def register(http: httpx.Client, **metadata: Any) -> httpx.Response:
    return http.post("/oauth/register", json={"client_name": "Lantern", "redirect_uris": [CALLBACK], **metadata})


def consent(person: httpx.Client, link: dict[str, str], **more: Any) -> dict[str, str]:
    """Approve; return the parameters that come back to the client."""
    answer = person.post("/v1/oauth/consents", json={**link, "approved": True, **more})
    assert answer.status_code == 200, answer.text
    return dict(parameters(answer.json()["redirect_to"]))


def parameters(url: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


def refused(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    assert set(answer.json()) == {"error", "error_description"}
    return str(answer.json()["error"])


@pytest.fixture(scope="module")
def client_id(server: Server) -> str:
    """One for all: an address may register only some."""
    with server.client() as http:
        made = register(http)
        assert made.status_code == 201, made.text
        return str(made.json()["client_id"])


@pytest.fixture
def app(server: Server, client_id: str) -> Iterator[App]:
    with server.client() as http:
        yield App(http, server.base_url, client_id, CALLBACK, secrets.token_urlsafe(48))


@pytest.fixture
def user(library: Library) -> str:
    return library.user(external_id="mara")


@pytest.fixture
def person(server: Server, project: ProjectKeys, user: str) -> Iterator[httpx.Client]:
    with server.client(new_bound_key(server.place, project.id, user)) as one:
        yield one


@pytest.fixture
def tokens(app: App, person: httpx.Client) -> dict[str, Any]:
    given = app.exchange(consent(person, app.link)["code"])
    assert given.status_code == 200, given.text
    return dict(given.json())
