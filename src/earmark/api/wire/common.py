"""Field types that several resources share. Lengths count UTF-16 units, as clients do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

from earmark.clock import now_us, offset_of, parse_time
from earmark.ids import is_id
from earmark.lengths import check_length
from earmark.text import trim

ID_PATTERN = "[A-Za-z0-9]{1,64}$"
NOT_BLANK = r"\S"


class Body(BaseModel):
    """A request body. Unknown fields are ignored; nothing is coerced."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class Query(BaseModel):
    """Query parameters. Unknown ones are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Shown(BaseModel):
    """A response body, for OpenAPI only; responses are rendered by hand, and tests validate them."""


def _id_checker(prefix: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not is_id(value, prefix):
            raise ValueError(f"must be an id that starts with {prefix}_")
        return value

    return check


def _id_schema(prefix: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{prefix}_{ID_PATTERN}"})


EndUserIdField = Annotated[str, AfterValidator(_id_checker("eu")), _id_schema("eu")]
RecordingIdField = Annotated[str, AfterValidator(_id_checker("rec")), _id_schema("rec")]
FolderIdField = Annotated[str, AfterValidator(_id_checker("fld")), _id_schema("fld")]
MediaIdField = Annotated[str, AfterValidator(_id_checker("med")), _id_schema("med")]
SessionIdField = Annotated[str, AfterValidator(_id_checker("as")), _id_schema("as")]


def _to_whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


is_whole = BeforeValidator(_to_whole)
"""For whole numbers in a body: `17` and `17.0` are the same JSON number. Must be last in its Annotated."""


def _parse_digits(value: Any) -> int:
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or len(value) > 9:
        raise ValueError("must be a whole number")
    return int(value)


def _to_time(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError("must be an RFC 3339 time")
    try:
        return parse_time(value)
    except ValueError as error:
        raise ValueError("must be an RFC 3339 time with an offset, such as 2026-05-20T10:23:45Z") from error


Limit = Annotated[int, Field(ge=1, le=100, description="Rows at most."), BeforeValidator(_parse_digits)]
Offset = Annotated[int, Field(ge=0, le=10_000_000), BeforeValidator(_parse_digits)]
Cursor = Annotated[str, check_length(1, 2_048), Field(description="`next_cursor` of the page before.")]
TimeField = Annotated[int, BeforeValidator(_to_time), WithJsonSchema({"type": "string", "format": "date-time"})]
"""An RFC 3339 time with any offset; parsed to microseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Instant:
    """A time in microseconds since 1970, and the minutes east of UTC with which it was written (None for `Z`)."""

    us: int
    offset_min: int | None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate an RFC 3339 time."""
        return core_schema.no_info_plain_validator_function(lambda value: cls(_to_time(value), offset_of(value)))

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe it as a date and time."""
        return {"type": "string", "format": "date-time"}


def _in_future(value: int) -> int:
    if value <= now_us():
        raise ValueError("must be in the future")
    return value


FutureField = Annotated[TimeField, AfterValidator(_in_future)]
"""A time in the future."""


def _trimmed_title(value: str) -> str:
    return trim(value)


Title = Annotated[
    str,
    AfterValidator(_trimmed_title),
    check_length(1, 200),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 200, "pattern": NOT_BLANK}),
]


class CursorQuery(Query):
    """The query of every cursor list."""

    limit: Limit = 20
    cursor: Cursor | None = None


class ListQuery(CursorQuery):
    """The query of lists other than Ask; adds `offset` (with a default limit of 25)."""

    offset: Offset | None = None


class ErrorBody(Shown):
    """An error's code, message and request id."""

    code: str = Field(examples=["invalid_request"])
    message: str
    request_id: str
    param: str | None = None
    details: dict[str, Any] | list[Any] | None = None


class ErrorEnvelope(Shown):
    """The envelope of every error."""

    error: ErrorBody


class ProviderErrorEnvelope(ErrorEnvelope):
    """A model's failure; the question is stored in the session."""

    session_id: str


class ServerShown(Shown):
    """What this server is, and the paths of its API, its documentation and its console."""

    name: Literal["earmark"]
    version: str
    api: Literal["/v1"]
    docs: Literal["/docs"]
    openapi: Literal["/openapi.json"]
    health: Literal["/health"]
    console: Literal["/console"]


class Health(Shown):
    """Whether the server is healthy."""

    status: Literal["healthy", "unhealthy"]
    database: Literal["connected", "disconnected"]
    billing: Literal["disabled"]
