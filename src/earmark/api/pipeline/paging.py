"""Renders cursor lists; fetches one extra row to tell whether there is a next page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.cursors import OffsetWithCursorError
from earmark.api.pipeline.reply import Reply, json_reply
from earmark.api.wire.common import CursorQuery, ListQuery, Query
from earmark.library.types import Filters, Page

T = TypeVar("T")
F = TypeVar("F", bound=Filters)
_OLD_CLIENTS_LIMIT = 25


async def page_reply(
    call: Call,
    route: str,
    query: CursorQuery,
    filters: Filters,
    *,
    fetch: Callable[[Page], Awaitable[list[T]]],
    position_of: Callable[[T], tuple[Any, str]],
    to_wire: Callable[[T], Any],
) -> Reply:
    """Fetch a page and render it.

    Its cursors are bound to `route` (the list's name, with its order if it has several) and to
    `filters` (those given); `position_of` returns the keyset position of a row.
    """
    binding = [route, call.caller.tenant.tenant_id, call.caller.end_user_id, sorted(filters.given().items())]
    limit, offset = query.limit, 0
    if isinstance(query, ListQuery) and query.offset is not None:
        offset = query.offset
        limit = query.limit if "limit" in query.model_fields_set else _OLD_CLIENTS_LIMIT
    after: tuple[Any, str] | None = None
    if query.cursor is not None:
        if offset:
            raise OffsetWithCursorError
        position = call.cursors.parse(query.cursor, binding)
        after = (position[0], position[1])
    rows = await fetch(Page(limit + 1, after, offset))
    has_more = len(rows) > limit
    rows = rows[:limit]
    next_cursor = call.cursors.render(position_of(rows[-1]), binding) if has_more else None
    data = [to_wire(row) for row in rows]
    return json_reply({"data": data, "has_more": has_more, "next_cursor": next_cursor})


def asked_filters(query: Query, kind: type[F]) -> F:
    """Return a list's filters, as its query names them."""
    return kind(**{name: getattr(query, name) for name in kind.names()})
