"""What is wrong with a setting's value, in the project's own words; no sentence repeats the value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_SENTENCES: Final = {
    "missing": "is missing",
    "extra_forbidden": "is not a setting",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "string_too_long": "may have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "string_pattern_mismatch": "has a wrong form; it must match {pattern}",
    "literal_error": "must be {expected}",
    "finite_number": "must be a finite number",
}
_KINDS: Final = {
    "int": "must be a whole number",
    "float": "must be a number",
    "bool": "must be true or false",
    "string": "must be text",
    "path": "must be a path",
    "dict": "must be a table of names and values",
    "model": "must be a table of names and values",
    "tuple": "must be a list",
    "list": "must be a list",
}
"""By the first word of the error's type: `int_parsing`, `int_type`, `int_from_float`, …"""


def _short(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def sentence_of(error: Mapping[str, Any]) -> str:
    """Return what follows the setting's name, for an error of pydantic's; without a full stop."""
    kind, values = str(error["type"]), error.get("ctx", {})
    if kind in _SENTENCES:
        return _SENTENCES[kind].format(**{name: _short(value) for name, value in values.items()})
    if kind == "value_error":
        return str(values["error"])  # of our own validators
    return _KINDS.get(kind.partition("_")[0], "is not valid")
