"""Clients by their metadata documents, redirect addresses, and what is swept away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from earmark.identity.keys import hash_secret
from earmark.identity.projects import create_project, get_tenant
from earmark.library.end_users import create_end_user, get_end_user
from earmark.oauth import jobs
from earmark.oauth.asking import check_asked
from earmark.oauth.clients import REGISTRATIONS_PER_HOUR, Clients
from earmark.oauth.errors import ClientUnknownError, InvalidGrantError, TooManyClientsError
from earmark.oauth.grants import give_grant, list_grants
from earmark.oauth.redirects import is_allowed, is_listed, with_answer
from earmark.oauth.tokens import exchange_code
from earmark.oauth.types import Asked
from earmark.outbound.addresses import AddressRules
from earmark.outbound.sending import Answer, NotAnsweredError, Request, Sender
from earmark.runtime import Runtime
from earmark.storage.credentials import find_credential
from earmark.storage.tenant import Tenant
from tests.clock import Clock

URL = "https://assistant.example/oauth/client.json"
CALLBACK = "https://assistant.example/callback"
ISSUER = "https://earmark.example"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
DAY_S = 24 * 3_600
DOCUMENT = {"client_id": URL, "client_name": "Assistant", "redirect_uris": [CALLBACK]}


class Web(Sender):
    """The network: answers each request with the same document, and counts them."""

    def __init__(self, document: Any = None, status: int = 200) -> None:
        super().__init__(AddressRules())
        self.body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.status = status
        self.asked: list[tuple[Request, float, int]] = []

    async def send(self, request: Request, *, deadline_s: float, limit_bytes: int) -> Answer:
        self.asked.append((request, deadline_s, limit_bytes))
        if self.status == 0:
            raise NotAnsweredError("timed_out")
        return Answer(self.status, {}, self.body[:limit_bytes])


async def test_a_client_is_what_the_document_at_its_id_says(runtime: Runtime) -> None:
    web = Web(DOCUMENT)
    client = await Clients(runtime.operator, web).find(URL)
    assert (client.id, client.name, client.redirect_uris, client.is_document) == (URL, "Assistant", (CALLBACK,), True)
    ((request, deadline_s, limit_bytes),) = web.asked
    assert (request.method, request.url, deadline_s, limit_bytes) == ("GET", URL, 5.0, 65_537)


async def test_a_document_is_read_once_a_day(runtime: Runtime, clock: Clock) -> None:
    web = Web(DOCUMENT)
    clients = Clients(runtime.operator, web)
    for _ in range(3):
        await clients.find(URL)
    assert len(web.asked) == 1
    clock.shift_s = DAY_S + 1
    assert (await clients.find(URL, may_fetch=False)).name == "Assistant"
    assert len(web.asked) == 1
    web.body = json.dumps({**DOCUMENT, "client_name": "Renamed"}).encode()
    assert (await clients.find(URL)).name == "Renamed"


@pytest.mark.parametrize(
    "web",
    [
        Web(DOCUMENT, status=404), Web(DOCUMENT, status=302), Web(status=0), Web(b"<html>"), Web([1]),
        Web({**DOCUMENT, "client_id": f"{URL}?"}), Web({**DOCUMENT, "client_id": "https://other.example/a"}),
        Web({**DOCUMENT, "redirect_uris": ["javascript:alert(1)"]}), Web({**DOCUMENT, "redirect_uris": []}),
        Web({**DOCUMENT, "token_endpoint_auth_method": "client_secret_post"}), Web({**DOCUMENT, "client_secret": "x"}),
        Web({**DOCUMENT, "filler": "x" * 65_536}),
    ],
)  # fmt: skip
async def test_a_document_that_vouches_for_nothing_is_refused(runtime: Runtime, web: Web) -> None:
    with pytest.raises(ClientUnknownError):
        await Clients(runtime.operator, web).find(URL)
    assert len(web.asked) == 1


@pytest.mark.parametrize(
    "client_id",
    [
        "http://assistant.example/client.json", "https://assistant.example", "https://assistant.example/",
        "https://user@assistant.example/a", "https://assistant.example/a#b", "https://assistant.example/a?b",
        "https://assistant.example/../a", "https://assistant.example/./a", "https://assistant.example/" + "a" * 1_024,
        "oac_" + "x" * 24, "oac_", "client", "https://assistant.example/a\nb", "https://assistant.exämple/a",
    ],
)  # fmt: skip
async def test_nothing_is_fetched_for_an_id_that_is_no_address_of_a_document(runtime: Runtime, client_id: str) -> None:
    web = Web({**DOCUMENT, "client_id": client_id})
    with pytest.raises(ClientUnknownError):
        await Clients(runtime.operator, web).find(client_id)
    assert web.asked == []


async def test_documents_are_not_read_from_private_addresses(runtime: Runtime) -> None:
    for address in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]"):
        with pytest.raises(ClientUnknownError):
            await Clients(runtime.operator, Sender(AddressRules())).find(f"https://{address}/client.json")


@pytest.mark.parametrize(
    ("uri", "allowed"),
    [
        ("https://a.example/b", True), ("http://localhost/b", True), ("http://127.0.0.1:1/b", True),
        ("http://[::1]/b", True), ("com.example.app:/b", True), ("cursor://anysphere/b", True),
        ("http://a.example/b", False), ("javascript:alert(1)", False), ("data:text/html,a", False),
        ("https://a.example/#b", False), ("https://user@a.example/", False), ("https:///b", False), ("file:///b", False),
        ("https://a.example/ b", False), ("https://a.example\\b", False), ("HTTP://a.example/", False), ("b", False),
        ("https://a.example:port/", False),
    ],
)  # fmt: skip
def test_which_addresses_a_client_may_list(uri: str, allowed: bool) -> None:
    assert is_allowed(uri) is allowed


def test_addresses_are_compared_character_for_character_but_for_the_port_of_this_machine() -> None:
    listed = ("https://a.example/b", "http://127.0.0.1/b?c=d")
    assert is_listed("https://a.example/b", listed)
    assert is_listed("http://127.0.0.1:5/b?c=d", listed)
    for other in ("https://a.example:444/b", "https://a.example/B", "https://a.example/b?", "http://127.0.0.1:5/b",
                  "http://localhost:5/b?c=d", "https://127.0.0.1:5/b?c=d"):  # fmt: skip
        assert not is_listed(other, listed), other


def test_an_answer_keeps_the_query_that_an_address_has() -> None:
    assert with_answer("https://a.example/?b=c", ISSUER, "s&t", code="d") == (
        "https://a.example/?b=c&code=d&state=s%26t&iss=https%3A%2F%2Fearmark.example"
    )


async def person_of(runtime: Runtime) -> Tenant:
    """Create a person; return the handle that acts for them."""
    project = await create_project(runtime.operator, "OAuth")
    tenant = await get_tenant(runtime.operator, project.id, "live")
    user = await get_end_user(tenant, (await create_end_user(tenant)).id)
    return tenant.acting_for(user.id, user.number)


async def _code(runtime: Runtime, person: Tenant) -> str:
    asked = Asked(URL, CALLBACK, "code", CHALLENGE, "S256", f"{ISSUER}/mcp")
    checked = await check_asked(asked, Clients(runtime.operator, Web(DOCUMENT)), issuer=ISSUER)
    return await give_grant(person, checked, actor="key_a")


async def test_a_code_is_valid_for_a_minute(runtime: Runtime, clock: Clock) -> None:
    person = await person_of(runtime)
    code = await _code(runtime, person)
    clock.shift_s = 60
    with pytest.raises(InvalidGrantError):
        await exchange_code(runtime.database, code, client_id=URL, redirect_uri=CALLBACK, verifier=VERIFIER)
    assert await list_grants(person, limit=10) == []


async def test_a_client_that_is_used_no_longer_counts_for_the_address_that_registered_it(runtime: Runtime) -> None:
    clients, metadata = Clients(runtime.operator, Web(DOCUMENT)), {"redirect_uris": [CALLBACK]}
    made = [await clients.register(metadata, "192.0.2.7") for _ in range(REGISTRATIONS_PER_HOUR)]
    with pytest.raises(TooManyClientsError):
        await clients.register(metadata, "192.0.2.7")
    await clients.note_use(made[0].id)
    await clients.register(metadata, "192.0.2.7")
    await jobs.sweep(runtime.operator)
    assert (await clients.find(made[0].id)).id == made[0].id


async def test_what_nobody_uses_is_swept_away(runtime: Runtime, clock: Clock) -> None:
    person = await person_of(runtime)
    clients = Clients(runtime.operator, Web(DOCUMENT))
    used, unused = [await clients.register({"redirect_uris": [CALLBACK]}, "192.0.2.1") for _ in range(2)]
    await clients.note_use(used.id)
    tokens = await exchange_code(
        runtime.database, await _code(runtime, person), client_id=URL, redirect_uri=CALLBACK, verifier=VERIFIER
    )
    abandoned = await _code(runtime, person)
    (sweep,) = jobs.kinds()
    clock.shift_s = 2 * DAY_S
    await jobs.sweep(runtime.operator)
    assert sweep.name == "oauth.prune"
    assert (await clients.find(used.id)).id == used.id
    with pytest.raises(ClientUnknownError):
        await clients.find(unused.id)
    assert await find_credential(runtime.database, hash_secret(abandoned)) is None
    assert await find_credential(runtime.database, hash_secret(tokens.access)) is None
    assert await find_credential(runtime.database, hash_secret(tokens.refresh)) is not None
    assert len(await list_grants(person, limit=10)) == 1
    clock.shift_s = 40 * DAY_S
    await jobs.sweep(runtime.operator)
    assert await find_credential(runtime.database, hash_secret(tokens.refresh)) is None
    assert await list_grants(person, limit=10) == []


async def test_a_client_that_was_used_is_deleted_once_no_grant_of_it_can_be_left(
    runtime: Runtime, clock: Clock
) -> None:
    clients = Clients(runtime.operator, Web(DOCUMENT))
    client = await clients.register({"redirect_uris": [CALLBACK]}, "192.0.2.1")
    await clients.note_use(client.id)
    clock.shift_s = 366 * DAY_S
    await jobs.sweep(runtime.operator)
    assert (await clients.find(client.id)).id == client.id
    await clients.note_use(client.id)
    clock.shift_s = 2 * 366 * DAY_S
    await jobs.sweep(runtime.operator)
    assert (await clients.find(client.id)).id == client.id, "it was used again"
    clock.shift_s += 2 * DAY_S
    await jobs.sweep(runtime.operator)
    with pytest.raises(ClientUnknownError):
        await clients.find(client.id)


async def test_the_use_of_a_document_is_not_noted_and_it_is_read_again(runtime: Runtime, clock: Clock) -> None:
    web = Web(DOCUMENT)
    clients = Clients(runtime.operator, web)
    await clients.find(URL)
    await clients.note_use(URL)
    clock.shift_s = 2 * DAY_S
    await jobs.sweep(runtime.operator)
    await clients.find(URL)
    assert len(web.asked) == 2
