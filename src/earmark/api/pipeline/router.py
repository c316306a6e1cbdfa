"""Routes a path and method to an endpoint by exact segments: no redirects, no trailing slashes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import APIRouter

from earmark.api.pipeline.call import Call
from earmark.api.pipeline.errors import MethodNotAllowedError, PathNotFoundError
from earmark.api.pipeline.pipeline import Endpoint, Handler, Rules, attach, endpoint_of
from earmark.api.pipeline.reply import Reply
from earmark.api.pipeline.retries import KEY_ERRORS, KEY_HEADER, keeps_answers
from earmark.api.wire.common import ErrorEnvelope
from earmark.errors import EarmarkError

H = TypeVar("H", bound=Handler)


class Routes:
    """A resource's routes: described by FastAPI, run by the pipeline."""

    def __init__(self, tag: str) -> None:
        self.router = APIRouter(tags=[tag])

    def add(
        self,
        method: str,
        path: str,
        rules: Rules,
        *,
        answers: dict[int, Any],
        errors: Sequence[type[EarmarkError]] = (),
        openapi: dict[str, Any] | None = None,
    ) -> Callable[[H], H]:
        """Register a handler; the first of `answers` (status: model or None) is its default response."""

        def decorate(handler: H) -> H:
            endpoint = endpoint_of(attach(handler, rules, method))
            (status, model), *others = answers.items()
            responses: dict[int | str, dict[str, Any]] = {}
            for other, other_model in others:
                responses[other] = {"model": other_model} if other_model else {}
            stores_answers = keeps_answers(method, rules.retry)
            extra = dict(openapi or {})
            extra["parameters"] = [*extra.get("parameters", ()), *([KEY_HEADER] if stores_answers else ())]
            of_keys = {error.status for error in KEY_ERRORS} if stores_answers else set()
            usual = {400, 401, 429, 503} if rules.scope is None else {400, 401, 403, 429, 503}
            usual |= {413, 415} if endpoint.takes_body else set()
            for error_status in sorted({*usual, *of_keys, *(error.status for error in errors)}):
                responses[error_status] = {"model": ErrorEnvelope}
            self.router.add_api_route(
                path, handler, methods=[method], status_code=status, response_model=model,
                responses=responses, openapi_extra=extra, operation_id=handler.__name__,
            )  # fmt: skip
            return handler

        return decorate


@dataclass
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    names: tuple[str, ...] = ()
    path: str = ""
    methods: dict[str, Endpoint] = field(default_factory=dict)


class PathTable:
    """All endpoints by path and method."""

    def __init__(self, prefix: str, routers: Sequence[APIRouter]) -> None:
        self._prefix = prefix
        self._root = _Node()
        for router in routers:
            for route in router.routes:
                self._add(route.path, next(iter(route.methods)), endpoint_of(route.endpoint))  # type: ignore[attr-defined]

    def _add(self, path: str, method: str, endpoint: Endpoint) -> None:
        node, names = self._root, []
        for part in path.strip("/").split("/"):
            if part.startswith("{"):
                names.append(part[1:-1])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.children.setdefault(part, _Node())
        node.names = tuple(names)
        node.path = self._prefix + path
        node.methods[method] = endpoint

    async def dispatch(self, call: Call, method: str, path: str) -> Reply:
        """Run the endpoint of this method and path.

        Raises: PathNotFoundError, MethodNotAllowedError, and whatever the endpoint raises.
        """
        node, values = self._root, []
        for part in path[len(self._prefix) + 1 :].split("/"):
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
