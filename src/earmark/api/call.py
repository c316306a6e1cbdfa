"""One request under way: what a route gets besides its path, query and body."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from fastapi import Security
from fastapi.security import HTTPBearer

from earmark.api.cursors import CursorSigner
from earmark.api.errors import BodyTooLargeError
from earmark.api.reply import header_map
from earmark.identity.rates import Allowance
from earmark.identity.types import Caller
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant

Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class Call:
    """A request: who sends it, and the handles it may use."""

    __slots__ = (
        "allowance", "caller", "cursors", "headers", "query_string", "receive", "request_id", "runtime", "tenant",
    )  # fmt: skip

    caller: Caller
    tenant: Tenant

    def __init__(
        self,
        runtime: Runtime,
        cursors: CursorSigner,
        request_id: str,
        scope: Mapping[str, Any],
        receive: Receive,
    ) -> None:
        self.runtime = runtime
        self.cursors = cursors
        self.request_id = request_id
        self.headers = header_map(scope["headers"])
        self.query_string: bytes = scope["query_string"]
        self.receive = receive
        self.allowance: Allowance | None = None

    async def read_body(self, limit_bytes: int) -> bytes:
        """Return the body.

        Raises: BodyTooLargeError as soon as it is known to be over the limit.
        """
        declared = self.headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > limit_bytes:
            raise BodyTooLargeError(limit_bytes)
        pieces: list[bytes] = []
        size_bytes, more = 0, True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                break
            piece = message.get("body", b"")
            size_bytes += len(piece)
            if size_bytes > limit_bytes:
                raise BodyTooLargeError(limit_bytes)
            pieces.append(piece)
            more = message.get("more_body", False)
        return b"".join(pieces)


ApiCall = Annotated[Call, Security(HTTPBearer(description="An API key.", bearerFormat="sk_live_…"))]
"""The parameter through which a route gets its call; for OpenAPI, the credential it needs."""
