"""JSON Schemas of tools' arguments and results, as short as they can be: a model reads them with every request."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel, TypeAdapter

from earmark.api.wire.common import EndUserIdField
from earmark.mcp.tool import Arguments

_LEFT_OUT = ("title", "examples")


@cache
def input_schema(model: type[Arguments], *, needs_person: bool) -> dict[str, Any]:
    """Return the schema of arguments; with `needs_person`, those of a project-wide caller."""
    schema: dict[str, Any] = _short(model.model_json_schema())
    schema.pop("description", None)
    if needs_person:
        person = {**TypeAdapter(EndUserIdField).json_schema(), "description": "The person whose recordings these are."}
        schema["properties"] = {"end_user_id": person, **schema.get("properties", {})}
        schema["required"] = ["end_user_id", *schema.get("required", ())]
    return {"type": "object", "properties": {}, **schema}


@cache
def output_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a result."""
    schema: dict[str, Any] = _short(model.model_json_schema(mode="serialization"))
    return schema


def _short(node: Any) -> Any:
    """Return a schema without titles, examples and nulls that stand for an absent argument."""
    if isinstance(node, list):
        return [_short(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {name: one for name, one in node.items() if name not in _LEFT_OUT or isinstance(one, dict)}
    if "default" in kept and kept["default"] is None and len(given := _without_null(kept.get("anyOf", ()))) == 1:
        del kept["default"], kept["anyOf"]
        kept = {**given[0], **kept}
    return {name: _short(one) for name, one in kept.items()}


def _without_null(choices: Any) -> list[Any]:
    return [one for one in choices if one != {"type": "null"}]
