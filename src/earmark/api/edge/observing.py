"""Records each API request, if enabled: a log line, metrics, a trace span.

Records routes, never paths, which contain ids, nor query strings, which may contain people's words.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager

import structlog

from earmark.api.pipeline.call import Call
from earmark.metrics import Metrics
from earmark.telemetry import Span, request_span

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
log = structlog.get_logger("earmark.api")


class Observer:
    """Records requests.

    Args:
        metrics: counts them; None for no metrics.
        logs_requests: whether each gets a log line.
        is_traced: whether each is a span.
    """

    def __init__(self, metrics: Metrics | None, *, logs_requests: bool, is_traced: bool) -> None:
        self._is_idle = metrics is None and not logs_requests and not is_traced
        self._metrics = metrics
        self._logs_requests = logs_requests

    def span(self, call: Call) -> AbstractContextManager[Span]:
        """Return the span of a request."""
        return request_span(call.headers.get(b"traceparent"))

    def note(self, call: Call, status: int, started: float, span: Span) -> None:
        """Record an answered request; `started` is its start by `time.perf_counter`."""
        if self._is_idle:
            return
        seconds = time.perf_counter() - started
        method = call.method if call.method in _METHODS else "other"
        span.update_name(f"{method} {call.route}")
        span.set_attributes({
            "http.request.method": method, "http.route": call.route, "http.response.status_code": status,
            "request_id": call.request_id,
        })  # fmt: skip
        if self._logs_requests:
            ms = round(seconds * 1_000, 1)
            log.info("request", method=method, route=call.route, status=status, ms=ms)
        if self._metrics is not None:
            self._metrics.count("earmark_requests_total", method=method, route=call.route, status=str(status))
            self._metrics.observe("earmark_request_seconds", seconds, method=method, route=call.route)
