"""The request context: what a handler receives besides path, query and body."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from earmark.api.pipeline.addresses import base_url, client_address
from earmark.api.pipeline.bodies import Bodies
from earmark.api.pipeline.cursors import CursorSigner
from earmark.api.pipeline.errors import BodyTooLargeError
from earmark.api.pipeline.reply import Receive, header_map
from earmark.fair_slots import NOBODY, Owner
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
        "acting_for", "allowance", "at_work", "bodies", "caller", "client_host", "cursors", "headers", "method", "path",
        "query_string", "receive", "request_id", "retry", "route", "runtime", "scope", "session_id", "tenant",
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
    ) -> None:
        self.bodies = bodies
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
        self.at_work: Owner | None = None
        self.client_host = client_address(runtime.settings, scope, self.headers)
        self.scope = scope

    @property
    def base_url(self) -> str:
        """The server's public URL; never taken from `Host`."""
        return base_url(self.runtime.settings, self.scope, self.headers)

    def new_id(self, prefix: str) -> str:
        """Return an id for a new object; a retry with its key gets the same id."""
        return new_id(prefix) if self.retry is None else self.retry.new_id(prefix)

    @property
    def authorization(self) -> str | None:
        """The `Authorization` header, if there is one."""
        value = self.headers.get(b"authorization")
        return None if value is None else value.decode("latin-1")

    @property
    def owner(self) -> Owner:
        """Whose share of the server the request counts against."""
        tenant: Tenant | None = getattr(self, "tenant", None)
        return NOBODY if tenant is None else owner_of(tenant)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Wait for the caller's turn, then work.

        Raises: ShareUsedUpError, OverloadedError.
        """
        owner = self.owner
        await self.runtime.admission.start(owner)
        self.at_work = owner
        try:
            yield
        finally:
            self._stop_working()

    def heavy(self) -> AbstractAsyncContextManager[None]:
        """Wait for the caller's turn at long work in Python."""
        return self.runtime.admission.heavy.hold(self.owner)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """The block waits for something else than this process, such as a model: it holds up nobody's work."""
        self._stop_working()
        with self.bodies.waiting():
            yield

    def _stop_working(self) -> None:
        if self.at_work is not None:
            self.runtime.admission.end(self.at_work)
            self.at_work = None

    async def read_body(self, limit_bytes: int) -> bytes:
        """Return the body.

        Raises: BodyTooLargeError as soon as the limit is exceeded, BodyBrokenOffError, ShareUsedUpError,
            OverloadedError.
        """
        declared = self.headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > limit_bytes:
            raise BodyTooLargeError(limit_bytes)
        return await self.bodies.read(self.receive, limit_bytes, self.owner)
