"""`/v1/media/{id}`: uploads and downloads through signed URLs, streamed, without key or rate limit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from earmark.api.pipeline.errors import MethodNotAllowedError, ObjectNotFoundError, UnsupportedMediaTypeError
from earmark.api.pipeline.pipeline import media_type_of, parse_query
from earmark.api.pipeline.reply import Headers, Reply, header_map, json_reply
from earmark.api.wire.common import ErrorEnvelope
from earmark.api.wire.media import ReceivedShown, received_to_wire
from earmark.errors import InvalidError
from earmark.ids import is_id
from earmark.media.downloads import get_granted
from earmark.media.errors import LinkInvalidError, UploadBrokenOffError, UploadSizeError, UploadTooLargeError
from earmark.media.grants import Grant
from earmark.media.ranges import parse_range
from earmark.media.store import StoredFile
from earmark.media.types import EXTENSIONS, Media
from earmark.media.uploads import receive as receive_upload
from earmark.metrics import Metrics
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
PATH = "/v1/media/"
ROUTE = "/v1/media/{media_id}"
_METHODS = ("GET", "HEAD", "PUT")
_PIECE_BYTES = 256 << 10
_SILENCE_S = 60.0
"""How long an upload may stall: longer than a phone takes to change networks."""
_QUIET_S = 1.0

router = APIRouter(tags=["Media"])


class Transfer:
    """An upload or download request."""

    def __init__(self, runtime: Runtime, scope: Scope, receive: Receive) -> None:
        self._runtime = runtime
        self._method: str = scope["method"]
        self._media_id: str = scope["path"].removeprefix(PATH)
        self._query: bytes = scope["query_string"]
        self._headers = header_map(scope["headers"])
        self._receive = receive

    async def answer(self) -> Reply:
        """Receive an upload, or open a download.

        Raises: MethodNotAllowedError, ObjectNotFoundError, and errors of the grant and of the media room.
        """
        if not is_id(self._media_id, "med"):
            raise ObjectNotFoundError
        if self._method not in _METHODS:
            raise MethodNotAllowedError(_METHODS)
        token = parse_query(self._query, frozenset({"token"})).get("token")
        if token is None:
            raise LinkInvalidError
        method = "PUT" if self._method == "PUT" else "GET"
        grant = self._runtime.grants.parse(token, method, self._media_id, now_s=int(time.time()))
        tenant = Tenant(self._runtime.database, grant.tenant_key)
        return await (self._take(tenant, grant) if method == "PUT" else self._open(tenant, grant))

    async def _take(self, tenant: Tenant, grant: Grant) -> Reply:
        limit_bytes = self._runtime.settings.upload_limit_bytes
        if media_type_of(self._headers) != grant.content_type:
            raise UnsupportedMediaTypeError([grant.content_type])
        declared = self._headers.get(b"content-length", b"")
        if declared.isdigit():
            if int(declared) > limit_bytes:
                raise UploadTooLargeError(limit_bytes)
            if grant.size_bytes not in (None, int(declared)):
                raise UploadSizeError(int(grant.size_bytes or 0))
        pieces = _pieces(self._receive)
        media = await receive_upload(tenant, self._runtime.media, grant, pieces, limit_bytes=limit_bytes)
        if self._runtime.metrics is not None:
            self._runtime.metrics.count("earmark_media_bytes_total", media.size_bytes or 0, direction="in")
        return json_reply(received_to_wire(media))

    async def _open(self, tenant: Tenant, grant: Grant) -> Download:
        media = await get_granted(tenant, grant)
        file = await self._runtime.media.open(media.key(grant.tenant_id))
        try:
            etag = f'"{media.sha256}"'.encode()
            asked = self._headers.get(b"range")
            is_same = self._headers.get(b"if-range", etag) == etag
            span = parse_range(asked.decode("latin-1"), file.size_bytes) if asked and is_same else None
        except BaseException:
            await file.close()
            raise
        return Download(file, media, span, self._runtime.metrics, is_head=self._method == "HEAD")


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    """Yield the body as it arrives, and `b""` every second while it stalls.

    The empty pieces let the receiver check whether the upload is still wanted.

    Raises: UploadBrokenOffError if the client disconnects or is silent for a minute.
    """
    more = True
    while more:
        coming = asyncio.ensure_future(receive())
        try:
            silent_until = time.monotonic() + _SILENCE_S
            while not (await asyncio.wait({coming}, timeout=_QUIET_S))[0]:
                if time.monotonic() >= silent_until:
                    raise UploadBrokenOffError
                yield b""
        finally:
            coming.cancel()
        message = coming.result()
        if message["type"] == "http.disconnect":
            raise UploadBrokenOffError
        yield message.get("body", b"")
        more = message.get("more_body", False)


class Download(Reply):
    """A response with a file or one range of it."""

    def __init__(
        self, file: StoredFile, media: Media, span: tuple[int, int] | None, metrics: Metrics | None, *, is_head: bool
    ) -> None:
        self._file = file
        self._metrics = metrics
        self._is_head = is_head
        self._first, self._last = span or (0, file.size_bytes - 1)
        super().__init__(200 if span is None else 206, headers=self._headers_of(media, is_part=span is not None))

    def _headers_of(self, media: Media, *, is_part: bool) -> Headers:
        name = f"{media.id}.{EXTENSIONS[media.content_type]}"
        headers: Headers = (
            (b"content-type", media.content_type.encode()),
            (b"content-length", b"%d" % (self._last - self._first + 1)),
            (b"accept-ranges", b"bytes"),
            (b"etag", f'"{media.sha256}"'.encode()),
            (b"content-disposition", f'attachment; filename="{name}"'.encode()),
            (b"cache-control", b"private, no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"cross-origin-resource-policy", b"cross-origin"),  # another site's page may play a signed URL
        )
        if not is_part:
            return headers
        span = b"bytes %d-%d/%d" % (self._first, self._last, self._file.size_bytes)
        return (*headers, (b"content-range", span))

    async def send_pieces(self, send: Send, receive: Receive) -> None:
        """Send the bytes; stop when the client disconnects or the recording is deleted."""
        leaving = asyncio.ensure_future(_disconnected(receive))
        try:
            if self._is_head:
                await send({"type": "http.response.body"})
            else:
                await self._send_body(send, leaving)
        finally:
            leaving.cancel()
            with suppress(asyncio.CancelledError):
                await leaving
            await self._file.close()

    async def _send_body(self, send: Send, leaving: asyncio.Future[None]) -> None:
        offset = self._first
        while offset <= self._last and not leaving.done():
            piece = await self._file.read(offset, min(_PIECE_BYTES, self._last - offset + 1))
            if not piece:
                return  # deleted meanwhile: the connection closes before the declared length
            offset += len(piece)
            if self._metrics is not None:
                self._metrics.count("earmark_media_bytes_total", len(piece), direction="out")
            await send({"type": "http.response.body", "body": piece, "more_body": offset <= self._last})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


# ---- descriptions for OpenAPI only; requests are served by `Transfer` --------------------------------

_TOKEN: dict[str, Any] = {
    "name": "token", "in": "query", "required": True, "schema": {"type": "string", "minLength": 1},
    "description": "Part of the URL that `upload-url` or `download-url` returned.",
}  # fmt: skip
_BYTES = {name: {"schema": {"type": "string", "format": "binary"}} for name in EXTENSIONS}
_REFUSED: dict[int | str, dict[str, Any]] = {status: {"model": ErrorEnvelope} for status in (400, 403, 404)}
_DESCRIBED: dict[str, Any] = {"parameters": [_TOKEN], "security": []}


@router.put("/media/{media_id}", response_model=ReceivedShown, operation_id="upload_media",
            openapi_extra={**_DESCRIBED, "requestBody": {"required": True, "content": _BYTES}},
            responses={**_REFUSED, **{status: {"model": ErrorEnvelope} for status in (409, 413, 415)}})  # fmt: skip
async def upload(media_id: str, request: Request) -> Response:
    """Upload the bytes to the URL that `upload-url` returned; needs no key."""
    raise InvalidError("Uploads are not received here.")


@router.get("/media/{media_id}", operation_id="download_media", response_class=Response, openapi_extra=_DESCRIBED,
            responses={**_REFUSED, 200: {"content": _BYTES}, 206: {"content": _BYTES, "description": "The range."},
                       416: {"model": ErrorEnvelope}})  # fmt: skip
async def download(media_id: str, request: Request) -> Response:
    """Download from the URL that `download-url` returned, whole or in ranges; needs no key."""
    raise InvalidError("Downloads are not served here.")
