"""Errors that only the HTTP edge raises: about paths, methods, media types and bodies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from pydantic import ValidationError

from earmark.errors import EarmarkError, InvalidError, NotFoundError, TooLargeError


class PathNotFoundError(NotFoundError):
    """No route has this path."""

    def __init__(self) -> None:
        super().__init__("There is nothing at this path.")


class ObjectNotFoundError(NotFoundError):
    """An id in the path is malformed; answered like an id that does not exist."""

    def __init__(self) -> None:
        super().__init__("This object does not exist.")


class MethodNotAllowedError(EarmarkError):
    """The path exists, but not for this method."""

    code = "method_not_allowed"
    status = 405

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = ", ".join(sorted(allowed))
        super().__init__(f"This path allows {self.allowed}.")


class UnsupportedMediaTypeError(EarmarkError):
    """The route does not accept the body's media type."""

    code = "unsupported_media_type"
    status = 415

    def __init__(self, accepted: Iterable[str]) -> None:
        super().__init__(f"Send the body as {' or '.join(accepted)}.")


class NotAcceptableError(EarmarkError):
    """`Accept` allows none of the route's media types."""

    code = "not_acceptable"
    status = 406

    def __init__(self) -> None:
        super().__init__("The Accept header allows none of the media types that this route returns.")


class BodyBrokenOffError(InvalidError):
    """The client disconnected or timed out before the whole body had arrived."""

    def __init__(self) -> None:
        super().__init__("The body was incomplete, or took too long.")


class ClientGoneError(InvalidError):
    """The client disconnected while its request waited for its turn; nothing was done."""

    def __init__(self) -> None:
        super().__init__("The client disconnected before its request's turn came.")


class BodyTooLargeError(TooLargeError):
    """The body is over the route's limit."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"The body is larger than {limit_bytes} bytes.")


class InternalError(EarmarkError):
    """An unexpected failure: a bug in the server."""

    def __init__(self) -> None:
        super().__init__("Internal error; it has been logged under this request id.")


_MESSAGES = {
    "missing": "is required",
    "string_type": "must be a string",
    "int_type": "must be an integer",
    "bool_type": "must be true or false",
    "float_type": "must be a number",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "list_type": "must be an array",
    "tuple_type": "must be an array",
    "union_tag_not_found": "is required",
    "extra_forbidden": "is not a known field",
}


def invalid_request(error: ValidationError, *, where: str) -> InvalidError:
    """Return an error for the first invalid field, dotted, without repeating the value."""
    first = error.errors(include_url=False, include_context=True, include_input=False)[0]
    loc = first["loc"]
    if first["type"].startswith("union_tag"):
        loc = (*loc, "type")
    param = _dotted(loc)
    name = param or where
    return InvalidError(f"{name} {_say(first)}.", param=param or None)


_TAGGED: Final = frozenset(("scope", tag) for tag in ("recording", "library", "selected", "folder"))


def _dotted(loc: Sequence[int | str]) -> str:
    """Join the path with dots, without the tag that the union of scopes adds behind its field."""
    tagged = zip((None, *loc), loc, strict=False)
    return ".".join(str(part) for before, part in tagged if (before, part) not in _TAGGED)


def _say(first: Any) -> str:
    kind: str = first["type"]
    context = first.get("ctx", {})
    if kind in _MESSAGES:
        return _MESSAGES[kind]
    if kind == "union_tag_invalid":
        return f"must be one of {context['expected_tags']}"
    if kind == "literal_error":
        return f"must be one of {context['expected']}"
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = context.get("ge", context.get("le"))
        return f"must be {'at least' if 'ge' in context else 'at most'} {bound}"
    if kind in ("too_short", "too_long"):
        if "min_length" in context:
            return f"must have at least {context['min_length']} items"
        return f"must have at most {context['max_length']} items"
    message: str = first["msg"]
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ").rstrip(".")
