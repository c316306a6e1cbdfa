"""The request context: what a handler receives besides path, query and body."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from earmark.api.pipeline.addresses import base_url, client_address
from earmark.api.pipeline.bodies import Bodies
from earmark.api.pipeline.console_cookie import is_from_console, session_in
from earmark.api.pipeline.cursors import CursorSigner
from earmark.api.pipeline.errors import BodyTooLargeError, ClientGoneError
from earmark.api.pipeline.open_streams import OpenStreams
from earmark.api.pipeline.reply import Receive, header_map
from earmark.fair_slots import NOBODY, Owner
from earmark.identity.keys import as_authorization
from earmark.identity.types import Caller
from earmark.ids import new_id
from earmark.limits.admission import owner_of
from earmark.limits.rates import Allowance
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant

if TYPE_CHECKING:
    from earmark.api.pipeline.retries import Retry


class Call:
    """A request in progress: its caller, headers and the handles it may use."""

    __slots__ = (
        "acting_for", "allowance", "at_work", "bodies", "caller", "cursors", "headers", "held", "linked", "method",
        "path", "query_string", "raw_body", "receive", "request_id", "retry", "route", "runtime", "scope", "session_id",
        "streaming", "streams", "tenant",
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
        bodies: Bodies,
        streams: OpenStreams,
    ) -> None:
        self.bodies = bodies
        self.streams = streams
        self.runtime = runtime
        self.cursors = cursors
        self.request_id = request_id
        self.headers = header_map(scope["headers"])
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query_string: bytes = scope["query_string"]
        self.receive = receive
        self.allowance: Allowance | None = None
        self.retry: Retry | None = None
        self.route = "none"
        self.session_id: str | None = None  # set once a turn has started; later errors carry it
        self.acting_for: str | None = None
        self.raw_body = b""  # of routes that parse it apart
        self.at_work: Owner | None = None
        self.streaming: Owner | None = None
        self.linked = NOBODY
        self.held: tuple[Owner, int] | None = None
        self.scope = scope

    @property
    def client_host(self) -> str:
        """The client's address: the one nearest to the server that is no trusted proxy."""
        return client_address(self.runtime.settings, self.scope, self.headers)

    @property
    def base_url(self) -> str:
        """The server's public URL; never taken from `Host`."""
        return base_url(self.runtime.settings, self.scope, self.headers)

    def new_id(self, prefix: str) -> str:
        """Return an id for a new object; a retry with its key gets the same id."""
        return new_id(prefix) if self.retry is None else self.retry.new_id(prefix)

    @property
    def authorization(self) -> str | None:
        """The `Authorization` header, if there is one; on `/v1`, else what the console's session stands for."""
        value = self.headers.get(b"authorization")
        if value is not None:
            return value.decode("latin-1")
        return self.session_authorization if self.path.startswith("/v1/") else None

    @property
    def session_authorization(self) -> str | None:
        """The console session of the browser that sent this, if the console itself did."""
        if not is_from_console(self.headers):
            return None
        secret = session_in(self.headers, is_secure=self.is_secure)
        return None if secret is None else as_authorization(secret)

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the server with TLS."""
        return self.base_url.startswith("https:")

    @property
    def owner(self) -> Owner:
        """Whose share of the server the request counts against."""
        tenant: Tenant | None = getattr(self, "tenant", None)
        return self.linked if tenant is None else owner_of(tenant)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Wait for the caller's turn, then work.

        Raises: ShareUsedUpError, OverloadedError.
        """
        await self.start_working()
        try:
            yield
        finally:
            self.stop_working()

    async def start_working(self) -> None:
        """Wait for the caller's turn to work; `stop_working` must follow.

        Raises: ShareUsedUpError, OverloadedError.
        """
        owner = self.owner
        await self.runtime.admission.start(owner, is_read=self.method == "GET")
        self.at_work = owner

    def count_for(self, tenant: Tenant) -> None:
        """Count what follows against the tenant of a link, beside its end users: nobody knows who the caller is.

        The request's turn to work, which was nobody's, is over: what follows is short, or waits for a turn of its own.
        """
        self.stop_working()
        self.linked = (tenant.key.tenant_id, "links")

    @asynccontextmanager
    async def heavy(self) -> AsyncIterator[None]:
        """Wait for the caller's turn at long work; to be called once the body is read.

        Raises: ClientGoneError if nobody waits for it any more.
        """
        watching = asyncio.ensure_future(self.receive())
        try:
            async with self.runtime.admission.heavy.hold(self.owner):
                if watching.done() and watching.result()["type"] == "http.disconnect":
                    raise ClientGoneError
                yield
        finally:
            watching.cancel()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """The block waits for something else than this process, such as a model: it holds up nobody's work."""
        self.stop_working()
        with self.bodies.waiting():
            yield

    def stop_working(self) -> None:
        """End the work, or do nothing if it has ended."""
        if self.at_work is not None:
            self.runtime.admission.end(self.at_work, is_read=self.method == "GET")
            self.at_work = None

    def hold_stream(self) -> None:
        """Count the response as an open stream until `end`; to be called before there is anything to stream.

        Raises: ShareUsedUpError, OverloadedError.
        """
        if self.streaming is None:
            owner = self.owner
            self.runtime.admission.streams.take(owner)
            self.streaming = owner

    def hold_body(self, size_bytes: int) -> None:
        """Count the memory of the response until `end`: its client may take it slowly.

        Raises: ShareUsedUpError, OverloadedError.
        """
        owner = self.owner
        self.bodies.room.take(owner, size_bytes)
        self.held = (owner, size_bytes)

    def end(self) -> None:
        """Give back what lasts until the response is sent."""
        if self.held is not None:
            self.bodies.room.give_back(*self.held)
            self.held = None
        if self.streaming is not None:
            self.runtime.admission.streams.give_back(self.streaming)
            self.streaming = None

    async def read_body(self, limit_bytes: int) -> bytes:
        """Return the body.

        Raises: BodyTooLargeError as soon as the limit is exceeded, BodyBrokenOffError, ShareUsedUpError,
            OverloadedError.
        """
        declared = self.headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > limit_bytes:
            raise BodyTooLargeError(limit_bytes)
        return await self.bodies.read(self.receive, limit_bytes, self.owner)
