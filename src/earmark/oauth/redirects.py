"""Which addresses a client may be sent back to, and how they are compared."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlencode, urlsplit

LONGEST: Final = 2_048
_VISIBLE: Final = re.compile(r"[\x21-\x7e]+\Z")
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_APPS: Final = frozenset({"cursor", "vscode", "vscode-insiders", "windsurf"})
"""Private schemes without a dot that well-known clients have; others must hold one, as RFC 8252 says."""
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+\Z")


def is_allowed(uri: str) -> bool:
    """Whether a client may list this address: https, http on this machine, or an app's private scheme.

    Source: OAuth 2.1 draft, section 2.3; RFC 8252, section 7.
    """
    parts = _split(uri)
    if parts is None:
        return False
    if parts.scheme == "https":
        return bool(parts.hostname)
    if parts.scheme == "http":
        return parts.hostname in _LOOPBACK
    return parts.scheme in _APPS or _SCHEME.match(parts.scheme) is not None


def _split(uri: str) -> SplitResult | None:
    if len(uri) > LONGEST or not _VISIBLE.match(uri) or "\\" in uri or "#" in uri:
        return None
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return None if "@" in parts.netloc else parts


def is_listed(uri: str, listed: tuple[str, ...]) -> bool:
    """Whether an address is one of those listed, character for character; on this machine the port may differ.

    Source: RFC 8252, section 7.3.
    """
    if not is_allowed(uri):
        return False
    return uri in listed or any(_is_same_but_port(uri, one) for one in listed)


def _is_same_but_port(uri: str, listed: str) -> bool:
    mine, theirs = _split(uri), _split(listed)
    if mine is None or theirs is None or mine.scheme != "http" or mine.hostname not in _LOOPBACK:
        return False
    same = (mine.hostname, mine.path, mine.query) == (theirs.hostname, theirs.path, theirs.query)
    return theirs.scheme == "http" and same


def with_answer(uri: str, issuer: str, state: str | None, **answer: str) -> str:
    """Return the redirect address with an answer, the client's state and the issuer. Source: RFC 9207."""
    given = {**answer, **({} if state is None else {"state": state}), "iss": issuer}
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(given)}"


def host_of(uri: str) -> str:
    """Return what people should see of an address: its host, or an app's scheme."""
    parts = urlsplit(uri)
    return parts.hostname or f"{parts.scheme}:" if parts.scheme in ("http", "https") else f"{parts.scheme}:"
