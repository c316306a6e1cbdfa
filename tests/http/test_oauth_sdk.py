"""The official SDK's own OAuth client, through a whole authorization: by a document on a real HTTPS server, and registered."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp.client.auth import OAuthClientProvider
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from tests.assistants import use
from tests.http.conftest import TALK, Library, error_of
from tests.http.oauth_app import CALLBACK, consent, parameters
from tests.outbound.certificates import Authority
from tests.server import Place, Server, new_bound_key, new_project, running
from tests.webhooks.receiver import Got, Handler, Receiver, receiving

REDIRECTS = [AnyUrl(CALLBACK)]


@dataclass
class Web:
    """An HTTPS server with a client's metadata document, and the file of the authority that its certificate is by."""

    receiver: Receiver
    authority: Path
    paths: dict[str, bytes] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        return "https://localhost:" + self.receiver.url.rpartition(":")[2].partition("/")[0]

    def put(self, path: str, **changed: Any) -> str:
        """Serve a document; return its address, which is the client's id."""
        url = f"{self.base_url}{path}"
        document = {
            "client_id": url, "client_name": "Lantern", "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none", **changed,
        }  # fmt: skip
        self.paths[path] = json.dumps(document).encode()
        return url

    def answer(self, handler: Handler, got: Got) -> None:
        found = self.paths.get(got.path)
        handler.reply(404 if found is None else 200, found or b"", {"Content-Type": "application/json"})


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("web")
    authority = Authority(folder)
    with receiving(context=authority.server("localhost")) as receiver:
        one = Web(receiver, authority.write(folder / "authority.pem"))
        receiver.answer = one.answer
        yield one


@dataclass
class Desk:
    """A server that trusts the authority, and a person who is signed in there."""

    server: Server
    person: httpx.Client
    recording: str


@pytest.fixture(scope="module")
def desk(new_place: Any, web: Web) -> Iterator[Desk]:
    with running(new_place(), SSL_CERT_FILE=str(web.authority)) as server:
        project = new_project(server.place)
        with server.client(project.live) as owner:
            library = Library(owner)
            library.recording(library.user(), TALK, name="Not hers")
            user = library.user(external_id="mara")
            recording = library.recording(user, TALK, name="Lantern call")
        with server.client(new_bound_key(server.place, project.id, user)) as person:
            yield Desk(server, person, recording)


@dataclass
class Assistant:
    """What the SDK asks of whoever embeds it: to store tokens, and to send a person to the consent page and back."""

    desk: Desk
    is_approved: bool = True
    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None
    back: dict[str, str] = field(default_factory=dict)

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info

    async def open_page(self, url: str) -> None:
        """Follow the link to the console's page, and do what it does when the person approves."""
        page = httpx.get(url).headers["location"]
        assert page.startswith("/console/connect?")
        link = parameters(page)
        assert self.desk.person.get("/v1/oauth/consents", params=link).json()["client_name"] == "Lantern"
        self.back = consent(self.desk.person, link)

    async def come_back(self) -> AuthorizationCodeResult:
        return AuthorizationCodeResult(**self.back)


@asynccontextmanager
async def connected(assistant: Assistant, document: str | None) -> AsyncIterator[tuple[Client, OAuthClientProvider]]:
    """Connect the SDK's client with nothing but the server's address."""
    url = f"{assistant.desk.server.base_url}/mcp"
    metadata = OAuthClientMetadata(client_name="Lantern", redirect_uris=REDIRECTS)
    provider = OAuthClientProvider(
        url, metadata, assistant, assistant.open_page, assistant.come_back, client_metadata_url=document
    )
    async with (
        httpx2.AsyncClient(auth=provider, timeout=60) as http,
        Client(streamable_http_client(url, http_client=http), mode="auto") as client,
    ):
        yield client, provider


async def test_a_client_with_a_document_on_a_real_https_server_is_authorized_and_refreshes(
    desk: Desk, web: Web
) -> None:
    document = web.put("/oauth/client.json")
    assistant = Assistant(desk)
    async with connected(assistant, document) as (client, provider):
        assert assistant.client is not None
        assert assistant.client.client_id == document
        [fetched] = [one for one in web.receiver.got if one.path == "/oauth/client.json"]
        assert "authorization" not in fetched.headers
        listed = (await use(client, "list_my_recordings"))["data"]
        assert [one["id"] for one in listed] == [desk.recording]
        first = assistant.tokens
        assert first is not None
        assert first.access_token.startswith("oat_")
        provider.context.token_expiry_time = 1  # an hour later
        assert (await use(client, "search", query="lantern"))["results"]
        assert assistant.tokens is not None
        assert assistant.tokens.refresh_token != first.refresh_token
    granted = desk.person.get("/v1/oauth/grants").json()["data"]
    assert document in {one["client_id"] for one in granted}


async def test_a_client_without_a_document_registers_itself_and_is_authorized(desk: Desk) -> None:
    assistant = Assistant(desk)
    async with connected(assistant, None) as (client, _):
        assert assistant.client is not None
        assert str(assistant.client.client_id).startswith("oac_")
        assert [one["id"] for one in (await use(client, "list_my_recordings"))["data"]] == [desk.recording]


def asking(desk: Desk, client_id: str) -> httpx.Response:
    """Open the consent page of a client, as its link leads there."""
    link = {
        "client_id": client_id, "redirect_uri": CALLBACK, "response_type": "code", "code_challenge": "a" * 43,
        "code_challenge_method": "S256", "resource": f"{desk.server.base_url}/mcp",
    }  # fmt: skip
    return desk.person.get("/v1/oauth/consents", params=link)


def test_a_document_that_is_not_there_or_another_clients_is_refused(desk: Desk, web: Web) -> None:
    other = web.put("/other.json", client_id="https://evil.example/client.json")
    for client_id in (other, f"{web.base_url}/none.json"):
        assert error_of(asking(desk, client_id))["param"] == "client_id"


def test_a_server_whose_certificate_nobody_vouches_for_has_no_documents(fresh_place: Place, web: Web) -> None:
    document = web.put("/untrusted.json")
    check_nothing_is_read(fresh_place, web, document, {})


def test_a_document_on_an_address_that_the_operator_has_not_named_is_not_even_asked_for(
    fresh_place: Place, web: Web
) -> None:
    document = web.put("/private.json")
    trusting = {"SSL_CERT_FILE": str(web.authority)}
    check_nothing_is_read(fresh_place, web, document, {**trusting, "EARMARK_WEBHOOKS_PRIVATE_NETWORKS": ""})


def check_nothing_is_read(place: Place, web: Web, document: str, environment: dict[str, str]) -> None:
    with running(place, **environment) as server, server.client(new_project(place).live) as person:
        refused = asking(Desk(server, person, ""), document)
    assert error_of(refused)["param"] == "client_id"
    assert document.removeprefix(web.base_url) not in {one.path for one in web.receiver.got}
