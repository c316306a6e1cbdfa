"""JSON bodies: loaded, checked against their model, and written alike if they say the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from earmark.api.pipeline.errors import invalid_request
from earmark.errors import InvalidError
from earmark.strict_json import parse_json

Body = TypeVar("Body")


def load_document(raw: bytes, *, ignored: Iterable[str] = (), is_optional: bool = False) -> dict[str, Any]:
    """Return the object that a body contains, without the fields to ignore.

    Raises: InvalidError.
    """
    if not raw and not is_optional:
        raise InvalidError("A JSON body is required.")
    value = parse_json(raw) if raw else {}
    if not isinstance(value, dict):
        raise InvalidError("The body must be a JSON object.")
    for name in ignored:
        value.pop(name, None)
    return value


def check_document(adapter: TypeAdapter[Body], document: Any) -> Body:
    """Return the document as the route's model.

    Raises: InvalidError.
    """
    try:
        return adapter.validate_python(document)
    except ValidationError as error:
        raise invalid_request(error, where="The body") from error


def digest_of(document: Any) -> bytes:
    """Return the SHA-256 of a document, the same for documents that say the same."""
    said = json.dumps(_canonical(document), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(said.encode()).digest()


def _canonical(value: Any) -> Any:
    """Return JSON in which equal documents are written alike: 1.0 is 1."""
    if isinstance(value, dict):
        return {name: _canonical(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_canonical(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
