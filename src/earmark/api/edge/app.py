"""The server: `/v1`, `/mcp` and OAuth go through the pipeline, all other paths to the pages around it."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import structlog
from starlette.applications import Starlette

import earmark
from earmark.api.edge.background import start_background, stop_background
from earmark.api.edge.cors import answer_preflight, cors_headers, parse_origins
from earmark.api.edge.observing import Observer
from earmark.api.edge.pages import Pages
from earmark.api.edge.safe_headers import api_headers_for, with_page_headers
from earmark.api.pipeline.bodies import Bodies
from earmark.api.pipeline.call import Call
from earmark.api.pipeline.cursors import CursorSigner
from earmark.api.pipeline.draining import Draining, ShuttingDownError
from earmark.api.pipeline.errors import InternalError, MethodNotAllowedError
from earmark.api.pipeline.large_bodies import is_large
from earmark.api.pipeline.open_streams import OpenStreams
from earmark.api.pipeline.rate_headers import rate_headers
from earmark.api.pipeline.registry import Route
from earmark.api.pipeline.reply import PiecewiseReply, Reply, error_reply
from earmark.api.pipeline.request_ids import name_request
from earmark.api.pipeline.router import PathTable
from earmark.api.routes import (
    access_tokens,
    ask_search,
    config,
    console,
    corrections,
    end_users,
    exports,
    folders,
    imports,
    keys,
    limits,
    mcp,
    media,
    messages,
    models,
    oauth,
    oauth_protocol,
    recordings,
    sessions,
    shared_page,
    shares,
    sign_in,
    summaries,
    summary_templates,
    tokens,
    transcript_exports,
    transcriptions,
    transcripts,
    transfers,
    turns,
    usage,
    webhooks,
)
from earmark.config import Settings
from earmark.contexts import log_lost_apart
from earmark.errors import EarmarkError
from earmark.limits.shares import Parts
from earmark.logs import frames_of
from earmark.runtime import Runtime, open_runtime
from earmark.telemetry import tracing

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIXES = ("/v1/", shared_page.LINKS, sign_in.AUTH)
ROUTES: tuple[Route, ...] = tuple(
    route
    for one in (
        sessions,
        messages,
        exports,
        recordings,
        media,
        turns,
        transcript_exports,
        transcriptions,
        transcripts,
        summaries,
        summary_templates,
        corrections,
        imports,
        folders,
        end_users,
        tokens,
        webhooks,
        access_tokens,
        keys,
        models,
        limits,
        shares,
        ask_search,
        oauth,
        usage,
        config,
        console,
        sign_in,
        mcp,
        oauth_protocol,
        transfers,
    )
    for route in one.routes.all
) + tuple(shares.links.all + sign_in.pages.all)
_BESIDE = frozenset(one.operation.path for part in (mcp, oauth_protocol) for one in part.routes.all)
"""Paths outside `/v1` that take the pipeline."""
_SWITCH_S = 0.0001
"""How long a thread that computes in Python may hold up the event loop; Python's own value is fifty times that.

The loop gives the interpreter up at each row that SQLite reads, so that it waits as often as that.
"""
log = structlog.get_logger("earmark.api")


class Edge:
    """The ASGI application. `/v1`, `/mcp`, OAuth, sign-in and shared links take the pipeline, all others are pages."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._paths = PathTable(ROUTES)
        self._origins = parse_origins(settings.cors_origins)
        self.runtime: Runtime | None = None
        self._cursors: CursorSigner | None = None
        self._draining = Draining(settings.shutdown_grace_s, settings.requests_at_once)
        described = [one.operation for one in ROUTES if one.is_described]
        self.pages = Pages(self.opened, described, self._draining, has_metrics=settings.metrics)
        self._bodies = Bodies(self._draining, Parts.of(settings))
        self._streams = OpenStreams()

    @asynccontextmanager
    async def opened(self, _: Starlette | None = None) -> AsyncIterator[None]:
        """Open what requests need; they may come until this block ends."""
        with tracing(self._settings.traces_endpoint):
            async with self._opened():
                yield

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[None]:
        sys.setswitchinterval(_SWITCH_S)
        log_lost_apart(asyncio.get_running_loop())
        async with open_runtime(self._settings) as runtime:
            self.runtime = self.pages.runtime = runtime
            self._cursors = CursorSigner(runtime.cursor_secret)
            self._observer = _observer_of(runtime)
            self._draining.also = runtime.turns.running.tasks
            await runtime.rates.join()
            self._draining.listen()
            start_background(runtime)
            log.info("server.started", version=earmark.__version__, pid=os.getpid())
            try:
                yield
            finally:
                await stop_background(runtime)
        log.info("server.stopped", pid=os.getpid())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Its path is taken as it was sent: an encoded one is no route's, and 404.

        A proxy that rules by path, and this server, would otherwise read `/%6detrics` as two different paths.
        """
        if "raw_path" in scope:
            scope["path"] = scope["raw_path"].decode("ascii", "replace")
        request_id = name_request(scope) if scope["type"] == "http" else ""
        if not request_id or not (scope["path"].startswith(PREFIXES) or scope["path"] in _BESIDE):
            await self.pages.app(scope, receive, with_page_headers(send))
            return
        assert self.runtime is not None
        assert self._cursors is not None
        call = Call(self.runtime, self._cursors, request_id, scope, receive, self._bodies, self._streams)
        started = time.perf_counter()
        with self._draining.counted(), self._observer.span(call) as span:
            try:
                reply = await self._answer(call, scope)
                await self._send(call, reply, scope, receive, send)
            finally:
                call.end()
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
        if isinstance(reply, PiecewiseReply):
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
            reply = await self._paths.dispatch(call, scope["method"], scope["path"])
            if scope["method"] == "GET" and is_large(len(reply.body)):
                call.hold_body(len(reply.body))
            return reply
        except MethodNotAllowedError as error:
            return error_reply(error, request_id, ((b"allow", error.allowed.encode()),))
        except EarmarkError as error:
            if error.status == 500:
                log.error("request.failed", error=type(error).__name__)
            return error_reply(error, request_id)
        except asyncio.CancelledError:
            if not self._draining.is_over:
                raise
            return error_reply(ShuttingDownError(call.session_id), request_id)
        except Exception as error:  # the one place where a bug becomes an answer
            log.error("request.failed", error=type(error).__name__, trace=frames_of(error))
            return error_reply(InternalError(), request_id)


def _observer_of(runtime: Runtime) -> Observer:
    settings = runtime.settings
    is_traced = settings.traces_endpoint is not None
    return Observer(runtime.metrics, logs_requests=settings.log_requests, is_traced=is_traced)


def create_app(settings: Settings) -> Edge:
    """Return the ASGI application for these settings."""
    return Edge(settings)
