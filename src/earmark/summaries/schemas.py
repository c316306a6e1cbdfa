"""The shape of an output: strings, arrays of strings, and objects of them, as a small part of JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from earmark.summaries.errors import SchemaError

_MOST_BYTES: Final = 16 * 1024
_MOST_FIELDS: Final = 50
_MOST_DEPTH: Final = 4
_MOST_DESCRIPTION: Final = 1_000
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}\Z")
_STATEMENT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "lines": {"type": "array", "items": {"type": "integer"}}},
    "required": ["text", "lines"],
    "additionalProperties": False,
}
_KNOWN: Final = frozenset(
    {"$schema", "additionalProperties", "description", "items", "properties", "required", "title", "type"}
)


@dataclass(frozen=True, slots=True)
class Field:
    """A string, or an array of strings, at its place in the output."""

    path: tuple[str, ...]
    is_list: bool
    description: str = ""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path[-1]

    @property
    def pointer(self) -> str:
        """Its JSON pointer."""
        return "".join(f"/{part}" for part in self.path)


def check_schema(schema: Mapping[str, Any]) -> None:
    """Accept a schema that `fields_of` can read.

    Raises: SchemaError.
    """
    if len(orjson.dumps(schema)) > _MOST_BYTES:
        raise SchemaError("The schema is larger than 16 KiB.")
    if schema.get("type") != "object":
        raise SchemaError("The schema must describe an object with properties.")
    _check(schema, 1)
    if len(fields_of(schema)) > _MOST_FIELDS:
        raise SchemaError(f"The schema has more than {_MOST_FIELDS} fields.")


def _check(one: Any, depth: int) -> None:
    if not isinstance(one, dict) or depth > _MOST_DEPTH:
        raise SchemaError(f"The schema must be objects, at most {_MOST_DEPTH} deep.")
    unknown = sorted(one.keys() - _KNOWN)
    if unknown:
        raise SchemaError(
            "The schema has a keyword that is not supported; it may be made of type, properties, items, required, "
            "title and description."
        )
    for name in ("description", "title"):
        if not isinstance(one.get(name, ""), str) or len(one.get(name, "")) > _MOST_DESCRIPTION:
            raise SchemaError(f"A {name} in the schema must be a string of at most {_MOST_DESCRIPTION} characters.")
    kind = one.get("type")
    if kind == "object":
        _check_object(one, depth)
    elif kind == "array":
        items = one.get("items")
        if not isinstance(items, dict) or items.get("type") != "string":
            raise SchemaError("An array in the schema must have items of type string.")
        _check(items, depth + 1)
    elif kind != "string":
        raise SchemaError("A field in the schema must be a string, an array of strings, or an object of them.")


def _check_object(one: Mapping[str, Any], depth: int) -> None:
    properties = one.get("properties")
    if not isinstance(properties, dict) or not properties:
        raise SchemaError("An object in the schema must have properties.")
    for name, inner in properties.items():
        if not _NAME.match(name):
            raise SchemaError("A property of the schema must have a name of 1 to 64 letters, digits and underscores.")
        _check(inner, depth + 1)


def fields_of(schema: Mapping[str, Any]) -> list[Field]:
    """Return the fields of a schema in order."""
    return list(_fields(schema, ()))


def _fields(schema: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Field]:
    for name, inner in schema["properties"].items():
        if inner["type"] == "object":
            yield from _fields(inner, (*path, name))
        else:
            yield Field((*path, name), inner["type"] == "array", inner.get("description", ""))


def reply_schema(fields: Sequence[Field]) -> dict[str, Any]:
    """Return the JSON schema of a model's reply: each text is an object with the lines that it rests on."""
    root = _object_schema()
    for field in fields:
        inner = root
        for part in field.path[:-1]:
            inner = inner["properties"].setdefault(part, _object_schema())
        inner["properties"][field.name] = {"type": "array", "items": _STATEMENT} if field.is_list else _STATEMENT
    _require_all(root)
    return root


def _object_schema() -> dict[str, Any]:
    return {"type": "object", "properties": {}, "additionalProperties": False}


def _require_all(one: dict[str, Any]) -> None:
    """Require every property: a schema that a vendor enforces may leave none to the model."""
    one["required"] = list(one["properties"])
    for inner in one["properties"].values():
        if inner is not _STATEMENT and inner["type"] == "object":
            _require_all(inner)


def place(output: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set a value at a path, making the objects on the way."""
    for part in path[:-1]:
        output = output.setdefault(part, {})
    output[path[-1]] = value


def pointers_of(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value inside an output with its JSON pointer."""
    if isinstance(value, dict):
        for name, inner in value.items():
            deeper = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            yield deeper, inner
            yield from pointers_of(inner, deeper)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield f"{pointer}/{number}", inner
            yield from pointers_of(inner, f"{pointer}/{number}")
