"""Headers that every answer carries, so that browsers do nothing with it that nobody meant.

Source: OWASP Application Security Verification Standard 5, chapter V3.4. Strict-Transport-Security is for
whoever ends TLS in front of this server.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from earmark.api.reply import Headers
from earmark.ids import new_id

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_ALWAYS: Headers = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
_PAGE_POLICY = b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
API_HEADERS: Headers = (
    *_ALWAYS,
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
PAGE_HEADERS: Headers = (
    *_ALWAYS,
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", _PAGE_POLICY + b"frame-ancestors 'none'"),
)
"""For pages and files, which may set stricter ones or say themselves how long they may be kept."""


def api_headers_for(given: Headers) -> Headers:
    """Return the API's safe headers, less those that the answer has itself."""
    if len(given) < 2:  # the usual answer only says its type, and is worth the haste (bench/trust.py)
        return API_HEADERS
    names = {name for name, _ in given}
    return tuple(one for one in API_HEADERS if one[0] not in names)


def with_page_headers(send: Send) -> Send:
    """Return `send` that adds the safe headers, and the request id, that a page doesn't have itself."""

    async def send_safely(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            names = {name for name, _ in given}
            wanted = (*PAGE_HEADERS, (b"x-request-id", new_id("req").encode()))
            message["headers"] = given + [one for one in wanted if one[0] not in names]
        await send(message)

    return send_safely
