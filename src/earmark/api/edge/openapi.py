"""Patches FastAPI's OpenAPI document to match the pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from earmark.api.pipeline.pipeline import endpoint_of

Operation = dict[str, Any]


def correct_openapi(app: FastAPI, prefix: str, routers: Sequence[APIRouter]) -> None:
    """Make `app.openapi()` return the corrected document."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = describe()
            for operation in _operations(schema):
                _drop_validation_error(operation)
                _drop_raw_body(operation)
                _drop_empty_form(operation)
            for route in (one for router in routers for one in router.routes):
                assert isinstance(route, APIRoute)
                _relax_optional_body(route, schema["paths"][prefix + route.path])
            for unused in ("HTTPValidationError", "ValidationError"):
                schema["components"]["schemas"].pop(unused, None)
        return app.openapi_schema or describe()

    app.openapi = openapi  # type: ignore[method-assign]


def _operations(schema: dict[str, Any]) -> Iterator[Operation]:
    for operations in schema["paths"].values():
        yield from operations.values()


def _drop_validation_error(operation: Operation) -> None:
    """Remove the 422 that FastAPI adds to every route; the pipeline answers 400 instead."""
    if "HTTPValidationError" in str(operation["responses"].get("422")):
        del operation["responses"]["422"]


def _drop_empty_form(operation: Operation) -> None:
    """Remove the untyped JSON response that FastAPI adds to routes with another media type."""
    forms = operation["responses"].get("200", {}).get("content", {})
    if len(forms) > 1 and forms.get("application/json") == {"schema": {}}:
        del forms["application/json"]


def _drop_raw_body(operation: Operation) -> None:
    """Remove the query parameter that FastAPI derives from a handler's `body: bytes`."""
    if "parameters" in operation:
        is_raw = {"in": "query", "name": "body"}
        operation["parameters"] = [one for one in operation["parameters"] if not is_raw.items() <= one.items()]


def _relax_optional_body(route: APIRoute, operations: dict[str, Operation]) -> None:
    """Mark a body as optional if all its fields are; absent means `{}`."""
    if endpoint_of(route.endpoint).is_body_optional:
        for method in route.methods or ():
            operations[method.lower()]["requestBody"]["required"] = False
