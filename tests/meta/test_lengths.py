"""Every string that is stored has a limit, by whichever way it comes in."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from annotated_types import MaxLen
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from earmark.api.edge.app import ROUTES
from earmark.api.pipeline import retries
from earmark.api.pipeline.registry import Operation
from earmark.api.wire.common import Instant
from earmark.config import EmbedderSettings, ServerSettings, VendorSettings
from earmark.ids import is_id
from earmark.lengths import check_json_size, check_length
from earmark.storage.tables import metadata
from earmark.storage.tables.text_limits import TEXT_LIMITS, text_limit
from earmark.text import utf16_length

MOST_UNITS = 100_000
"""No field takes more: a question has 10,000, a part of an imported answer 100,000."""
_N = 1_000_000
_MANY = "a" * _N
PROBES = (
    _MANY,
    "7" * _N,
    "😀" * _N,
    " " * _N + "a",
    "\n" * _N,
    *(f"{prefix}_{_MANY}" for prefix in ("eu", "rec", "fld", "med", "as", "msg", "txn", "proj")),
    "2026-05-20" + "0" * _N,
    "2026-05-20T10:00:00." + "0" * _N + "Z",
    f"audio/opus;codecs={_MANY}",
)
"""Long texts in the form of each kind of field."""
_SCALARS = (int, float, bool, type(None), Instant)

Place = tuple[str, Any, tuple[Any, ...]]
"""Where a value is, its type, and what limits it."""


def places(model: type[BaseModel], path: str = "") -> Iterator[Place]:
    """Yield every string, list and object of a model, also within others."""
    for name, field in model.model_fields.items():
        yield from _within(f"{path}{name}", field.annotation, tuple(field.metadata))


def _within(path: str, kind: Any, limits: tuple[Any, ...]) -> Iterator[Place]:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        yield from _within(path, inner[0], (*inner[1:], *limits))
    elif origin in (Union, types.UnionType):
        for one in inner:
            yield from _within(path, one, limits)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from places(kind, f"{path}.")
    elif origin in (list, tuple, set, frozenset, Sequence):
        yield path, list, limits
        for one in inner:
            yield from _within(f"{path}[]", one, ())
    elif origin is dict and any(isinstance(one, MaxLen) for one in limits):
        yield path, dict[str, Any], limits
        for one in inner:
            yield from _within(f"{path}{{}}", one, ())
    elif origin is not Literal and kind not in _SCALARS:
        yield path, dict if origin in (dict, Mapping) else kind, limits


def fault_of(place: Place) -> str | None:
    """Return what has no limit, or a wrong one."""
    path, kind, limits = place
    if any(isinstance(one, check_json_size) for one in limits):
        return None
    if kind is list:
        schema = _adapter(list[Any], limits).json_schema()
        return None if "maxItems" in schema else f"{path}: a list without a maximum count"
    if kind == dict[str, Any]:
        schema = _adapter(kind, limits).json_schema()
        return None if "maxProperties" in schema else f"{path}: an object without a maximum count"
    if kind is not str:
        return f"{path}: {kind} without a maximum size"
    adapter = _adapter(str, limits)
    schema = adapter.json_schema()
    if not {"maxLength", "enum", "pattern", "format"} & set(schema):
        return f"{path}: a string without a maximum length"
    probes = list(PROBES)
    if "maxLength" in schema:
        probes += ["a" * (schema["maxLength"] + 1), "😀" * (schema["maxLength"] // 2 + 1)]
    if any(_longest(adapter, probe) > schema.get("maxLength", MOST_UNITS) for probe in probes):
        return f"{path}: takes a longer string than it says"
    return None


def _adapter(kind: Any, limits: tuple[Any, ...]) -> TypeAdapter[Any]:
    for one in limits:
        kind = Annotated[kind, one]
    return TypeAdapter(kind)


def _longest(adapter: TypeAdapter[Any], probe: str) -> int:
    try:
        taken = adapter.validate_python(probe)
    except ValidationError:
        return 0
    return utf16_length(taken) if isinstance(taken, str) else 0


OPERATIONS = [route.operation for route in ROUTES]
BODIES = [one for one in OPERATIONS if one.body is not None]
QUERIES = [one for one in OPERATIONS if one.query is not None]


def _name(one: Operation) -> str:
    return f"{one.method} {one.path}"


def _faults(model: type[BaseModel]) -> list[str]:
    return [fault for fault in map(fault_of, places(model)) if fault is not None]


@pytest.mark.parametrize("operation", BODIES, ids=_name)
def test_every_string_and_list_of_a_request_body_has_a_limit(operation: Operation) -> None:
    assert operation.body is not None
    assert _faults(operation.body) == []


@pytest.mark.parametrize("operation", QUERIES, ids=_name)
def test_every_string_of_a_query_has_a_limit(operation: Operation) -> None:
    assert operation.query is not None
    assert _faults(operation.query) == []


class _Inner(BaseModel):
    text: str


class _Unlimited(BaseModel):
    bare: str
    optional: str | None = None
    short: Annotated[str, check_length(1, 5)]
    points: Annotated[str, Field(max_length=5)]
    items: list[Annotated[str, check_length(1, 5)]]
    few: Annotated[list[str], Field(max_length=5)]
    named: dict[str, str]
    anything: Any
    inner: Annotated[list[_Inner], Field(max_length=5)]


def test_the_walk_finds_what_has_no_limit() -> None:
    assert [fault.partition(":")[0] for fault in _faults(_Unlimited)] == [
        "bare", "optional", "points", "items", "few[]", "named", "anything", "inner[].text",
    ]  # fmt: skip


def test_only_these_routes_read_bodies_that_no_model_describes() -> None:
    """Their limits are those of transcripts (`tests/transcripts`), uploads (`tests/http/test_media.py`), MCP's tools
    (`tests/mcp/test_catalogue.py`), OAuth's (`tests/oauth/test_clients.py`)."""
    raw = [_name(one.operation) for one in ROUTES if one.endpoint.takes_raw or one.endpoint.rules.is_signed]
    assert raw == [
        "PUT /v1/recordings/{recording_id}/transcript",
        "POST /v1/transcripts/inspect",
        "PUT /v1/imports/{import_id}/content",
        "POST /mcp",
        "POST /oauth/authorize",
        "POST /oauth/token",
        "POST /oauth/revoke",
        "POST /oauth/register",
        "PUT /v1/media/{media_id}",
        "GET /v1/media/{media_id}",
        "HEAD /v1/media/{media_id}",
    ]


def test_every_name_in_a_path_is_an_id_of_at_most_64_letters_behind_its_prefix() -> None:
    for route in ROUTES:
        named = set(re.findall(r"{(\w+)}", route.operation.path)) - {
            "section",
            "provider",
            "token",
        }  # looked up, never stored
        assert named == set(route.endpoint.rules.path_prefixes)
        for prefix in route.endpoint.rules.path_prefixes.values():
            assert is_id(f"{prefix}_{'a' * 64}", prefix)
            assert not is_id(f"{prefix}_{'a' * 65}", prefix)


def test_the_only_header_that_is_stored_has_a_limit() -> None:
    assert retries._KEY.match(b"k" * 255)
    assert not retries._KEY.match(b"k" * 256)


@pytest.mark.parametrize("model", [EmbedderSettings, ServerSettings, VendorSettings])
def test_names_of_models_in_settings_are_stored_with_answers_and_have_a_limit(model: type[BaseModel]) -> None:
    stored = [place for place in places(model) if place[0] in ("model", "query_prefix", "passage_prefix")]
    assert {_adapter(str, limits).json_schema()["maxLength"] for _, kind, limits in stored if kind is str} == {200}


def test_every_column_of_text_has_a_limit_that_a_restored_row_must_keep() -> None:
    columns = [column for table in metadata.sorted_tables for column in table.columns]
    limited = {column.name for column in columns if text_limit(column) is not None}
    assert {name.rpartition(".")[2] for name in TEXT_LIMITS} == limited


NOT_STORED = {("decide_consent", "state")}  # it is sent back to the client


def test_what_a_body_may_say_can_be_restored() -> None:
    for operation in BODIES:
        assert operation.body is not None
        for name, kind, limits in places(operation.body):
            if kind is str and name in TEXT_LIMITS and (operation.name, name) not in NOT_STORED:
                assert _adapter(str, limits).json_schema().get("maxLength", 0) <= TEXT_LIMITS[name], name
