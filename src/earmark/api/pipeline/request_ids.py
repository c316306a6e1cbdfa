"""The id of a request: one, from the first bytes of its head to the last line that is logged about it."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from structlog.contextvars import bind_contextvars

from earmark.ids import new_id


def name_request(scope: MutableMapping[str, Any]) -> str:
    """Return the request's id, which every line logged in this context names from now on.

    It is not unbound at the end: a request has a task of its own, and what the server logs after the application
    has failed belongs to it too. A task that outlives its request, such as a turn's, has a copy of the context.
    """
    state: dict[str, Any] = scope.setdefault("state", {})
    if "request_id" not in state:
        state["request_id"] = new_id("req")
    request_id: str = state["request_id"]
    bind_contextvars(request_id=request_id)
    return request_id
