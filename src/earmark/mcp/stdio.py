"""MCP on standard input and output, for one person, from the data folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp.server.stdio import stdio_server

from earmark.api.pipeline.bodies import Bodies
from earmark.api.pipeline.call import Call
from earmark.api.pipeline.cursors import CursorSigner
from earmark.api.pipeline.draining import Draining
from earmark.api.pipeline.open_streams import OpenStreams
from earmark.identity.types import Caller
from earmark.ids import new_id
from earmark.limits.shares import Parts
from earmark.mcp.sdk import Context
from earmark.mcp.server import make_server
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
_NOBODY = "operator"


async def serve_stdio(runtime: Runtime, owner: Tenant) -> None:
    """Serve one client until standard input ends. Who may read the data folder needs no credential.

    Args:
        owner: the handle of the end user whose recordings these are.
    """
    calls = _Calls(runtime, owner)
    server = make_server(calls.of, is_stdio=True)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


class _Calls:
    """Makes for each request what a route's handler gets, without HTTP."""

    def __init__(self, runtime: Runtime, owner: Tenant) -> None:
        settings = runtime.settings
        self._runtime = runtime
        self._owner = owner
        self._cursors = CursorSigner(runtime.cursor_secret)
        self._bodies = Bodies(Draining(settings.shutdown_grace_s, settings.requests_at_once), Parts.of(settings))
        self._streams = OpenStreams()
        host = _EVERYWHERE.get(settings.host, settings.host)
        self._scope: dict[str, Any] = {
            "type": "http", "method": "POST", "path": "/mcp", "query_string": b"", "headers": [],
            "server": (host, settings.port), "client": None,
        }  # fmt: skip

    def of(self, _: Context) -> Call:
        """Return a new request of the person."""
        call = Call(self._runtime, self._cursors, new_id("req"), self._scope, _no_message, self._bodies, self._streams)
        call.caller = Caller(_NOBODY, self._owner.key)
        call.tenant = self._owner
        call.acting_for = self._owner.end_user_id
        return call


async def _no_message() -> Mapping[str, Any]:
    return {"type": "http.disconnect"}
