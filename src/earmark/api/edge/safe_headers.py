"""Security headers for every response.

Source: OWASP Application Security Verification Standard 5, chapter V3.4. Strict-Transport-Security is set by
the proxy that terminates TLS.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from earmark.api.pipeline.reply import Headers
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
"""For pages and files, which may override them with a stricter policy or their own caching."""


def api_headers_for(given: Headers) -> Headers:
    """Return the API's security headers, without those that the response sets itself."""
    if len(given) < 2:  # hot path (bench/trust.py): most responses set only their content type
        return API_HEADERS
    names = {name for name, _ in given}
    return tuple(one for one in API_HEADERS if one[0] not in names)


def with_page_headers(send: Send) -> Send:
    """Wrap `send` to add the security headers and the request id that a response lacks."""

    async def send_safely(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            names = {name for name, _ in given}
            wanted = (*PAGE_HEADERS, (b"x-request-id", new_id("req").encode()))
            message["headers"] = given + [one for one in wanted if one[0] not in names]
        await send(message)

    return send_safely
