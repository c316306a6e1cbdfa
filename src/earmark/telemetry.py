"""OpenTelemetry traces, if enabled, without user content and without ids of people.

Spans are sent to a collector (`EARMARK_TRACES_ENDPOINT`). The SDK is an optional dependency, imported only then;
otherwise a span costs one variable check. Exceptions are recorded by class name only, because their messages may
contain user content. The tracer provider is not global, so that other libraries' spans are not sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

import earmark
from earmark.errors import InvalidError

Value = str | int | float | bool


class TracesUnavailableError(InvalidError):
    """Traces are enabled, but OpenTelemetry's SDK is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "EARMARK_TRACES_ENDPOINT needs OpenTelemetry's SDK: pip install 'earmark[otel]'.",
            param="EARMARK_TRACES_ENDPOINT",
        )


class Span(Protocol):
    """A traced operation."""

    def update_name(self, name: str) -> None:
        """Rename the span."""

    def set_attributes(self, attributes: Mapping[str, Value]) -> None:
        """Add attributes to the span."""


class _NoSpan:
    def update_name(self, name: str) -> None:
        """Do nothing."""

    def set_attributes(self, attributes: Mapping[str, Value]) -> None:
        """Do nothing."""


_NOTHING: AbstractContextManager[Span] = nullcontext(_NoSpan())
_tracer: Any = None


def span(name: str, **attributes: Value) -> AbstractContextManager[Span]:
    """Trace the block as a child of the current span, if any."""
    return _NOTHING if _tracer is None else _span(name, attributes, None)


def request_span(traceparent: bytes | None) -> AbstractContextManager[Span]:
    """Trace a request, continuing the caller's trace if it sent one (W3C Trace Context)."""
    if _tracer is None:
        return _NOTHING
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier = {} if traceparent is None else {"traceparent": traceparent.decode("latin-1")}
    return _span("request", {}, TraceContextTextMapPropagator().extract(carrier))


@contextmanager
def _span(name: str, attributes: Mapping[str, Value], context: Any) -> Iterator[Span]:
    from opentelemetry.trace import SpanKind, StatusCode

    kind = SpanKind.INTERNAL if context is None else SpanKind.SERVER
    with _tracer.start_as_current_span(
        name, context, kind, attributes, record_exception=False, set_status_on_exception=False
    ) as one:
        try:
            yield one
        except BaseException as error:
            one.set_status(StatusCode.ERROR)
            one.set_attribute("error.type", type(error).__name__)
            raise


@contextmanager
def tracing(endpoint: str | None) -> Iterator[None]:
    """Send spans to `endpoint` (OTLP over HTTP) while the block runs; None disables tracing.

    Raises: TracesUnavailableError.
    """
    if endpoint is None:
        yield
        return
    global _tracer
    provider = _provider(endpoint)
    _tracer = provider.get_tracer("earmark", earmark.__version__)
    try:
        yield
    finally:
        _tracer = None
        provider.shutdown()


def check_traces(endpoint: str | None) -> None:
    """Raise TracesUnavailableError if traces are enabled and the SDK is missing."""
    if endpoint is not None:
        _provider(endpoint).shutdown()


def _provider(endpoint: str) -> Any:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise TracesUnavailableError from error
    named = Resource.create({"service.name": "earmark", "service.version": earmark.__version__})
    provider = TracerProvider(resource=named, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return provider
