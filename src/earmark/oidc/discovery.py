"""Reads a provider's discovery document, which must name the issuer of the settings.

Source: OpenID Connect Discovery 1.0, sections 3 and 4.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from earmark.oidc.errors import SignInFailedError
from earmark.oidc.types import Metadata

_PATH: Final = "/.well-known/openid-configuration"


def discovery_url(issuer: str) -> str:
    """Return where an issuer's document lies."""
    return issuer.rstrip("/") + _PATH


def read_metadata(document: Any, issuer: str) -> Metadata:
    """Return what a discovery document says.

    Raises: SignInFailedError for another issuer's, or one that lacks an endpoint.
    """
    if not isinstance(document, Mapping) or document.get("issuer") != issuer:
        raise SignInFailedError("unreachable", "the discovery document names another issuer")
    methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    userinfo = document.get("userinfo_endpoint")
    return Metadata(
        _endpoint(document, "authorization_endpoint", issuer),
        _endpoint(document, "token_endpoint", issuer),
        _endpoint(document, "jwks_uri", issuer),
        None if userinfo is None else _endpoint(document, "userinfo_endpoint", issuer),
        document.get("authorization_response_iss_parameter_supported") is True,
        not isinstance(methods, list) or "client_secret_basic" in methods or "client_secret_post" not in methods,
    )


def _endpoint(document: Mapping[str, Any], name: str, issuer: str) -> str:
    """Return an address: with TLS unless the issuer's own has none, and nothing a browser reads in another way."""
    url = document.get(name)
    schemes = ("https",) if issuer.startswith("https:") else ("https", "http")
    if isinstance(url, str) and url.isascii() and url.isprintable() and not set(url) & set(' \\#<>"'):
        parts = urlsplit(url)
        if parts.scheme in schemes and parts.hostname and parts.username is None:
            return url
    raise SignInFailedError("unreachable", f"the discovery document has no usable {name}")
