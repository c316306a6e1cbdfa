"""Wire models of questions, answers and turns."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from earmark.api.wire.common import (
    NOT_BLANK,
    Body,
    CursorQuery,
    Query,
    RecordingIdField,
    Shown,
)
from earmark.api.wire.search import ChunkShown
from earmark.ask.types import Question
from earmark.lengths import check_length
from earmark.text import trim


def _check_not_blank(text: str) -> str:
    if not trim(text):
        raise ValueError("must not be blank")
    return text


Content = Annotated[
    str,
    check_length(1, 10_000),
    AfterValidator(_check_not_blank),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 10_000, "pattern": NOT_BLANK}),
]


class ContextRef(Body):
    """A recording that this turn is about."""

    type: Literal["recording"]
    id: RecordingIdField


class QuestionBody(Body):
    """A question."""

    content: Content = Field(examples=["When did we move the launch?"])
    provider: Annotated[str, check_length(1, 64)] | None = None
    context_refs: Annotated[list[ContextRef], Field(max_length=20)] | None = None

    def to_question(self, message_id: str) -> Question:
        """Return the room's question with the given message id."""
        refs = tuple(ref.id for ref in self.context_refs or ())
        return Question(self.content, self.provider, refs, message_id)


class RegenerateBody(Body):
    """The provider of the new answer."""

    provider: Annotated[str, check_length(1, 64)] | None = None


class CancelBody(Body):
    """An empty object."""


class MessageListQuery(CursorQuery):
    """Order and content of a messages list."""

    order: Literal["asc", "desc"] = "asc"
    include: Literal["sources"] | None = None


class MessageQuery(Query):
    """Extra fields to include with a message."""

    include: Literal["sources"] | None = None


class TextPartShown(Shown):
    """Text of an answer. `is_key` (present only if true): it answers most directly."""

    type: Literal["text"]
    text: str
    is_key: Literal[True] = Field(True, description="Only on the text that answers most directly.")


class CitationPartShown(Shown):
    """The moment that supports the preceding text."""

    type: Literal["citation"]
    recording_id: str
    start_ms: int


class TokensShown(Shown):
    """Tokens of an answer; nulls for a question."""

    input: int | None
    output: int | None
    cached: int | None


class MessageShown(Shown):
    """A question or an answer."""

    id: str = Field(examples=["msg_3fGh1jKlMn0pQrStUvWxYz01"])
    role: Literal["user", "assistant"]
    content: str = Field(examples=["Two points are open."])
    parts: list[TextPartShown | CitationPartShown]
    tokens: TokensShown
    model: str | None
    provider: str | None
    finish_reason: Literal["stop", "length", "content_filter", "cancelled"] | None
    created_at: str
    answered: Literal["yes", "partly", "no"] = Field(
        "yes", description="Only on answers: whether the question is answered fully, partly, or not."
    )
    dropped_citations: int = Field(
        0, description="Only on external models' answers: citations removed because their passage doesn't support them."
    )
    sources: list[ChunkShown] | None = Field(None, description="With `include=sources`, on answers.")


class MessagePageShown(Shown):
    """A page of messages."""

    data: list[MessageShown]
    has_more: bool
    next_cursor: str | None


class AskResultShown(Shown):
    """A finished turn: the answer, and its evidence, best first."""

    session_id: str
    message: MessageShown
    sources: list[ChunkShown]


class CancelledShown(Shown):
    """How the turn ended: cancelled, or finished before it could be cancelled."""

    user_message_id: str
    status: Literal["cancelled", "finished"]
