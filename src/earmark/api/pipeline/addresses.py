"""Determines the server's public URL and a client's address.

`Host` is never used, because any client may set it. Used instead: `EARMARK_PUBLIC_URL`, else a trusted
proxy's headers, else the address that the connection arrived at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

from earmark.config import Settings, parse_networks

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?\Z|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?\Z")


def base_url(settings: Settings, scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> str:
    """Return the base of signed URLs, without a slash at the end."""
    if settings.public_url is not None:
        return settings.public_url
    if is_trusted(settings, peer_of(scope)):
        forwarded = _nearest(headers, b"x-forwarded-host")
        if _HOST.match(forwarded):
            scheme = "https" if _nearest(headers, b"x-forwarded-proto") == "https" else "http"
            return f"{scheme}://{forwarded}"
    host, port = scope.get("server") or ("127.0.0.1", None)
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}" if port is None else f"http://{name}:{port}"


def client_address(settings: Settings, scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> str:
    """Return the client's address: the one nearest to the server that is no trusted proxy."""
    address = peer_of(scope)
    hops = [one.strip() for one in headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")]
    while is_trusted(settings, address) and hops and _is_address(hops[-1]):
        address = hops.pop()
    return address


def peer_of(scope: Mapping[str, Any]) -> str:
    """Return the address at the other end of the connection; empty for a Unix socket."""
    client = scope.get("client")
    return client[0] if client else ""


def is_trusted(settings: Settings, address: str) -> bool:
    """Whether `EARMARK_TRUSTED_PROXIES` names this address."""
    if not settings.trusted_proxies or not _is_address(address):
        return False
    return any(ip_address(address) in network for network in _networks(settings.trusted_proxies))


_networks = lru_cache(maxsize=8)(parse_networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _nearest(headers: Mapping[bytes, bytes], name: bytes) -> str:
    """Return the last value, which the trusted proxy wrote: those before it may be its client's."""
    return headers.get(name, b"").rpartition(b",")[2].strip().decode("latin-1")
