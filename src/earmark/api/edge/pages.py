"""What is served beside `/v1`: health, readiness, metrics, the documentation and the console."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import cached_property
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

import earmark
from earmark.api.edge.docs_page import docs_page
from earmark.api.edge.openapi import describe
from earmark.api.edge.readiness import Readiness, look
from earmark.api.pipeline.accept import HTML, JSON, choose_form
from earmark.api.pipeline.draining import Draining
from earmark.api.pipeline.errors import MethodNotAllowedError, NotAcceptableError, PathNotFoundError
from earmark.api.pipeline.registry import Operation
from earmark.api.pipeline.reply import Reply, error_reply, json_reply
from earmark.api.pipeline.request_ids import name_request
from earmark.api.wire.common import Health, ServerShown
from earmark.console.site import serve_console
from earmark.metrics import CONTENT_TYPE
from earmark.runtime import Gauges, Runtime

_ABOUT = {
    "name": "earmark",
    "version": earmark.__version__,
    "api": "/v1",
    "docs": "/docs",
    "openapi": "/openapi.json",
    "health": "/health",
    "console": "/console",
}
Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def _describe(path: str, name: str, text: str, answers: Mapping[int, type[BaseModel]]) -> Operation:
    return Operation(method="GET", path=path, name=name, tag="Server", text=text, answers=answers, needs_key=False)


def _describe_check(path: str, name: str, text: str, model: type[BaseModel]) -> Operation:
    return _describe(path, name, text, {200: model, 503: model})


SERVER_OPERATIONS = (
    _describe("/", "get_server", "What this server is. Browsers are redirected to the console.", {200: ServerShown}),
    _describe_check("/health", "get_health", "Whether the server and its database work.", Health),
    _describe_check(
        "/ready",
        "get_readiness",
        "Tell balancers whether to send requests here: 503 if not; `degraded` is 200.",
        Readiness,
    ),
)


class Pages:
    """The pages as an ASGI application, `app`; its lifespan is the server's.

    Args:
        operations: what the documentation describes.
        draining: tells whether the server is shutting down.
    """

    def __init__(
        self, lifespan: Lifespan, operations: Sequence[Operation], draining: Draining, *, has_metrics: bool
    ) -> None:
        self._operations = operations
        self._draining = draining
        self.runtime: Runtime | None = None
        self._gauges: Gauges | None = None
        routes = [
            Route("/", self._root),
            Route("/health", self._health),
            Route("/ready", self._ready),
            Route("/docs", self._docs),
            Route("/openapi.json", self._openapi),
            *([Route("/metrics", self._metrics)] if has_metrics else ()),
            *(Route(path, serve_console) for path in ("/console", "/console/{path:path}")),
        ]
        self.app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _render_http_error})
        self.app.router.redirect_slashes = False

    @cached_property
    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document; made when first asked for, which takes 25 ms."""
        return describe([*self._operations, *SERVER_OPERATIONS])

    @cached_property
    def _docs_page(self) -> str:
        return docs_page(self.openapi)

    @property
    def _running(self) -> Runtime:
        assert self.runtime is not None
        return self.runtime

    async def _root(self, request: Request) -> Response:
        accept = request.headers.get("accept", "").encode("latin-1")
        try:
            form = choose_form(accept, (JSON, HTML))
        except NotAcceptableError as error:
            request_id = name_request(request.scope)
            return _to_response(error_reply(error, request_id), request_id)
        vary = {"vary": "accept", "cache-control": "no-cache"}
        if form == HTML:
            return RedirectResponse(_ABOUT["console"], headers=vary)
        return Response(orjson.dumps(_ABOUT), media_type=JSON, headers=vary)

    async def _health(self, request: Request) -> Response:
        is_connected = await self._running.database.is_connected()
        body = {  # not whether it shuts down, which `/ready` says: nobody should kill a process that finishes its work
            "status": "healthy" if is_connected else "unhealthy",
            "database": "connected" if is_connected else "disconnected",
            "billing": "disabled",
        }
        return _to_response(json_reply(body, 200 if is_connected else 503), name_request(request.scope))

    async def _ready(self, request: Request) -> Response:
        body = await look(self._running, is_draining=self._draining.is_on)
        return _to_response(json_reply(body, 503 if body["status"] == "unready" else 200), name_request(request.scope))

    async def _metrics(self, request: Request) -> Response:
        metrics = self._running.metrics
        assert metrics is not None
        if self._gauges is None:
            self._gauges = Gauges(self._running)
        return Response(metrics.render(await self._gauges.measure()), headers={"content-type": CONTENT_TYPE})

    async def _openapi(self, request: Request) -> Response:
        return Response(orjson.dumps(self.openapi), media_type="application/json")

    async def _docs(self, request: Request) -> Response:
        return Response(self._docs_page, media_type="text/html")


def _to_response(reply: Reply, request_id: str) -> Response:
    response = Response(reply.body, reply.status, {"x-request-id": request_id})
    for name, value in reply.headers:
        response.headers[name.decode()] = value.decode()
    return response


async def _render_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    request_id = name_request(request.scope)
    if error.status_code == 405:
        refused = MethodNotAllowedError((error.headers or {}).get("Allow", "GET").split(", "))
        reply = error_reply(refused, request_id, ((b"allow", refused.allowed.encode()),))
    else:
        reply = error_reply(PathNotFoundError(), request_id)
    return _to_response(reply, request_id)
