"""What is asked of a provider, and what its documents may say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from joserfc import jwk

from earmark.config import OidcSettings, Settings, SettingsError, load_settings
from earmark.oidc import providers
from earmark.oidc.errors import SignInFailedError
from earmark.oidc.flow import authorization_url, begin_flow
from earmark.oidc.providers import Provider, Providers
from earmark.oidc.types import Claims
from tests.oidc.provider import CLIENT_ID, CLIENT_SECRET, FakeProvider, running_provider

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
