"""One request and its answer, over a connection of their own to an address that was checked."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress

import httpx

from earmark.outbound.addresses import Address
from earmark.outbound.sending import CONNECT_S, NotAnsweredError, Request
from earmark.outbound.urls import Reason, Target


async def try_each(
    request: Request, target: Target, context: ssl.SSLContext, closing: AsyncExitStack
) -> httpx.Response:
    """Return the answer of the first address that can be connected to; all of them were checked.

    Raises: NotAnsweredError.
    """
    *more, last = target.addresses
    for address in more:
        try:
            return await _ask(request, target, address, context, closing)
        except NotAnsweredError as error:
            if error.reason not in ("connection_refused", "connection_failed"):
                raise
    return await _ask(request, target, last, context, closing)


async def _ask(
    request: Request, target: Target, address: Address, context: ssl.SSLContext, closing: AsyncExitStack
) -> httpx.Response:
    transport = httpx.AsyncHTTPTransport(verify=context, trust_env=False)
    closing.push_async_callback(transport.aclose)
    pinned = httpx.Request(
        request.method,
        target.url.copy_with(host=str(address)),
        headers={**request.headers, "Host": target.url.netloc.decode("ascii"), "Connection": "close"},
        content=request.content,
        extensions={"sni_hostname": target.host, "timeout": {"connect": CONNECT_S}},
    )
    try:
        response = await transport.handle_async_request(pinned)
    except (httpx.HTTPError, OSError) as error:
        raise NotAnsweredError(_reason_of(error)) from error
    closing.push_async_callback(response.aclose)
    return response


async def read(response: httpx.Response, limit_bytes: int, within_s: float) -> bytes:
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
