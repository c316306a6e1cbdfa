"""What is asked of a provider, and what its documents may say."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from select import select
from urllib.parse import urlsplit

import httpx
import pytest
from joserfc import jwk

from earmark.config import OidcSettings, Settings, SettingsError, load_settings
from earmark.oidc import providers
from earmark.oidc.errors import SignInFailedError
from earmark.oidc.flow import authorization_url, begin_flow
from earmark.oidc.providers import Provider, Providers
from earmark.oidc.types import Claims
from tests.oidc.provider import CLIENT_ID, CLIENT_SECRET, FakeProvider, running_provider
from tests.server import Place, running, wait_until

LOOPBACK = "127.0.0.1/32"
REDIRECT = "http://127.0.0.1:8787/auth/company/callback"


@pytest.fixture
def fake() -> Iterator[FakeProvider]:
    with running_provider() as one:
        yield one


def trusted(issuer: str, networks: str = LOOPBACK) -> Provider:
    company = OidcSettings(issuer=issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)  # type: ignore[arg-type]
    return Providers(Settings(oidc={"company": company}, oidc_private_networks=networks)).get("company")


async def sign_in(fake: FakeProvider, provider: Provider) -> Claims:
    flow = begin_flow("company", None)
    url = authorization_url(flow, provider.settings, await provider.metadata(), REDIRECT)
    return await provider.redeem(fake.sign_in(url)["code"], flow, REDIRECT)


async def test_documents_and_keys_are_read_once_and_new_keys_when_a_token_names_them(
    fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = trusted(fake.issuer)
    for _ in range(3):
        assert (await sign_in(fake, provider))["sub"] == "ada-1"
    assert fake.asked == ["/.well-known/openid-configuration", "/jwks"]
    fake.key = jwk.ECKey.generate_key("P-256", {"kid": "two"})
    fake.fails(header={"alg": "ES256", "kid": "two"})
    with pytest.raises(SignInFailedError):  # keys were read just now: not with each token that names another
        await sign_in(fake, provider)
    monkeypatch.setattr(providers, "_KEYS_AGAIN_S", 0.0)
    assert (await sign_in(fake, provider))["sub"] == "ada-1"
    assert fake.asked.count("/jwks") == 2


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "Ed25519", "EdDSA"])
async def test_every_usual_algorithm_is_verified(fake: FakeProvider, alg: str) -> None:
    kinds = {"ES256": jwk.ECKey, "Ed25519": jwk.OKPKey, "EdDSA": jwk.OKPKey}
    size = {"ES256": "P-256", "Ed25519": "Ed25519", "EdDSA": "Ed25519"}.get(alg, 2048)
    fake.key = kinds.get(alg, jwk.RSAKey).generate_key(size, {"kid": "one"})  # type: ignore[arg-type]
    fake.fails(header={"alg": alg})
    assert (await sign_in(fake, trusted(fake.issuer)))["sub"] == "ada-1"


async def test_a_document_of_another_issuer_is_not_used(fake: FakeProvider) -> None:
    for issuer in ("https://elsewhere.example", fake.issuer + "/"):
        fake.fails(issuer=issuer)
        with pytest.raises(SignInFailedError) as failed:
            await trusted(fake.issuer).metadata()
        assert failed.value.reason == "unreachable"


async def test_of_many_who_wait_for_a_silent_provider_one_asks_and_all_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(providers, "_FETCH_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        provider = trusted(f"http://127.0.0.1:{listener.getsockname()[1]}")
        told = await asyncio.gather(*(provider.metadata() for _ in range(6)), return_exceptions=True)
        assert [type(one) for one in told] == [SignInFailedError] * 6
        listener.setblocking(False)
        listener.accept()[0].close()
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_silent_provider_holds_up_nobody_who_has_no_credential(fresh_place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent = {"issuer": f"http://127.0.0.1:{listener.getsockname()[1]}", "client_id": CLIENT_ID}
        env = {"EARMARK_OIDC": json.dumps({"company": silent}), "EARMARK_OIDC_PRIVATE_NETWORKS": LOOPBACK}
        with running(fresh_place, **env) as server:
            url = urlsplit(server.base_url)
            start = f"GET /auth/company/start HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode()
            with ExitStack() as waiting:
                for _ in range(12):
                    line = waiting.enter_context(socket.create_connection((url.hostname, url.port)))
                    line.sendall(start)
                wait_until(lambda: bool(select([listener], [], [], 0)[0]))
                assert httpx.get(f"{server.base_url}/v1/console/sign-in", timeout=5).status_code == 200


@pytest.mark.parametrize("networks", ["", "10.0.0.0/8"])
async def test_an_address_of_no_named_network_is_not_asked(fake: FakeProvider, networks: str) -> None:
    with pytest.raises(SignInFailedError) as failed:
        await trusted(fake.issuer, networks).metadata()
    assert failed.value.reason == "unreachable"
    assert fake.asked == []


def test_without_its_library_a_server_with_providers_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "find_spec", lambda _: None)
    Providers(Settings())
    with pytest.raises(SettingsError, match=r"pip install 'earmark\[oidc\]'"):
        trusted("https://id.example.org")


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("RULES", '[{"claim": "groups", "project": "proj_1", "role": "owner"}]', "equals or contains"),
        (
            "RULES",
            '[{"claim": "a", "equals": "b", "contains": "c", "project": "proj_1", "role": "owner"}]',
            "equals or",
        ),
        ("RULES", '[{"claim": "a", "equals": "b", "project": "proj_1", "role": "admin"}]', "ROLE"),
        ("ISSUER", "id.example.org", "http or https URL"),
        ("SCOPES", "email profile", "openid"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, problem: str
) -> None:
    given = {"ISSUER": "https://id.example.org", "CLIENT_ID": "earmark", name: value}
    for one, text in given.items():
        monkeypatch.setenv(f"EARMARK_OIDC__COMPANY__{one}", text)
    with pytest.raises(SettingsError, match=problem) as refused:
        load_settings()
    assert f"EARMARK_OIDC__COMPANY__{name}" in str(refused.value)
