"""Which URLs may be requested, and from which addresses."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from earmark.outbound.addresses import AddressRules, is_global, parse_address
from earmark.outbound.urls import (
    AddressRefusedError,
    NameUnknownError,
    NotHttpsError,
    Resolve,
    UrlRefusedError,
    check_url,
    find_target,
    parse_url,
)

PUBLIC = AddressRules()
OURS = AddressRules((ip_network("10.20.0.0/16"), ip_network("fd12::/16"), ip_network("127.0.0.0/8")))


def naming(*addresses: str) -> Resolve:
    """Return a resolver that has these addresses for every name."""

    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolve


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "192.88.99.1", "192.0.0.8", "192.0.0.170", "::", "::1", "fe80::1", "fc00::1",
        "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::127.0.0.1",
        "64:ff9b::10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2002:808:808::1", "2001:0:1::1",
        "fe80::1%eth0",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_never_global(text: str) -> None:
    address = parse_address(text)
    assert address is not None
    assert not is_global(address)
    assert not PUBLIC.allows(address, is_secure=True)


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])
def test_a_public_address_is_global_in_each_of_its_spellings(text: str) -> None:
    address = parse_address(text)
    assert address is not None
    assert PUBLIC.allows(address, is_secure=True)
    assert not PUBLIC.allows(address, is_secure=False)


def test_a_named_network_is_allowed_also_inside_another_spelling() -> None:
    for text in ("10.20.3.4", "::ffff:10.20.3.4", "fd12::1"):
        assert OURS.allows(ip_address(text), is_secure=False)
    assert not OURS.allows(ip_address("10.21.0.1"), is_secure=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/", "https://1.1.1.1./",
        "https://0x8.8.8.8/", "https://8.8.8.010/", "https://user@example.org/", "https://user:pw@example.org/",
        "https://@example.org/", "https://example.org:22/", "https://example.org:5432/", "https://example.org:0/",
        "https://example.org:65536/", "https://example.org/#a", "https://example.org\\@127.0.0.1/",
        "https://exa mple.org/", "https://example.org/\n", "https://", "https:///x", "example.org", "//example.org",
        "file:///etc/passwd", "gopher://example.org/", "https://%31%32%37.0.0.1/", "https://[fe80::1%25eth0]/",
        "https://" + "a." * 130 + "org/", "https://example.org/" + "a" * 2_048, "https://①②⑦.⓪.⓪.①/", "",
    ],
)  # fmt: skip
def test_a_url_of_a_form_that_others_read_differently_is_refused(url: str) -> None:
    with pytest.raises(UrlRefusedError):
        parse_url(url)


async def test_a_name_is_refused_if_any_of_its_addresses_is_not_public() -> None:
    for private in ("10.0.0.1", "::1", "fe80::1%eth0", "::ffff:192.168.0.1"):
        with pytest.raises(AddressRefusedError):
            await find_target("https://example.org/", PUBLIC, naming("8.8.8.8", private))


async def test_a_name_without_addresses_or_with_what_is_none_is_unknown() -> None:
    async def fail(host: str, port: int) -> list[str]:
        raise OSError

    for resolve in (naming(), naming("8.8.8.8", "nowhere"), fail):
        with pytest.raises(NameUnknownError):
            await check_url("https://example.org/", PUBLIC, within_s=5, resolve=resolve)


async def test_without_tls_only_networks_that_the_operator_named_may_be_reached() -> None:
    assert (await find_target("http://inside.example/", OURS, naming("10.20.0.5"))).host == "inside.example"
    assert (await find_target("https://example.org/", OURS, naming("8.8.8.8"))).host == "example.org"
    with pytest.raises(NotHttpsError):
        await find_target("http://example.org/", OURS, naming("8.8.8.8"))
    with pytest.raises(NotHttpsError):
        await find_target("http://inside.example/", PUBLIC, naming("10.20.0.5"))
    with pytest.raises(AddressRefusedError):
        await find_target("http://inside.example/", OURS, naming("10.20.0.5", "10.99.0.5"))


async def test_a_name_is_asked_for_once_and_its_addresses_are_those_of_the_target() -> None:
    asked: list[tuple[str, int]] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["8.8.8.8", "2606:4700::1111", "8.8.8.8"]

    target = await find_target("https://Exämple.org:8443/x?y=1", PUBLIC, resolve)
    assert asked == [("xn--exmple-cua.org", 8443)]
    assert [str(one) for one in target.addresses] == ["8.8.8.8", "2606:4700::1111"]
