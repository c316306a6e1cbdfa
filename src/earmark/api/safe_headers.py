"""Headers that every answer carries, so that browsers do nothing with it that nobody meant.

Source: OWASP Application Security Verification Standard 5, chapter V3.4. Strict-Transport-Security is for
whoever ends TLS in front of this server.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_PAGE_POLICY = b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
API_HEADERS = (
    *_ALWAYS,
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
PAGE_HEADERS = (*_ALWAYS, (b"content-security-policy", _PAGE_POLICY + b"frame-ancestors 'none'"))
"""For pages and files, which may set stricter ones or say themselves how long they may be kept."""


def with_safe_headers(send: Send, headers: tuple[tuple[bytes, bytes], ...]) -> Send:
    """Return `send` that adds those of `headers` that the answer doesn't have itself."""

    async def send_safely(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            names = {name for name, _ in given}
            message["headers"] = given + [one for one in headers if one[0] not in names]
        await send(message)

    return send_safely
