"""`/v1/media/{id}`: uploads and downloads through signed URLs, streamed, without key or rate limit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.errors import UnsupportedMediaTypeError
from earmark.api.pipeline.pipeline import Rules, media_type_of, parse_query
from earmark.api.pipeline.registry import Routes
from earmark.api.pipeline.reply import Headers, PiecewiseReply, Receive, Reply, Send, json_reply, leaving
from earmark.api.wire.media import ArrivedShown, ReceivedShown, arrived_to_wire, received_to_wire
from earmark.errors import ConflictError, ForbiddenError, NotFoundError
from earmark.media.downloads import get_granted, open_stored
from earmark.media.errors import (
    ContentRangeError,
    LinkInvalidError,
    RangeError,
    UploadBrokenOffError,
    UploadSizeError,
    UploadTooLargeError,
)
from earmark.media.grants import UPLOAD_PREFIX, Grant
from earmark.media.ranges import Part, parse_part, parse_range
from earmark.media.resuming import find_offset, receive_part
from earmark.media.store import StoredFile
from earmark.media.types import EXTENSIONS, Media
from earmark.media.uploads import receive as receive_upload
from earmark.metrics import Metrics
from earmark.storage.tenant import Tenant

_PIECE_BYTES = 256 << 10
_SILENCE_S = 60.0
"""How long an upload may stall: longer than a phone takes to change networks."""
_QUIET_S = 1.0
_RECHECK_S = 5.0
TOKEN: dict[str, Any] = {
    "name": "token", "in": "query", "required": True, "schema": {"type": "string", "minLength": 1},
    "description": "Part of the URL that `upload-url` or `download-url` returned.",
}  # fmt: skip
_BYTES = {name: {"schema": {"type": "string", "format": "binary"}} for name in EXTENSIONS}
_CONTENT_RANGE: dict[str, Any] = {
    "name": "Content-Range", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "`bytes FIRST-LAST/TOTAL` of a part of the file, with `*` for a TOTAL that isn't known yet; "
    "`bytes */TOTAL`, without bytes, to end.",
}  # fmt: skip
_UPLOAD: dict[str, Any] = {"parameters": [TOKEN, _CONTENT_RANGE], "requestBody": {"required": True, "content": _BYTES}}
_DOWNLOAD: dict[str, Any] = {
    "parameters": [TOKEN],
    "responses": {"200": {"content": _BYTES}, "206": {"description": "The range.", "content": _BYTES}},
}
_SIGNED = Rules(None, {"media_id": "med"}, retry="none", is_signed=True)

routes = Routes("Media")


@routes.add(
    "PUT",
    "/media/{media_id}",
    _SIGNED,
    answers={200: ReceivedShown, 202: ArrivedShown},
    errors=[ForbiddenError, NotFoundError, ConflictError, UploadTooLargeError, UnsupportedMediaTypeError],
    openapi=_UPLOAD,
)
async def upload_media(call: Call, media_id: str) -> Reply:
    """Upload the bytes to the URL that `upload-url` returned; needs no key.

    With `Content-Range`, the bytes may come in several requests, each of which begins where the last one ended; 202
    until all are there. `HEAD` of the same URL tells where that is, in `Upload-Offset`.
    """
    content_range = call.headers.get(b"content-range")
    if content_range is not None:
        return await _upload_part(call, media_id, parse_part(content_range.decode("latin-1")))
    with call.bodies.waiting():
        grant = grant_of(call, "PUT", media_id)
        _check_upload(call, grant)
        tenant = Tenant(call.runtime.database, grant.tenant_key)
        limit_bytes = call.runtime.settings.upload_limit_bytes
        pieces = pieces_of(call.receive)
        media = await receive_upload(tenant, call.runtime.media, grant, pieces, limit_bytes=limit_bytes)
    _count_in(call, media.size_bytes or 0)
    return json_reply(received_to_wire(media))


async def _upload_part(call: Call, media_id: str, part: Part) -> Reply:
    with call.bodies.waiting():
        grant = grant_of(call, "PUT", media_id)
        if media_type_of(call.headers) != grant.content_type:
            raise UnsupportedMediaTypeError([grant.content_type])
        declared = call.headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared) != part.size_bytes:
            raise ContentRangeError
        tenant = Tenant(call.runtime.database, grant.tenant_key)
        media, offset = await receive_part(
            tenant, call.runtime.media, grant, part, pieces_of(call.receive),
            limit_bytes=call.runtime.settings.upload_limit_bytes,
        )  # fmt: skip
    _count_in(call, part.size_bytes)
    if part.total_bytes is None or offset < part.total_bytes:
        return json_reply(arrived_to_wire(media, offset), 202, _offset_headers(offset, part.total_bytes))
    return json_reply(received_to_wire(media), headers=_offset_headers(offset, part.total_bytes))


def _count_in(call: Call, size_bytes: int) -> None:
    if call.runtime.metrics is not None:
        call.runtime.metrics.count("earmark_media_bytes_total", size_bytes, direction="in")


def _offset_headers(offset: int, total_bytes: int | None) -> Headers:
    headers: Headers = ((b"upload-offset", b"%d" % offset), (b"cache-control", b"no-store"))
    return headers if total_bytes is None else (*headers, (b"upload-length", b"%d" % total_bytes))


@routes.add("GET", "/media/{media_id}", _SIGNED, answers={200: None, 206: None}, openapi=_DOWNLOAD,
            errors=[ForbiddenError, NotFoundError, RangeError])  # fmt: skip
async def download_media(call: Call, media_id: str) -> Reply:
    """Download from the URL that `download-url` returned, whole or in ranges; needs no key."""
    grant = grant_of(call, "GET", media_id)
    tenant = Tenant(call.runtime.database, grant.tenant_key)
    media = await get_granted(tenant, grant)
    file = await open_stored(tenant, call.runtime.media, media)
    return await download_of(call, file, media)


@routes.add("HEAD", "/media/{media_id}", _SIGNED, answers={200: None}, is_described=False)
async def look_at_media(call: Call, media_id: str) -> Reply:
    """Tell how much of an upload has arrived, or the headers of a download, by what the URL is for."""
    if not parse_query(call.query_string, frozenset({"token"})).get("token", "").startswith(UPLOAD_PREFIX):
        return await download_media(call, media_id)
    grant = grant_of(call, "PUT", media_id)
    tenant = Tenant(call.runtime.database, grant.tenant_key)
    return Reply(200, headers=_offset_headers(*await find_offset(tenant, call.runtime.media, media_id)))


def grant_of(call: Call, method: str, media_id: str) -> Grant:
    """Return the grant of the request's URL.

    Raises: LinkInvalidError, LinkExpiredError.
    """
    token = parse_query(call.query_string, frozenset({"token"})).get("token")
    if token is None:
        raise LinkInvalidError
    return call.runtime.grants.parse(token, method, media_id, now_s=int(time.time()))


def _check_upload(call: Call, grant: Grant) -> None:
    if media_type_of(call.headers) != grant.content_type:
        raise UnsupportedMediaTypeError([grant.content_type])
    check_declared(call, grant, call.runtime.settings.upload_limit_bytes)


def check_declared(call: Call, grant: Grant, limit_bytes: int) -> None:
    """Check the declared size of an upload, before its first byte is read.

    Raises: UploadTooLargeError, UploadSizeError.
    """
    declared = call.headers.get(b"content-length", b"")
    if declared.isdigit():
        if int(declared) > limit_bytes:
            raise UploadTooLargeError(limit_bytes)
        if grant.size_bytes not in (None, int(declared)):
            raise UploadSizeError(int(grant.size_bytes or 0))


async def pieces_of(receive: Receive) -> AsyncIterator[bytes]:
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


async def download_of(
    call: Call, file: StoredFile, media: Media, is_valid: Callable[[], Awaitable[bool]] | None = None
) -> Download:
    """Return the response to a request for a file, whole or in the range it asks for; closes the file on errors.

    Args:
        is_valid: whether what allows it still does; asked every few seconds while it is sent.

    Raises: RangeError.
    """
    try:
        etag = f'"{media.sha256}"'.encode()
        asked = call.headers.get(b"range")
        is_same = call.headers.get(b"if-range", etag) == etag
        span = parse_range(asked.decode("latin-1"), file.size_bytes) if asked and is_same else None
    except BaseException:
        await file.close()
        raise
    return Download(file, media, span, call.runtime.metrics, is_head=call.method == "HEAD", is_valid=is_valid)


class Download(PiecewiseReply):
    """A response with a file or one range of it."""

    def __init__(
        self,
        file: StoredFile,
        media: Media,
        span: tuple[int, int] | None,
        metrics: Metrics | None,
        *,
        is_head: bool,
        is_valid: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        self._is_valid = is_valid
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
        try:
            async with leaving(receive) as gone:
                if self._is_head:
                    await send({"type": "http.response.body"})
                else:
                    await self._send_body(send, gone)
        finally:
            await self._file.close()

    async def _send_body(self, send: Send, gone: asyncio.Future[None]) -> None:
        offset, checked_s = self._first, time.monotonic()
        while offset <= self._last and not gone.done():
            if self._is_valid is not None and time.monotonic() - checked_s >= _RECHECK_S:
                if not await self._is_valid():
                    return  # the connection closes before the declared length
                checked_s = time.monotonic()
            piece = await self._file.read(offset, min(_PIECE_BYTES, self._last - offset + 1))
            if not piece:
                return  # deleted meanwhile: the connection closes before the declared length
            offset += len(piece)
            if self._metrics is not None:
                self._metrics.count("earmark_media_bytes_total", len(piece), direction="out")
            await send({"type": "http.response.body", "body": piece, "more_body": offset <= self._last})
