"""Makes the OpenAPI document from the registry of routes and pydantic's JSON Schemas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

import earmark
from earmark.api.pipeline.registry import Operation
from earmark.api.wire.common import ErrorEnvelope

Json = dict[str, Any]
_REF = "#/components/schemas/{model}"
_KEY = "ApiKey"
_PHRASES = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content",
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    406: "Not Acceptable", 409: "Conflict", 413: "Content Too Large", 415: "Unsupported Media Type",
    416: "Range Not Satisfiable", 422: "Unprocessable Content", 425: "Too Early", 429: "Too Many Requests",
    502: "Bad Gateway", 503: "Service Unavailable",
}  # fmt: skip
"""Python's own phrases change with its version (RFC 9110 renamed two)."""


class _Schemas(GenerateJsonSchema):
    """Leaves out `"default": null`, which says no more than that a field may be left out."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        found = super().default_schema(schema)
        if found.get("default", ...) is None:
            del found["default"]
        return found


def describe(operations: Sequence[Operation]) -> Json:
    """Return the OpenAPI 3.1 document of these operations, in their order."""
    paths: dict[str, Json] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "earmark",
            "summary": "Ask your voice recordings; every answer cites the recording and the millisecond.",
            "description": "Speaks the Bota v1 Ask API. Errors have one form everywhere; lists are cursor lists.",
            "version": earmark.__version__,
        },
        "paths": paths,
        "components": {
            "schemas": _schemas(_models(operations)),
            "securitySchemes": {
                _KEY: {"type": "http", "scheme": "bearer", "bearerFormat": "sk_live_…", "description": "An API key."}
            },
        },
    }


def _models(operations: Iterable[Operation]) -> set[type[BaseModel]]:
    found: set[type[BaseModel]] = {ErrorEnvelope}
    for one in operations:
        found |= {model for model in (one.body, *one.answers.values()) if model is not None}
    return found


def _schemas(models: Iterable[type[BaseModel]]) -> Json:
    by_name = sorted(models, key=lambda model: model.__name__)
    wanted: list[tuple[type[BaseModel], Literal["validation"]]] = [(model, "validation") for model in by_name]
    _, found = models_json_schema(wanted, ref_template=_REF, schema_generator=_Schemas)
    return dict(sorted(found["$defs"].items()))


def _operation(one: Operation) -> Json:
    summary = one.name.lstrip("_").replace("_", " ").title()
    shown: Json = {"tags": [one.tag], "summary": summary, "description": one.text, "operationId": one.name}
    shown["security"] = [{_KEY: []}] if one.needs_key else []
    shown["parameters"] = [*_path_parameters(one.path), *_query_parameters(one.query)]
    if one.body is not None:
        shown["requestBody"] = {"required": not one.is_body_optional, "content": _json_of(one.body)}
    shown["responses"] = {str(status): _response(status, model) for status, model in one.answers.items()}
    for status in sorted(one.refusals):
        shown["responses"][str(status)] = _response(status, ErrorEnvelope)
    return _merged(shown, one.extra)


def _response(status: int, model: type[BaseModel] | None) -> Json:
    found: Json = {"description": _PHRASES[status]}
    return found if model is None else {**found, "content": _json_of(model)}


def _json_of(model: type[BaseModel]) -> Json:
    return {"application/json": {"schema": {"$ref": _REF.format(model=model.__name__)}}}


def _path_parameters(path: str) -> Iterator[Json]:
    for name in re.findall(r"{(\w+)}", path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(model: type[BaseModel] | None) -> Iterator[Json]:
    if model is None:
        return
    schema = model.model_json_schema(schema_generator=_Schemas)
    for name, one in schema["properties"].items():
        text = {"description": one["description"]} if "description" in one else {}
        is_needed = name in schema.get("required", ())
        yield {"name": name, "in": "query", "required": is_needed, "schema": _given(one), **text}


def _given(schema: Json) -> Json:
    """Return the schema of a parameter that is given: null stands for one that is left out."""
    kept = {name: value for name, value in schema.items() if name not in ("title", "description")}
    kinds = [one for one in kept.pop("anyOf", ()) if one != {"type": "null"}]
    return {**kinds[0], **kept} if len(kinds) == 1 else {**kept, **({"anyOf": kinds} if kinds else {})}


def _merged(base: Json, extra: Mapping[str, Any]) -> Json:
    found = dict(base)
    for name, value in extra.items():
        if isinstance(value, Mapping):
            found[name] = _merged(found.get(name, {}), value)
        elif isinstance(value, list):
            found[name] = [*found.get(name, ()), *value]
        else:
            found[name] = value
    return found
