"""The document of an exported session, as it may come back: what each of its fields may contain."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from earmark.ask.answers.draft import MOST_CHARACTERS
from earmark.clock import parse_time
from earmark.lengths import check_length
from earmark.text import utf16_length

_LAST_MS = 168 * 3_600_000  # the longest recording
_MOST_TOKENS = 2**53  # what JSON carries exactly
MOST_MESSAGES = 10_000
_MOST_PARTS = 400
"""Of one message: an answer of this server has fewer than a hundred."""
_MOST_UNITS = 100_000
"""Of one part's text; a question has at most 10,000 (`_check_content`)."""
_QUESTION_UNITS = 10_000
_ANSWER_UNITS = 2 * MOST_CHARACTERS
"""Of all parts of an answer; this server's answers are cut at as many characters."""
_is_whole = BeforeValidator(lambda value: int(value) if isinstance(value, float) and value.is_integer() else value)


def _check_time(text: str) -> str:
    try:
        parse_time(text)
    except ValueError as error:
        raise ValueError("must be an RFC 3339 time with an offset, such as 2026-05-20T10:23:45Z") from error
    return text


_Id = Annotated[str, check_length(0, 68)]
_Name = Annotated[str, check_length(0, 200)]
_Speaker = Annotated[str, check_length(1, 128)]
_RecordingName = Annotated[str, check_length(0, 255)]
_Text = Annotated[str, check_length(0, _MOST_UNITS)]
_Time = Annotated[str, AfterValidator(_check_time), WithJsonSchema({"type": "string", "format": "date-time"})]


class _Document(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class ScopeDocument(_Document):
    """What the session may use."""

    type: Literal["recording", "library", "selected", "folder"]
    recording_ids: list[_Id] = Field(max_length=500)
    recording_title: _RecordingName | None = None
    folder_id: _Id | None = None
    speaker: _Speaker | None = None


class PartDocument(_Document):
    """A piece of text, or a citation."""

    type: Literal["text", "citation"]
    text: _Text = ""
    is_key: bool = False
    recording_id: _Id = ""
    start_ms: Annotated[int, Field(ge=0, le=_LAST_MS), _is_whole] = 0


class TokensDocument(_Document):
    """Tokens that an answer took."""

    input: Annotated[int, Field(ge=0, le=_MOST_TOKENS), _is_whole] | None = None
    output: Annotated[int, Field(ge=0, le=_MOST_TOKENS), _is_whole] | None = None
    cached: Annotated[int, Field(ge=0, le=_MOST_TOKENS), _is_whole] | None = None


class MessageDocument(_Document):
    """A question or an answer."""

    role: Literal["user", "assistant"]
    parts: list[PartDocument] = Field(min_length=1, max_length=_MOST_PARTS)
    tokens: TokensDocument = Field(default_factory=TokensDocument)  # a default would be copied for each message
    model: _Name | None = None
    provider: _Name | None = None
    finish_reason: Literal["stop", "length", "content_filter", "cancelled"] | None = None
    answered: Literal["yes", "partly", "no"] | None = None
    dropped_citations: Annotated[int, Field(ge=0, le=_MOST_TOKENS), _is_whole] | None = None
    created_at: _Time

    @model_validator(mode="after")
    def _check_content(self) -> Self:
        what, limit = ("a question", _QUESTION_UNITS) if self.role == "user" else ("an answer", _ANSWER_UNITS)
        if sum(utf16_length(part.text) for part in self.parts) > limit:
            raise ValueError(f"{what} must be at most {limit} characters long")
        return self


class SessionDocument(_Document):
    """What `export_json` wrote."""

    format: Literal["earmark.ask-session/1"]
    title: _Name
    scope: ScopeDocument
    created_at: _Time
    messages: list[MessageDocument] = Field(max_length=MOST_MESSAGES)
