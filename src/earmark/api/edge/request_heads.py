"""What no request head may say, because two readers of it could understand two things.

Proxies and servers that read the same head differently let requests pass by each other's rules. Fields that
are lists may be repeated (`reply.header_map` joins them); these may not. Source: RFC 9110, section 5.3;
RFC 9112, sections 3.2 and 6.1.
"""

from __future__ import annotations

from collections.abc import Sequence

_ONCE = frozenset({
    b"authorization", b"bota-version", b"content-length", b"content-type", b"host", b"idempotency-key",
    b"if-range", b"last-event-id", b"range", b"traceparent", b"transfer-encoding",
})  # fmt: skip


def fault_in(headers: Sequence[tuple[bytes, bytes]], http_version: str) -> str | None:
    """Return what is wrong with a head, in a sentence; None if nothing is. Names are in lower case."""
    seen = set()
    for name, value in headers:
        if name not in _ONCE:
            continue
        if name in seen:
            return f"The header {name.decode().title()} is given twice."
        seen.add(name)
        if name == b"transfer-encoding" and (value.strip(b" \t").lower() != b"chunked" or http_version == "1.0"):
            return "Of the transfer codings, only chunked of HTTP/1.1 is understood."
    if http_version == "1.1":
        return None if b"host" in seen else "The header Host is missing."
    return None if http_version == "1.0" else "Only HTTP/1.1 and HTTP/1.0 are spoken here."
