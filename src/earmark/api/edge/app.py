"""The server: FastAPI describes the API and serves the pages around it; `/v1` goes through the pipeline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import Request

import earmark
from earmark.api.edge.background import start_background, stop_background
from earmark.api.edge.cors import answer_preflight, cors_headers, parse_origins
from earmark.api.edge.docs_page import docs_page
from earmark.api.edge.observing import Observer
from earmark.api.edge.openapi import correct_openapi
from earmark.api.edge.readiness import Readiness, look
from earmark.api.edge.safe_headers import api_headers_for, with_page_headers
from earmark.api.pipeline import transfers
from earmark.api.pipeline.bodies import Bodies
from earmark.api.pipeline.call import Call
from earmark.api.pipeline.cursors import CursorSigner
from earmark.api.pipeline.draining import Draining, ShuttingDownError
from earmark.api.pipeline.errors import InternalError, MethodNotAllowedError, PathNotFoundError
from earmark.api.pipeline.rate_headers import rate_headers
from earmark.api.pipeline.reply import Reply, error_reply, json_reply
from earmark.api.pipeline.router import PathTable
from earmark.api.pipeline.streaming import StreamReply
from earmark.api.routes import (
    console,
    end_users,
    exports,
    folders,
    media,
    messages,
    recordings,
    sessions,
    tokens,
    transcriptions,
    turns,
    usage,
)
from earmark.api.wire.common import Health
from earmark.config import Settings
from earmark.console.site import serve_console
from earmark.errors import EarmarkError
from earmark.ids import new_id
from earmark.logs import frames_of
from earmark.metrics import CONTENT_TYPE
from earmark.runtime import Runtime, open_runtime
from earmark.telemetry import tracing

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIX = "/v1"
ROUTERS = [
    one.routes.router
    for one in (
        sessions,
        messages,
        exports,
        recordings,
        media,
        turns,
        transcriptions,
        folders,
        end_users,
        tokens,
        usage,
        console,
    )
]
log = structlog.get_logger("earmark.api")


class Edge:
    """The ASGI application. Paths under `/v1` take the pipeline, all others are FastAPI's."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._paths = PathTable(PREFIX, ROUTERS)
        self._origins = parse_origins(settings.cors_origins)
        self.fastapi = _describe(self._lifespan, has_metrics=settings.metrics)
        self.runtime: Runtime | None = None
        self._cursors: CursorSigner | None = None
        self._draining = self.fastapi.state.draining = Draining(settings.shutdown_grace_s, settings.requests_at_once)
        self._bodies = Bodies(self._draining)

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        with tracing(self._settings.traces_endpoint):
            async with self._opened(app):
                yield

    @asynccontextmanager
    async def _opened(self, app: FastAPI) -> AsyncIterator[None]:
        async with open_runtime(self._settings) as runtime:
            self.runtime = app.state.runtime = runtime
            self._cursors = CursorSigner(runtime.cursor_secret)
            self._observer = _observer_of(runtime)
            self._draining.also = runtime.turns.running.tasks
            await runtime.rates.join()
            self._draining.listen()
            start_background(runtime)
            try:
                yield
            finally:
                await stop_background(runtime)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Its path is taken as it was sent: an encoded one is no route's, and 404.

        A proxy that rules by path, and this server, would otherwise read `/%6detrics` as two different paths.
        """
        if "raw_path" in scope:
            scope["path"] = scope["raw_path"].decode("ascii", "replace")
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX + "/"):
            await self.fastapi(scope, receive, with_page_headers(send))
            return
        request_id = new_id("req")
        assert self.runtime is not None
        assert self._cursors is not None
        call = Call(self.runtime, self._cursors, request_id, scope, receive, self._bodies)
        started = time.perf_counter()
        with self._draining.counted(), self._observer.span(call) as span:
            reply = await self._answer(call, scope)
            await self._send(call, reply, scope, receive, send)
            self._observer.note(call, reply.status, started, span)

    async def _send(self, call: Call, reply: Reply, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [
            *reply.headers,
            (b"x-request-id", call.request_id.encode()),
            *rate_headers(call.allowance),
            *api_headers_for(reply.headers),
        ]
        if self._origins:
            headers += cors_headers(scope, self._origins)
        if isinstance(reply, StreamReply | transfers.Download):
            await send({"type": "http.response.start", "status": reply.status, "headers": headers})
            with self._draining.waiting():
                await reply.send_pieces(send, receive)
            return
        headers.append((b"content-length", b"%d" % len(reply.body)))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    async def _answer(self, call: Call, scope: Scope) -> Reply:
        request_id = call.request_id
        try:
            self._draining.refuse_if_busy()
            if self._origins and scope["method"] == "OPTIONS":
                preflight = answer_preflight(scope, cors_headers(scope, self._origins))
                if preflight is not None:
                    return preflight
            if scope["path"].startswith(transfers.PATH):  # by signed address: no key is needed, nothing is counted
                call.route = transfers.ROUTE
                with self._draining.waiting():
                    return await transfers.Transfer(call.runtime, scope, call.receive).answer()
            return await self._paths.dispatch(call, scope["method"], scope["path"])
        except MethodNotAllowedError as error:
            return error_reply(error, request_id, ((b"allow", error.allowed.encode()),))
        except EarmarkError as error:
            if error.status == 500:
                log.error("request.failed", request_id=request_id, error=type(error).__name__)
            return error_reply(error, request_id)
        except asyncio.CancelledError:
            if not self._draining.is_over:
                raise
            return error_reply(ShuttingDownError(call.session_id), request_id)
        except Exception as error:  # the one place where a bug becomes an answer
            trace = frames_of(error)
            log.error("request.failed", request_id=request_id, error=type(error).__name__, trace=trace)
            return error_reply(InternalError(), request_id)


def _describe(lifespan: Any, *, has_metrics: bool) -> FastAPI:
    """Return the FastAPI application: OpenAPI, docs, health, and the error form of everything else."""
    app = FastAPI(
        title="earmark",
        version=earmark.__version__,
        summary="Ask your voice recordings; every answer cites the recording and the millisecond.",
        description="Speaks the Bota v1 Ask API. Errors have one form everywhere; lists are cursor lists.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX)
    app.include_router(transfers.router, prefix=PREFIX)
    correct_openapi(app, PREFIX, ROUTERS)
    unhealthy: dict[int | str, dict[str, Any]] = {503: {"model": Health}}
    app.add_api_route("/health", _health, response_model=Health, responses=unhealthy, tags=["Server"])
    unready: dict[int | str, dict[str, Any]] = {503: {"model": Readiness}}
    app.add_api_route("/ready", _ready, response_model=Readiness, responses=unready, tags=["Server"])
    app.add_api_route("/docs", _docs, include_in_schema=False)
    if has_metrics:
        app.add_api_route("/metrics", _metrics, include_in_schema=False)
    for path in ("/console", "/console/{path:path}"):
        app.add_route(path, serve_console, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_exception_handler(HTTPException, _render_http_error)
    return app


def _to_response(reply: Reply, request_id: str) -> Response:
    response = Response(reply.body, reply.status, {"x-request-id": request_id})
    for name, value in reply.headers:
        response.headers[name.decode()] = value.decode()
    return response


async def _health(request: Request) -> Response:
    """Whether the server and its database work."""
    is_connected = await request.app.state.runtime.database.is_connected()
    is_healthy = is_connected and not request.app.state.draining.is_on
    body = {
        "status": "healthy" if is_healthy else "unhealthy",
        "database": "connected" if is_connected else "disconnected",
        "billing": "disabled",
    }
    return _to_response(json_reply(body, 200 if is_healthy else 503), new_id("req"))


async def _ready(request: Request) -> Response:
    """Tell balancers whether to send requests here: 503 if not; `degraded` is 200."""
    body = await look(request.app.state.runtime, is_draining=request.app.state.draining.is_on)
    return _to_response(json_reply(body, 503 if body["status"] == "unready" else 200), new_id("req"))


def _observer_of(runtime: Runtime) -> Observer:
    settings = runtime.settings
    is_traced = settings.traces_endpoint is not None
    return Observer(runtime.metrics, logs_requests=settings.log_requests, is_traced=is_traced)


async def _metrics(request: Request) -> Response:
    """Counts for Prometheus."""
    return Response(request.app.state.runtime.metrics.render(), headers={"content-type": CONTENT_TYPE})


async def _docs(request: Request) -> Response:
    if not hasattr(request.app.state, "docs_page"):  # made once: it takes 25 ms
        request.app.state.docs_page = docs_page(request.app.openapi())
    return Response(request.app.state.docs_page, media_type="text/html", headers={"x-request-id": new_id("req")})


async def _render_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    request_id = new_id("req")
    if error.status_code == 405:
        refused = MethodNotAllowedError((error.headers or {}).get("Allow", "GET").split(", "))
        reply = error_reply(refused, request_id, ((b"allow", refused.allowed.encode()),))
    else:
        reply = error_reply(PathNotFoundError(), request_id)
    return _to_response(reply, request_id)


def create_app(settings: Settings) -> Edge:
    """Return the ASGI application for these settings."""
    return Edge(settings)
