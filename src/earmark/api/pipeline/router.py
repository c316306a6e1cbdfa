"""Finds the endpoint of a path and method by exact segments: no redirects, no trailing slashes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.errors import MethodNotAllowedError, PathNotFoundError
from earmark.api.pipeline.pipeline import Endpoint
from earmark.api.pipeline.registry import Route
from earmark.api.pipeline.reply import Reply


@dataclass
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    names: tuple[str, ...] = ()
    path: str = ""
    methods: dict[str, Endpoint] = field(default_factory=dict)


class PathTable:
    """All endpoints by path and method."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._root = _Node()
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node, names = self._root, []
        for part in route.operation.path.split("/")[1:]:
            if part.startswith("{"):
                names.append(part[1:-1])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.children.setdefault(part, _Node())
        node.names = tuple(names)
        node.path = route.operation.path
        node.methods[route.operation.method] = route.endpoint

    async def dispatch(self, call: Call, method: str, path: str) -> Reply:
        """Run the endpoint of this method and path.

        Raises: PathNotFoundError, MethodNotAllowedError, and whatever the endpoint raises.
        """
        node, values = self._root, []
        for part in path.split("/")[1:]:
            child = node.children.get(part)
            if child is None:
                child = node.parameter if part else None
                values.append(part)
            if child is None:
                raise PathNotFoundError
            node = child
        if not node.methods:
            raise PathNotFoundError
        call.route = node.path
        endpoint = node.methods.get(method)
        if endpoint is None:
            raise MethodNotAllowedError(node.methods)
        return await endpoint(call, dict(zip(node.names, values, strict=True)))
