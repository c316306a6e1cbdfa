"""One provider and one server that trusts it, for all tests of sign-in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.oidc.provider import CLIENT_ID, CLIENT_SECRET, Browser, FakeProvider, running_provider
from tests.server import Place, ProjectKeys, Server, new_project, running

LOOPBACK = "127.0.0.1/32"


def rules_of(project_id: str) -> list[dict[str, Any]]:
    """Owners by a group; everybody of the company, made at once; guests who are there; and an e-mail address."""
    return [
        {"claim": "groups", "contains": "owners", "project": project_id, "role": "owner"},
        {"claim": "realm.roles", "contains": "testers", "project": project_id, "mode": "test", "role": "owner"},
        {"claim": "company", "equals": "example", "project": project_id, "role": "person", "create": True},
        {"claim": "guest", "equals": True, "project": project_id, "role": "person", "external_id_claim": "badge"},
        {"claim": "email", "equals": "ada@example.org", "project": project_id, "role": "person", "create": True,
         "external_id_claim": "email"},
        {"claim": "lost", "equals": "yes", "project": "proj_" + "x" * 24, "role": "owner"},
    ]  # fmt: skip


@dataclass
class SignInPlace:
    """A server, the provider it trusts, and the project that people sign in to."""

    server: Server
    provider: FakeProvider
    project: ProjectKeys

    def browser(self, name: str = "company") -> Browser:
        return Browser(self.server.base_url, self.provider, name)

    def owner(self) -> httpx.Client:
        return self.server.client(self.project.live)


@pytest.fixture(scope="session")
def sign_in_place(new_place: Callable[[], Place]) -> Iterator[SignInPlace]:
    place = new_place()
    with ThreadPoolExecutor(1) as pool:  # beside a browser, this thread has an event loop already
        project = pool.submit(new_project, place).result()
    with running_provider() as provider:
        settings = {"issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        company = {**settings, "label": "Example Company", "rules": rules_of(project.id)}
        oidc = json.dumps({"company": company, "other": {**company, "client_id": "another"}})
        env = {"EARMARK_OIDC": oidc, "EARMARK_OIDC_PRIVATE_NETWORKS": LOOPBACK,
               "EARMARK_TRUSTED_PROXIES": LOOPBACK}  # fmt: skip
        with running(place, **env) as server:
            yield SignInPlace(server, provider, project)


@pytest.fixture
def site(sign_in_place: SignInPlace) -> Iterator[SignInPlace]:
    sign_in_place.provider.fails()
    yield sign_in_place
    sign_in_place.provider.fails()
