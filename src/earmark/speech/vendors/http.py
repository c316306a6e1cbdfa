"""One request to a vendor: its deadlines, the largest answer, and what each failure means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx
import orjson
import structlog

from earmark.speech.errors import HearingError

_TIMEOUT: Final = httpx.Timeout(connect=20.0, write=60.0, pool=20.0, read=None)
"""Vendors may think for long before they answer; the whole request has its own deadline."""
_ANSWER_BYTES: Final = 64 << 20
_ERROR_BYTES: Final = 64 << 10
_RETRY_S: Final = 15.0
_BUSY_S: Final = 30.0
_LONGEST_RETRY_S: Final = 3_600.0
_NO_CREDIT: Final = (b"insufficient_quota", b"quota_exceeded", b"insufficient_credits")
log = structlog.get_logger("earmark.speech")


class VendorHttp:
    """The way to one vendor's API. Keys go into headers only, and redirects are not followed.

    Args:
        engine: the name under which failures are logged.
        base_url: without a slash at its end.
        headers: with the key.
        wait_s: for one request, from its first byte to the answer's last.
    """

    def __init__(self, engine: str, base_url: str, headers: Mapping[str, str], wait_s: float) -> None:
        self.engine = engine
        self.wait_s = wait_s
        self._base_url = base_url
        self._headers = {"Accept": "application/json", "Accept-Encoding": "identity", **headers}

    @asynccontextmanager
    async def session(self) -> AsyncIterator[httpx.AsyncClient]:
        """Open a client for the requests of one piece of work."""
        async with httpx.AsyncClient(headers=self._headers, timeout=_TIMEOUT, trust_env=False) as client:
            yield client

    async def ask(self, client: httpx.AsyncClient, method: str, path: str, **sent: Any) -> Any:
        """Return the JSON object that the vendor answers.

        Raises: HearingError.
        """
        body = await self.send(client, method, path, **sent)
        try:
            document = await asyncio.to_thread(orjson.loads, body)
        except orjson.JSONDecodeError as error:
            raise self.bad_answer("not JSON") from error
        if not isinstance(document, dict):
            raise self.bad_answer("no object")
        return document

    async def send(self, client: httpx.AsyncClient, method: str, path: str, **sent: Any) -> bytes:
        """Return the body of the vendor's answer.

        Raises: HearingError, also if it is no success.
        """
        try:
            async with (
                asyncio.timeout(self.wait_s),
                client.stream(method, self._base_url + path, **sent) as response,
            ):
                is_success = response.status_code // 100 == 2
                body = await self._read(response, _ANSWER_BYTES if is_success else _ERROR_BYTES)
        except TimeoutError as error:
            raise self._failed("vendor_unavailable", "deadline", is_temporary=True, after_s=_RETRY_S) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            name = type(error).__name__
            raise self._failed("vendor_unavailable", name, is_temporary=True, after_s=_RETRY_S) from error
        if not is_success:
            raise self._refusal(response, body)
        return body

    async def delete(self, client: httpx.AsyncClient, path: str) -> None:
        """Delete what the vendor keeps there; it may be gone already.

        Raises: HearingError.
        """
        try:
            await self.send(client, "DELETE", path)
        except VendorRefusedError as error:
            if error.status != 404:
                raise

    async def _read(self, response: httpx.Response, most_bytes: int) -> bytes:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > most_bytes:
                if response.status_code // 100 == 2:
                    raise self.bad_answer("too long")
                break
        return bytes(body)

    def bad_answer(self, problem: str) -> HearingError:
        """Return the error for an answer that is not what the vendor documents."""
        return self._failed("vendor_bad_answer", problem, is_temporary=True)

    def _refusal(self, response: httpx.Response, body: bytes) -> HearingError:
        status = response.status_code
        if status == 402 or any(one in body for one in _NO_CREDIT):
            return self._failed("vendor_wants_payment", status)
        if status in (401, 403):
            return self._failed("vendor_refused_key", status)
        if status == 429:
            after_s = retry_after_s(response.headers.get("retry-after"), _BUSY_S)
            return self._failed("vendor_busy", status, is_temporary=True, after_s=after_s)
        if status >= 500 or status in (408, 425):
            after_s = retry_after_s(response.headers.get("retry-after"), _RETRY_S)
            return self._failed("vendor_unavailable", status, is_temporary=True, after_s=after_s)
        if status in (400, 422) and b"language" in body.lower():
            return self._failed("language_not_supported", status)
        if status >= 400:
            return VendorRefusedError(self._failed("vendor_refused_request", status).code, status)
        return self.bad_answer(f"status {status}")

    def _failed(self, code: str, problem: str | int, **more: Any) -> HearingError:
        """Log a failure, without what was sent or answered."""
        log.warning("speech.vendor_failed", engine=self.engine, code=code, problem=problem)
        return HearingError(code, **more)


class VendorRefusedError(HearingError):
    """The vendor refused a request for what it asks; `status` is its answer's."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code)
        self.status = status


def retry_after_s(header: str | None, default_s: float) -> float:
    """Return the seconds that a `Retry-After` header asks for, a number or a date: 1 s to an hour."""
    if header is None:
        return default_s
    try:
        asked_s = float(header) if header.strip().isdecimal() else _seconds_until(header)
    except (ValueError, TypeError):
        return default_s
    return min(max(asked_s, 1.0), _LONGEST_RETRY_S)


def _seconds_until(date: str) -> float:
    at = parsedate_to_datetime(date)
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return (at - datetime.now(UTC)).total_seconds()
