"""Sends one request to a checked address: no proxy, no redirect, no cookie, no connection that another request used.

The address is put into the request's URL, and the name into `Host`, the TLS extension and the certificate's check, so
that nothing resolves the name again between the check and the connection.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import httpx

from earmark.errors import UnavailableError
from earmark.outbound.addresses import Address, AddressRules
from earmark.outbound.urls import Reason, Resolve, Target, UrlRefusedError, check_url, find_target, resolve_name

_CONNECT_S: Final = 10.0
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
        return self._given or httpx.create_ssl_context()

    async def check(self, url: str) -> None:
        """Check a URL, and the addresses of its name, before it is stored.

        Raises: UrlRefusedError.
        """
        await check_url(url, self.rules, within_s=_CONNECT_S, resolve=self.resolve)

    async def send(self, request: Request, *, deadline_s: float, limit_bytes: int) -> Answer:
        """Check the URL, connect to one of its addresses and return the answer, with at most `limit_bytes` of its body.

        Args:
            deadline_s: for everything up to the answer's head; no more is waited for its body.

        Raises: NotAnsweredError.
        """
        until = time.monotonic() + deadline_s
        async with AsyncExitStack() as closing:
            try:
                async with asyncio.timeout(deadline_s):
                    target = await find_target(request.url, self.rules, self.resolve)
                    response = await self._try_each(request, target, closing)
            except TimeoutError as error:
                raise NotAnsweredError("timed_out") from error
            except UrlRefusedError as error:
                raise NotAnsweredError(error.reason) from error
            body = await _read(response, limit_bytes, min(_READ_S, until - time.monotonic()))
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, headers, body)

    async def _try_each(self, request: Request, target: Target, closing: AsyncExitStack) -> httpx.Response:
        """Return the answer of the first address that can be connected to; all of them were checked.

        Raises: NotAnsweredError.
        """
        *more, last = target.addresses
        for address in more:
            try:
                return await self._ask(request, target, address, closing)
            except NotAnsweredError as error:
                if error.reason not in ("connection_refused", "connection_failed"):
                    raise
        return await self._ask(request, target, last, closing)

    async def _ask(self, request: Request, target: Target, address: Address, closing: AsyncExitStack) -> httpx.Response:
        transport = httpx.AsyncHTTPTransport(verify=self._context, trust_env=False)
        closing.push_async_callback(transport.aclose)
        pinned = httpx.Request(
            request.method,
            target.url.copy_with(host=str(address)),
            headers={**request.headers, "Host": target.url.netloc.decode("ascii"), "Connection": "close"},
            content=request.content,
            extensions={"sni_hostname": target.host, "timeout": {"connect": _CONNECT_S}},
        )
        try:
            response = await transport.handle_async_request(pinned)
        except (httpx.HTTPError, OSError) as error:
            raise NotAnsweredError(_reason_of(error)) from error
        closing.push_async_callback(response.aclose)
        return response


async def _read(response: httpx.Response, limit_bytes: int, within_s: float) -> bytes:
    """Return the first bytes of the body as they were sent; fewer where it breaks off or takes too long."""
    body = bytearray()
    assert isinstance(response.stream, httpx.AsyncByteStream)
    with suppress(TimeoutError, httpx.HTTPError, OSError):
        async with asyncio.timeout(max(0.0, within_s)):
            async for piece in response.stream:
                body += piece[: limit_bytes - len(body)]
                if len(body) >= limit_bytes:
                    break
    return bytes(body)


def _reason_of(error: BaseException) -> Reason:
    causes = list(_causes(error))
    if any(isinstance(one, ssl.SSLError) for one in causes):
        return "tls_failed"
    if isinstance(error, httpx.TimeoutException):
        return "connection_failed" if isinstance(error, httpx.ConnectTimeout) else "timed_out"
    if any(isinstance(one, ConnectionRefusedError) for one in causes):
        return "connection_refused"
    if isinstance(error, httpx.ConnectError):
        return "connection_failed"
    return "protocol_error" if isinstance(error, httpx.ProtocolError) else "connection_broken"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
