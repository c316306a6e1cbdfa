"""What several tools share: pages, and how a tool calls the handler of the route that does the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import Field

from earmark.api.pipeline.pipeline import Handler
from earmark.api.wire.common import Query
from earmark.lengths import check_length
from earmark.mcp.tool import Arguments, ToolCall, parse_arguments

Q = TypeVar("Q", bound=Query)
Limit = Annotated[int, Field(ge=1, le=100)]
Time = Annotated[str, check_length(1, 64), Field(json_schema_extra={"format": "date-time"})]
"""An RFC 3339 time, as the client wrote it; the route's model parses it."""


class PageArguments(Arguments):
    """The arguments of every tool that lists."""

    limit: Limit = 20
    cursor: Annotated[str, check_length(1, 2_048)] | None = Field(None, description="next_cursor of the page before.")


def to_query(model: type[Q], given: Arguments, **extra: Any) -> Q:
    """Return a tool's arguments as the query of the route that does the same.

    Raises: InvalidError.
    """
    asked = {**given.model_dump(exclude_none=True), **extra}
    return parse_arguments(model, {name: _written(one) for name, one in asked.items()})


def _written(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


async def answer_of(handler: Handler, asked: ToolCall, ids: Mapping[str, str] | None = None, **models: Any) -> Any:
    """Return what a route's handler answers, as JSON values."""
    return orjson.loads((await handler(call=asked.call, **(ids or {}), **models)).body)
