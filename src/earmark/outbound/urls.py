"""Checks URLs that customers name, and resolves their names, once."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from earmark.contexts import run_on
from earmark.errors import InvalidError
from earmark.lengths import has_length
from earmark.outbound.addresses import Address, AddressRules, parse_address

if TYPE_CHECKING:
    import httpx

LONGEST_URL: Final = 2_048
_LONGEST_HOST: Final = 253
_LAST_PORT: Final = 65_535
_OTHER_PROTOCOLS: Final = frozenset({
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
    111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
    540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1433, 1521, 1719, 1720, 1723, 2049, 2375, 2379, 3306,
    3389, 3659, 4045, 4190, 5060, 5061, 5432, 5900, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 9200,
    10080, 11211, 27017,
})  # fmt: skip
"""Ports of other protocols. Source: the Fetch standard's list of bad ports, and those of databases."""
_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f\\<>\"{}|^`]")
_NUMBER: Final = re.compile(r"(?:[0-9]+|0[xX][0-9a-fA-F]*)\Z")
_threads = ThreadPoolExecutor(32, thread_name_prefix="resolve")
"""Of their own: names that nobody answers for hold up no other work."""

Reason = Literal[
    "url_refused", "address_refused", "name_unknown", "connection_refused", "connection_failed", "connection_broken",
    "tls_failed", "timed_out", "protocol_error",
]  # fmt: skip
"""Why a request got no answer."""
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Returns the addresses of a host's name. Raises: OSError."""


class UrlRefusedError(InvalidError):
    """The URL may not be requested. `reason` says why to programs."""

    reason: ClassVar[Reason] = "url_refused"

    def __init__(self, message: str) -> None:
        super().__init__(message, param="url")


class AddressRefusedError(UrlRefusedError):
    """The URL leads to an address that may not be connected to."""

    reason = "address_refused"

    def __init__(self) -> None:
        super().__init__(
            "The URL leads to an address that is not public. The operator can name private networks in "
            "EARMARK_WEBHOOKS_PRIVATE_NETWORKS."
        )


class NotHttpsError(UrlRefusedError):
    """The URL is one without TLS, to a server outside the networks that the operator names."""

    def __init__(self) -> None:
        super().__init__("The URL must begin with https://.")


class NameUnknownError(UrlRefusedError):
    """The name in the URL has no address."""

    reason = "name_unknown"

    def __init__(self) -> None:
        super().__init__("The name in the URL can't be resolved to an address.")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL whose addresses were checked; it is requested from these and no others."""

    url: httpx.URL
    addresses: tuple[Address, ...]

    @property
    def host(self) -> str:
        """The name or address for which the receiver's certificate must be valid."""
        return self.url.raw_host.decode("ascii")


def parse_url(text: str) -> httpx.URL:
    """Return a URL whose form is one that may be requested.

    Raises: UrlRefusedError.
    """
    import httpx  # with the first address that is named: see `sending.py`

    if not has_length(text, 1, LONGEST_URL) or _UNSAFE.search(text):
        raise UrlRefusedError(f"The URL must be one of at most {LONGEST_URL} characters, without spaces.")
    try:
        url = httpx.URL(text)
        host, port = url.raw_host.decode("ascii"), url.port
    except (httpx.InvalidURL, ValueError) as error:
        raise UrlRefusedError("This is not a URL.") from error
    if url.scheme not in ("https", "http"):
        raise NotHttpsError
    if url.userinfo or "@" in text.partition("//")[2].partition("/")[0]:
        raise UrlRefusedError("The URL must not hold a user name or password.")
    if "#" in text:
        raise UrlRefusedError("The URL must have no fragment (#…).")
    if port is not None and not 0 < port <= _LAST_PORT:
        raise UrlRefusedError(f"The port of the URL must be from 1 to {_LAST_PORT}.")
    if port in _OTHER_PROTOCOLS:
        raise UrlRefusedError("The port of the URL is another protocol's.")
    _check_host(host)
    return url


def _check_host(host: str) -> None:
    if not host or len(host) > _LONGEST_HOST or "%" in host:
        raise UrlRefusedError("The URL must name a host.")
    last = host.rstrip(".").rpartition(".")[2]
    if _NUMBER.match(last) and parse_address(host) is None:  # 2130706433, 0x7f.1 and the like are addresses to some
        raise UrlRefusedError("An address in the URL must be written as four decimal numbers.")


async def resolve_name(host: str, port: int) -> list[str]:
    """Return a name's addresses by the system's resolver, in its order.

    Raises: OSError, UnicodeError.
    """
    found = await run_on(_threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    return [str(place[0]) for *_, place in found]


async def find_target(text: str, rules: AddressRules, resolve: Resolve = resolve_name) -> Target:
    """Check a URL and all addresses of its host.

    Raises: UrlRefusedError; NotHttpsError; NameUnknownError; AddressRefusedError if one of them is not allowed.
    """
    url = parse_url(text)
    is_secure = url.scheme == "https"
    if not is_secure and not rules.private:
        raise NotHttpsError
    host = url.raw_host.decode("ascii")
    literal = parse_address(host)
    addresses = (literal,) if literal is not None else await _addresses_of(host, url, resolve)
    if not all(rules.allows(address, is_secure=is_secure) for address in addresses):
        if not is_secure and all(rules.allows(address, is_secure=True) for address in addresses):
            raise NotHttpsError
        raise AddressRefusedError
    return Target(url, addresses)


async def _addresses_of(host: str, url: httpx.URL, resolve: Resolve) -> tuple[Address, ...]:
    try:
        texts = await resolve(host, url.port or (443 if url.scheme == "https" else 80))
    except (OSError, UnicodeError) as error:
        raise NameUnknownError from error
    found = [parse_address(text) for text in texts]
    addresses = tuple(dict.fromkeys(address for address in found if address is not None))
    if not addresses or None in found:
        raise NameUnknownError
    return addresses


async def check_url(text: str, rules: AddressRules, *, within_s: float, resolve: Resolve = resolve_name) -> None:
    """Check a URL before it is stored.

    Raises: what `find_target` raises; NameUnknownError also if its name isn't resolved in time.
    """
    try:
        async with asyncio.timeout(within_s):
            await find_target(text, rules, resolve)
    except TimeoutError as error:
        raise NameUnknownError from error
