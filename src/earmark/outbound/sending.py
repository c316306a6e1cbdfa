"""Sends one request to a checked address: no proxy, no redirect, no cookie, no connection that another request used.

The address is put into the request's URL, and the name into `Host`, the TLS extension and the certificate's check, so
that nothing resolves the name again between the check and the connection. The HTTP client is imported with the first
request: a server that sends none is three megabytes smaller.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from earmark.errors import UnavailableError
from earmark.outbound.addresses import AddressRules
from earmark.outbound.urls import Reason, Resolve, UrlRefusedError, check_url, find_target, resolve_name

if TYPE_CHECKING:
    import ssl

CONNECT_S: Final = 10.0
_READ_S: Final = 5.0
"""For the body, after the head, which alone decides."""


class NotAnsweredError(UnavailableError):
    """A request got no answer; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__("The server did not answer.")
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's status, its headers (names in lower case) and the first bytes of its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Sender:
    """Sends requests to URLs that customers name.

    Args:
        rules: which addresses may be connected to.
        resolve: finds the addresses of a name; asked once for each request.
        context: whose certificates are trusted; by default those that httpx trusts.
    """

    def __init__(
        self, rules: AddressRules, resolve: Resolve = resolve_name, context: ssl.SSLContext | None = None
    ) -> None:
        self.rules = rules
        self.resolve = resolve
        self._given = context

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """Made at the first request: reading certificates takes 20 ms."""
        from httpx import create_ssl_context

        return self._given or create_ssl_context()

    async def check(self, url: str) -> None:
        """Check a URL, and the addresses of its name, before it is stored.

        Raises: UrlRefusedError.
        """
        await check_url(url, self.rules, within_s=CONNECT_S, resolve=self.resolve)

    async def send(self, request: Request, *, deadline_s: float, limit_bytes: int) -> Answer:
        """Check the URL, connect to one of its addresses and return the answer, with at most `limit_bytes` of its body.

        Args:
            deadline_s: for everything up to the answer's head; no more is waited for its body.

        Raises: NotAnsweredError.
        """
        from earmark.outbound.exchange import read, try_each

        until = time.monotonic() + deadline_s
        async with AsyncExitStack() as closing:
            try:
                async with asyncio.timeout(deadline_s):
                    target = await find_target(request.url, self.rules, self.resolve)
                    response = await try_each(request, target, self._context, closing)
            except TimeoutError as error:
                raise NotAnsweredError("timed_out") from error
            except UrlRefusedError as error:
                raise NotAnsweredError(error.reason) from error
            body = await read(response, limit_bytes, min(_READ_S, until - time.monotonic()))
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, headers, body)
