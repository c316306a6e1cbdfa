"""CORS: pages of other origins may use the API only if `EARMARK_CORS_ORIGINS` lists them.

Keys are sent in `Authorization`, and the console's cookie counts for the console alone: no response allows credentials.
Source: the Fetch standard, "HTTP-network-or-cache fetch" and "CORS protocol".
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from earmark.api.pipeline.reply import Headers, Reply

_PREFLIGHT: Headers = (
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE"),
    (
        b"access-control-allow-headers",
        b"Authorization, Content-Type, Accept, Range, Content-Range, Idempotency-Key, Last-Event-ID, Bota-Version,"
        b" Mcp-Protocol-Version, Mcp-Method, Mcp-Name",
    ),
    (b"access-control-max-age", b"600"),
)
_EXPOSED = (
    b"access-control-expose-headers",
    b"X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, Idempotent-Replayed,"
    b" Content-Range, ETag, Upload-Offset, Upload-Length",
)


def parse_origins(setting: str) -> frozenset[bytes]:
    """Return the origins of the setting: `https://a.example, https://b.example`, or `*` for all."""
    return frozenset(one.strip().rstrip("/").encode() for one in setting.split(",") if one.strip())


def cors_headers(scope: MutableMapping[str, Any], origins: frozenset[bytes]) -> Headers:
    """Return the headers that let a listed origin read the response; only `Vary` for others."""
    origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
    if origin is None or not {origin, b"*"} & origins:
        return ((b"vary", b"Origin"),)
    return ((b"access-control-allow-origin", origin), (b"vary", b"Origin"), _EXPOSED)


def answer_preflight(scope: MutableMapping[str, Any], allowed: Headers) -> Reply | None:
    """Return the response to a preflight request of a listed origin, else None."""
    asks = any(name == b"access-control-request-method" for name, _ in scope["headers"])
    if scope["method"] != "OPTIONS" or not asks or len(allowed) == 1:
        return None
    return Reply(204, b"", _PREFLIGHT)
