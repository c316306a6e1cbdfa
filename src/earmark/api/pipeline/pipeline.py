"""Runs every request under /v1 through the contract's order of checks.

The router has already answered 404 for the path and 405. Then: 401, 429, 403, 413, 415, 404 for the
objects of the path, 400 for headers, query and body; the room raises the rest (404 for objects of the
body, 409). No web framework runs the routes: dependency solving and response validation cost more than the
database (docs/decisions/2026-11-25-how-queries-run.md).
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, Literal, get_type_hints
from urllib.parse import unquote_to_bytes

from pydantic import BaseModel, TypeAdapter, ValidationError

from earmark.api.pipeline.admission import admit, recognise
from earmark.api.pipeline.call import Call
from earmark.api.pipeline.documents import check_document, load_document
from earmark.api.pipeline.errors import ObjectNotFoundError, UnsupportedMediaTypeError, invalid_request
from earmark.api.pipeline.large_bodies import is_large, run_apart, run_sized
from earmark.api.pipeline.reply import Reply
from earmark.api.pipeline.retries import REPLAYED, RetryKind, answer_once, stores_answers
from earmark.computing.process import Work
from earmark.errors import InvalidError
from earmark.ids import is_id

Handler = Callable[..., Awaitable[Reply]]
Exists = Callable[..., Awaitable[Any]]
Replay = Callable[[Call, Reply], Awaitable[Reply]]
JSON_LIMIT_BYTES = 1 << 20
ANY_SCOPE = ""
"""For a route that every credential may call; its handler checks the scopes of what it is asked for."""
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_MAY_BE_EMPTY = frozenset({"q"})
_STALE_S = 0.25
"""After a body that took longer, the caller is authenticated again: its key may have been revoked meanwhile."""


@dataclass(frozen=True)
class Rules:
    """A route's requirements on its requests.

    Args:
        scope: the scope that a restricted key needs (`ask:read`), or ANY_SCOPE; None: a route without authentication.
        path_prefixes: the id prefix of each path parameter; a malformed id is 404.
        exists: raises 404 for objects of the path; called with the call and the path's ids, before
            query and body are validated.
        is_project_wide: refuse end-user-scoped credentials.
        is_persons: refuse all but console sessions and unrestricted keys of one end user.
        is_unrestricted: refuse tokens and restricted keys.
        also: further scopes that it needs.
        authorise: raises ScopeMissingError for a body that needs a scope the key lacks.
        prepare: awaited with the call and its body before the work, outside of its unit of work: what waits for others.
        media_types: accepted content types, also `text/*`; bodies other than JSON reach the handler as bytes.
        retry: for POST and PATCH, how the work and the response stored for its Idempotency-Key are
            made consistent (`api/pipeline/retries.py`).
        replay: converts a stored response to the media type asked for, if the route has several.
        limits: the rate limits that its requests count against; `jobs` for what starts one.
        is_heavy: parsing and handling it takes long: a few at once, and one of each project.
        apart: parses the body in a process of its own.
        is_signed: the URL itself is the credential; the handler checks it, and nothing is counted.
    """

    scope: str | None
    path_prefixes: Mapping[str, str] = field(default_factory=dict)
    exists: Exists | None = None
    is_project_wide: bool = False
    is_persons: bool = False
    is_unrestricted: bool = False
    media_types: tuple[str, ...] = ("application/json",)
    limit_bytes: int = JSON_LIMIT_BYTES
    retry: RetryKind = "together"
    replay: Replay | None = None
    limits: tuple[Literal["overall", "uploads", "transcriptions", "summaries", "jobs"], ...] = ("overall",)
    also: tuple[str, ...] = ()
    authorise: Callable[[Call, Any], None] | None = None
    prepare: Callable[[Call, Any], Awaitable[None]] | None = None
    is_signed: bool = False
    is_heavy: bool = False
    apart: ParsedApart | None = None


@dataclass(frozen=True)
class ParsedApart:
    """How a body is parsed in a process of its own.

    Args:
        model: what the body must be, for the documentation.
        work: from the body's bytes, the names of fields to ignore, and whether there is an Idempotency-Key, to the
            body's digest (`digest_of`; None without a key) and what the handler gets.
    """

    model: type[BaseModel]
    work: Work


class Endpoint:
    """A route's handler with its rules; calling it runs both."""

    def __init__(self, handler: Handler, rules: Rules, method: str) -> None:
        self.handler = handler
        self.rules = rules
        self.stores_answers = stores_answers(method, rules.retry)
        hints = get_type_hints(handler)
        assert hints.get("call") is Call, f"{handler.__name__} must take `call: Call`"
        self.query: type[BaseModel] | None = hints.get("query")
        self.takes_raw = hints.get("body") is bytes
        given = None if self.takes_raw else hints.get("body")
        self.body: type[BaseModel] | None = given if rules.apart is None else rules.apart.model
        fields = self.query.model_fields if self.query else {}
        self._documented = frozenset(one.alias or name for name, one in fields.items())
        self.is_body_optional = self.body is not None and not any(
            one.is_required() for one in self.body.model_fields.values()
        )
        self.takes_body = self.body is not None or self.takes_raw
        self._body_adapter = TypeAdapter(self.body) if self.body else None
        self._finds_by_itself = method == "GET" and rules.exists is None and not (self.query or self.takes_body)

    async def __call__(self, call: Call, path_params: Mapping[str, str]) -> Reply:
        """Run the checks in the contract's order, then the handler."""
        rules = self.rules
        if rules.scope is not None:
            kind = {
                "is_project_wide": rules.is_project_wide, "is_persons": rules.is_persons,
                "is_unrestricted": rules.is_unrestricted,
            }  # fmt: skip
            await admit(call, rules.scope, rules.limits, rules.also, **kind)
        raw = await self._read_body(call) if self.takes_body else b""
        for name, prefix in rules.path_prefixes.items():
            if not is_id(path_params[name], prefix):
                raise ObjectNotFoundError
        if rules.is_signed:
            return await self.handler(call=call, **path_params)
        is_long = rules.is_heavy or (self.body is not None and is_large(len(raw)))
        if not (is_long or raw):  # hot path (bench/before.py): nothing to hold
            return await self._work(call, path_params, raw)
        with call.bodies.storing(call.owner, len(raw)):
            async with call.heavy() if is_long else nullcontext():
                return await self._work(call, path_params, raw)

    async def _work(self, call: Call, path_params: Mapping[str, str], raw: bytes) -> Reply:
        """Answer when it is the caller's turn."""
        await call.start_working()
        try:
            return await self._answer(call, path_params, raw)
        finally:
            call.stop_working()

    async def _answer(self, call: Call, path_params: Mapping[str, str], raw: bytes) -> Reply:
        rules = self.rules
        arguments: dict[str, Any] = {"call": call, **path_params}
        if rules.exists is not None:
            await rules.exists(call, **path_params)
        if self._finds_by_itself and rules.path_prefixes:  # its own 404 comes before a bad header's 400
            reply = await self.handler(**arguments)
            _check_version(call.headers)
            return reply
        _check_version(call.headers)
        if self.query is not None:
            arguments["query"] = self._parse_query(call)
        document: Any = None
        if self.body is not None:
            if rules.apart is not None:
                document, arguments["body"] = await self._parse_apart(call, raw)
            else:
                document, arguments["body"] = await run_sized(len(raw), self._parse_body, call, raw)
            if rules.authorise is not None:
                rules.authorise(call, arguments["body"])
            if rules.prepare is not None:
                await rules.prepare(call, arguments["body"])
        elif self.takes_raw:
            arguments["body"] = raw
        if not (self.stores_answers and b"idempotency-key" in call.headers):
            return await self.handler(**arguments)
        reply = await answer_once(call, rules.retry, document, lambda: self.handler(**arguments), size_bytes=len(raw))
        is_replayed = rules.replay is not None and REPLAYED in reply.headers
        return await rules.replay(call, reply) if rules.replay and is_replayed else reply

    async def _read_body(self, call: Call) -> bytes:
        started = time.monotonic()
        raw = await call.read_body(self.rules.limit_bytes)
        if self.rules.scope is not None and time.monotonic() - started > _STALE_S:
            await recognise(call)
        media_type = media_type_of(call.headers)
        if not is_accepted(media_type, self.rules.media_types) and (media_type or raw or self.takes_raw):
            raise UnsupportedMediaTypeError(self.rules.media_types)
        return raw

    def _parse_query(self, call: Call) -> BaseModel:
        assert self.query is not None
        given = parse_query(call.query_string, self._documented, ignored=_ignored(call))
        try:
            return self.query.model_validate(given)
        except ValidationError as error:
            raise invalid_request(error, where="The query") from error

    def _parse_body(self, call: Call, raw: bytes) -> tuple[Any, Any]:
        """Return the body as JSON and as the handler's model."""
        assert self._body_adapter is not None
        document = load_document(raw, ignored=_ignored(call), is_optional=self.is_body_optional)
        return document, check_document(self._body_adapter, document)

    async def _parse_apart(self, call: Call, raw: bytes) -> tuple[Any, Any]:
        """Return the digest of the body and the handler's model."""
        assert self.rules.apart is not None
        is_keyed = b"idempotency-key" in call.headers
        pieces = [raw, _ignored(call), is_keyed]
        document, body = await run_apart(len(raw), call.runtime.apart, call.owner, self.rules.apart.work, pieces)
        call.raw_body = raw
        return document, body


def _ignored(call: Call) -> tuple[str, ...]:
    """Return the fields to ignore: `end_user_id`, if the credential already names the end user."""
    return ("end_user_id",) if call.acting_for is not None else ()


def is_accepted(media_type: str, accepted: tuple[str, ...]) -> bool:
    """Whether a content type is one of those accepted; `text/*` accepts every text."""
    return media_type in accepted or (media_type.startswith("text/") and "text/*" in accepted)


def media_type_of(headers: Mapping[bytes, bytes]) -> str:
    """Return the content type without its parameters, lower case."""
    return headers.get(b"content-type", b"").split(b";")[0].strip().lower().decode("latin-1")


def charset_of(headers: Mapping[bytes, bytes]) -> str | None:
    """Return the `charset` of the content type, None if it has none."""
    message = Message()
    message["content-type"] = headers.get(b"content-type", b"").decode("latin-1")
    charset = message.get_content_charset()
    return charset or None


def _check_version(headers: Mapping[bytes, bytes]) -> None:
    version = headers.get(b"bota-version")
    if version is not None and not _VERSION.match(version.decode("latin-1")):
        raise InvalidError("Bota-Version must be a date such as 2026-05-20.", param="Bota-Version")


def parse_query(query_string: bytes, documented: frozenset[str], *, ignored: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the documented parameters; others, and those `ignored`, are skipped.

    Raises: InvalidError for one given twice, empty (except `q`), or not UTF-8.
    """
    given: dict[str, str] = {}
    for pair in query_string.split(b"&"):
        if not pair:
            continue
        raw_name, _, raw_value = pair.partition(b"=")
        name = unquote_to_bytes(raw_name.replace(b"+", b" ")).decode("utf-8", "replace")
        if name not in documented or name in ignored:
            continue
        if name in given:
            raise InvalidError(f"{name} is given twice.", param=name)
        given[name] = _decode_value(name, raw_value)
    return given


def _decode_value(name: str, raw: bytes) -> str:
    try:
        value = unquote_to_bytes(raw.replace(b"+", b" ")).decode()
    except UnicodeDecodeError as error:
        raise InvalidError(f"{name} is not UTF-8.", param=name) from error
    if not value and name not in _MAY_BE_EMPTY:
        raise InvalidError(f"{name} is empty.", param=name)
    if "\0" in value:
        raise InvalidError(f"{name} contains a NUL character.", param=name)
    return value
