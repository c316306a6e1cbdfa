"""Limits of strings and JSON values, for pydantic models and commands. Lengths count UTF-16 units, as clients do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from earmark.text import utf16_length


def has_length(text: str, minimum: int, maximum: int) -> bool:
    """Whether a text has from `minimum` to `maximum` UTF-16 units."""
    return minimum <= utf16_length(text) <= maximum


@dataclass(frozen=True, slots=True)
class check_length:  # noqa: N801 (used like a function: Annotated[str, check_length(1, 255)])
    """Limits a text's length in UTF-16 units; JSON Schema counts code points, never more."""

    minimum: int
    maximum: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate after the preceding annotations."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add the limits to the JSON Schema."""
        return {**handler(core), "minLength": self.minimum, "maxLength": self.maximum}

    def _check(self, text: str) -> str:
        if not has_length(text, self.minimum, self.maximum):
            raise ValueError(f"must be {self.minimum} to {self.maximum} characters long")
        return text


@dataclass(frozen=True, slots=True)
class check_json_size:  # noqa: N801 (used like a function)
    """Limits the size of a value whose form is the client's, in bytes as JSON."""

    maximum_kib: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate after the preceding annotations."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, value: Any) -> Any:
        if len(orjson.dumps(value)) > self.maximum_kib * 1024:
            raise ValueError(f"must be at most {self.maximum_kib} KiB as JSON")
        return value
