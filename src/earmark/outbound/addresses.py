"""Which addresses may be connected to: global ones, and those of networks that the operator names.

Addresses inside others (IPv4 in IPv6, NAT64) are judged by the inner one, so that no spelling reaches what another
may not. Transition prefixes that hide an address in another way (6to4, Teredo) are refused.
Source: RFC 6890 and the IANA registries of special-purpose addresses; RFC 4291, section 2.5.5; RFC 6052, section 2.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = IPv6Network("64:ff9b::/96")
_UNICAST = IPv6Network("2000::/3")
_HIDING = (IPv6Network("2001::/32"), IPv6Network("2002::/16"))
_SPECIAL = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
"""Of protocols and relays. Which of the first Python takes for global depends on its version."""


def parse_address(text: str) -> Address | None:
    """Return an address as a resolver or a URL spells it, None if it is a name. A zone (`%eth0`) is left out."""
    try:
        return innermost(ip_address(text.partition("%")[0]))
    except ValueError:
        return None


def innermost(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, or the address itself."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_global(address: Address) -> bool:
    """Whether an address is one of the public internet's, for one receiver."""
    address = innermost(address)
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in special for special in _SPECIAL)
    return address in _UNICAST and not any(address in hiding for hiding in _HIDING)


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Which addresses may be connected to.

    Args:
        private: networks of the operator's that may be connected to as well, also without TLS.
    """

    private: Sequence[Network] = ()

    def names(self, address: Address) -> bool:
        """Whether the operator has named the address's network."""
        address = innermost(address)
        return any(address.version == network.version and address in network for network in self.private)

    def allows(self, address: Address, *, is_secure: bool) -> bool:
        """Whether an address may be connected to; without TLS only one of a named network."""
        return self.names(address) or (is_secure and is_global(address))
