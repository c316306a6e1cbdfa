"""Reads a model's reply to the prompt of a summary: one JSON object of statements with their lines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from earmark.summaries.schemas import Field

_MOST_ITEMS: Final = 60
_MOST_CHARS: Final = 4_000
_MOST_FIELDS: Final = 20
_IS_NUMBER: Final = re.compile(r"[0-9]{1,9}\Z")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}\Z")


class Statement(NamedTuple):
    """What the model says, and the numbers of the lines that it names for it."""

    text: str
    lines: tuple[int, ...] = ()


Statements = dict[Field, list[Statement]]


class UnusableReplyError(ValueError):
    """The reply is not the object that was asked for; the message says why, in words for the model."""


def read_reply(reply: str, fields: Sequence[Field] | None) -> Statements:
    """Return the statements of each field, none where the model says nothing.

    Args:
        fields: what was asked for; None: any fields.

    Raises: UnusableReplyError.
    """
    document = _object_of(reply)
    asked = fields if fields is not None else _chosen(document)
    return {one: _statements(_at(document, one), one) for one in asked}


def _object_of(reply: str) -> dict[str, Any]:
    start, end = reply.find("{"), reply.rfind("}")
    if start < 0 or end < start:
        raise UnusableReplyError("it has no JSON object.")
    try:
        found = orjson.loads(reply[start : end + 1])
    except orjson.JSONDecodeError as error:
        raise UnusableReplyError("it is not valid JSON.") from error
    if not isinstance(found, dict):
        raise UnusableReplyError("it is not a JSON object.")
    return found


def _chosen(document: Mapping[str, Any]) -> list[Field]:
    found = [
        Field((name,), isinstance(value, list))
        for name, value in document.items()
        if _NAME.match(name) and isinstance(value, str | list | dict)
    ]
    if not found:
        raise UnusableReplyError("it has no fields with texts.")
    return found[:_MOST_FIELDS]


def _at(document: Mapping[str, Any], field: Field) -> Any:
    """Return a field's value, written nested or with a dotted name."""
    dotted = ".".join(field.path)
    if dotted in document:
        return document[dotted]
    value: Any = document
    for part in field.path:
        if not isinstance(value, dict) or part not in value:
            raise UnusableReplyError(f'the field "{dotted}" is missing.')
        value = value[part]
    return value


def _statements(value: Any, field: Field) -> list[Statement]:
    if value is None:
        return []
    if not field.is_list and isinstance(value, list) and len(value) > 1:
        raise UnusableReplyError(f'the field "{".".join(field.path)}" must be a text, not a list.')
    rows = value if isinstance(value, list) else [value]
    found = [_statement(one, field) for one in rows[:_MOST_ITEMS]]
    return [one for one in found if one.text]


def _statement(value: Any, field: Field) -> Statement:
    lines: Any = ()
    if isinstance(value, dict):
        value, lines = value.get("text", ""), value.get("lines", ())
    if not isinstance(value, str):
        raise UnusableReplyError(f'the field "{".".join(field.path)}" must have texts.')
    lines = lines if isinstance(lines, list) else [lines]
    numbers = (int(one) for one in lines if isinstance(one, int | str) and _IS_NUMBER.match(str(one)))
    text = " ".join(value.replace("\0", "").split())
    return Statement(text[:_MOST_CHARS].encode("utf-8", "ignore").decode(), tuple(numbers)[:_MOST_ITEMS])
