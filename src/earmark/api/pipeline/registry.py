"""The one registry of the API's routes: requests are dispatched by it, and OpenAPI is made from it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

from earmark.api.pipeline.errors import BodyTooLargeError, UnsupportedMediaTypeError
from earmark.api.pipeline.pipeline import Endpoint, Handler, Rules
from earmark.api.pipeline.retries import KEY_ERRORS, KEY_HEADER
from earmark.errors import EarmarkError, InvalidError, LimitExceededError, UnauthorizedError, UnavailableError

H = TypeVar("H", bound=Handler)
Answers = Mapping[int, type[BaseModel] | None]
_USUAL = frozenset(one.status for one in (InvalidError, UnauthorizedError, LimitExceededError, UnavailableError))
_OF_BODIES = frozenset({BodyTooLargeError.status, UnsupportedMediaTypeError.status})
_OF_KEYS = frozenset(error.status for error in KEY_ERRORS)
_FORBIDDEN = 403


@dataclass(frozen=True, kw_only=True)
class Operation:
    """The description of one method of one path.

    Args:
        path: the whole path, with its parameters in braces.
        name: its name in clients that are generated.
        text: what it does; the first sentence stands in lists.
        answers: the model of each successful status, the usual one first; None for other than JSON objects.
        refusals: the statuses that come with the error envelope.
        query, body: the models of its query and of its JSON body.
        extra: further parts of an OpenAPI operation, which are merged into the description.
    """

    method: str
    path: str
    name: str
    tag: str
    text: str
    answers: Answers
    refusals: frozenset[int] = frozenset()
    needs_key: bool = True
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    is_body_optional: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Route:
    """An endpoint of the API, and what it does. OpenAPI leaves some out, such as HEAD beside GET."""

    endpoint: Endpoint
    operation: Operation
    is_described: bool


class Routes:
    """The routes of a resource.

    Args:
        tag: the heading under which they stand in the documentation.
        prefix: what their paths begin with; empty for those outside `/v1`.
    """

    def __init__(self, tag: str, prefix: str = "/v1") -> None:
        self._tag = tag
        self._prefix = prefix
        self.all: list[Route] = []

    def add(
        self,
        method: str,
        path: str,
        rules: Rules,
        *,
        answers: Answers,
        errors: Sequence[type[EarmarkError]] = (),
        openapi: Mapping[str, Any] | None = None,
        is_described: bool = True,
    ) -> Callable[[H], H]:
        """Register a handler. `errors` are those beyond the usual ones; `openapi` is merged into its description."""

        def decorate(handler: H) -> H:
            endpoint = Endpoint(handler, rules, method)
            operation = self._describe(endpoint, method, path, answers, errors, openapi or {})
            self.all.append(Route(endpoint=endpoint, operation=operation, is_described=is_described))
            return handler

        return decorate

    def _describe(
        self,
        endpoint: Endpoint,
        method: str,
        path: str,
        answers: Answers,
        errors: Sequence[type[EarmarkError]],
        extra: Mapping[str, Any],
    ) -> Operation:
        headers = [KEY_HEADER] if endpoint.stores_answers else []
        return Operation(
            method=method,
            path=self._prefix + path,
            name=endpoint.handler.__name__,
            tag=self._tag,
            text=inspect.getdoc(endpoint.handler) or "",
            answers=answers,
            refusals=_refusals_of(endpoint) | {error.status for error in errors},
            needs_key=endpoint.rules.scope is not None,
            query=endpoint.query,
            body=endpoint.body,
            is_body_optional=endpoint.is_body_optional,
            extra={**extra, "parameters": [*extra.get("parameters", ()), *headers]},
        )


def _refusals_of(endpoint: Endpoint) -> frozenset[int]:
    if endpoint.rules.is_signed:
        return frozenset({InvalidError.status, UnavailableError.status})
    found = _USUAL | (_OF_KEYS if endpoint.stores_answers else frozenset())
    found |= _OF_BODIES if endpoint.takes_body else frozenset()
    return found | {_FORBIDDEN} if endpoint.rules.scope is not None else found
