"""Wire models of Ask sessions and messages."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, Field, WithJsonSchema

from earmark.api.wire.common import (
    NOT_BLANK,
    Body,
    CursorQuery,
    EndUserIdField,
    FolderIdField,
    Query,
    RecordingIdField,
    Shown,
    TimeField,
    Title,
)
from earmark.api.wire.search import ChunkShown
from earmark.ask.exchange.importing import SessionDocument
from earmark.ask.types import AskResult, Message, Question, Session
from earmark.clock import render_time
from earmark.lengths import check_length
from earmark.text import trim

ScopeTypeField = Literal["recording", "library", "selected", "folder"]


def _check_not_blank(text: str) -> str:
    if not trim(text):
        raise ValueError("must not be blank")
    return text


def _check_distinct(ids: list[str]) -> list[str]:
    if len(set(ids)) < len(ids):
        raise ValueError("must be distinct")
    return ids


Content = Annotated[
    str,
    check_length(1, 10_000),
    AfterValidator(_check_not_blank),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 10_000, "pattern": NOT_BLANK}),
]


class RecordingScopeBody(Body):
    """One whole recording."""

    type: Literal["recording"]
    recording_id: RecordingIdField


class LibraryScopeBody(Body):
    """All recordings that the end user has at each turn."""

    type: Literal["library"]


class SelectedScopeBody(Body):
    """Some recordings of the end user, in this order."""

    type: Literal["selected"]
    recording_ids: Annotated[
        list[RecordingIdField], Field(min_length=1, max_length=500), AfterValidator(_check_distinct)
    ]


class FolderScopeBody(Body):
    """A folder of the end user, with its content at each turn."""

    type: Literal["folder"]
    folder_id: FolderIdField


ScopeBody = Annotated[
    RecordingScopeBody | LibraryScopeBody | SelectedScopeBody | FolderScopeBody, Field(discriminator="type")
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


class CreateSessionBody(Body):
    """A new session. `end_user_id` is required except for `recording` scope and end-user-scoped credentials."""

    scope: ScopeBody
    end_user_id: EndUserIdField | None = None
    title: Title | None = None
    initial_message: QuestionBody | None = None


class RenameBody(Body):
    """A new title."""

    title: Title


class RegenerateBody(Body):
    """The provider of the new answer."""

    provider: Annotated[str, check_length(1, 64)] | None = None


class SuggestionsQuery(Query):
    """The source of suggestions: the built-in rules, or a model."""

    provider: Annotated[str, check_length(1, 64)] | None = None


class StartersQuery(Query):
    """The end user; required unless the credential is end-user-scoped."""

    end_user_id: EndUserIdField | None = None


class StartersShown(Shown):
    """Suggested first questions."""

    suggestions: list[str] = Field(max_length=3, examples=[["What was decided?", "What is still open?"]])


class SuggestionsShown(Shown):
    """Suggested next questions."""

    session_id: str
    suggestions: list[str] = Field(max_length=3, examples=[["What was decided about the launch?"]])


class CancelBody(Body):
    """An empty object."""


class SessionListQuery(CursorQuery):
    """Filters of the sessions list, combined with AND."""

    end_user_id: EndUserIdField | None = Field(None, description="Only this end user's sessions.")
    scope_type: ScopeTypeField | None = None
    recording_id: RecordingIdField | None = Field(None, description="Only sessions whose scope has this recording.")
    q: Annotated[str, check_length(0, 200)] | None = Field(
        None,
        description="Part of the title, in any case; `%`, `_`, `*` and backslash are ordinary characters.",
    )
    active_after: TimeField | None = Field(None, description="Last activity at this time or later.")
    active_before: TimeField | None = Field(None, description="Last activity before this time.")


class MessageListQuery(CursorQuery):
    """Order and content of a messages list."""

    order: Literal["asc", "desc"] = "asc"
    include: Literal["sources"] | None = None


class MessageQuery(Query):
    """Extra fields to include with a message."""

    include: Literal["sources"] | None = None


class ExportQuery(Query):
    """The format of an export."""

    format: Literal["markdown", "json"] = "markdown"


class ImportBody(SessionDocument):
    """An exported session and its new owner (`end_user_id` as on create)."""

    title: Title
    end_user_id: EndUserIdField | None = None

    def to_document(self) -> SessionDocument:
        """Return the export without its new owner."""
        return SessionDocument.model_construct(**{name: getattr(self, name) for name in SessionDocument.model_fields})


class ScopeShown(Shown):
    """The recordings that a session may use."""

    type: ScopeTypeField
    recording_ids: list[str]
    recording_title: str | None
    folder_id: str | None = Field(None, description="Present if `type` is `folder`.")
    folder_name: str | None = Field(
        None, description="The current name; of a deleted folder, its name when the session was created."
    )


class SessionShown(Shown):
    """A session."""

    id: str = Field(examples=["as_abc123"])
    end_user_id: str = Field(examples=["eu_abc123"])
    scope: ScopeShown
    title: str = Field(examples=["What did I commit to this week?"])
    message_count: int = Field(ge=0, examples=[4])
    last_message_at: str = Field(examples=["2026-05-20T10:23:45Z"])
    last_model: str | None = Field(examples=["gemini-2.0-flash"])
    last_provider: str | None = Field(examples=["gemini"])
    created_at: str = Field(examples=["2026-05-20T10:20:00Z"])
    updated_at: str = Field(examples=["2026-05-20T10:23:45Z"])


class ActiveTurnShown(Shown):
    """The running turn."""

    user_message_id: str


class SessionWithTurnShown(SessionShown):
    """A session and its running turn, if any."""

    active_turn: ActiveTurnShown | None


class SessionPage(Shown):
    """A page of sessions, newest activity first."""

    data: list[SessionShown]
    has_more: bool
    next_cursor: str | None


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


def session_to_wire(session: Session) -> dict[str, Any]:
    """Return a session as the contract shows it."""
    return {
        "id": session.id,
        "end_user_id": session.end_user_id,
        "scope": orjson.Fragment(session.scope_json),
        "title": session.title,
        "message_count": session.message_count,
        "last_message_at": render_time(session.last_message_us),
        "last_model": session.last_model,
        "last_provider": session.last_provider,
        "created_at": render_time(session.created_us),
        "updated_at": render_time(session.updated_us),
    }


def message_to_wire(message: Message) -> dict[str, Any]:
    """Return a message as the contract shows it."""
    tokens = message.tokens
    return {
        "id": message.id,
        "role": message.role,
        "content": message.content,
        "parts": orjson.Fragment(message.parts_json),
        "tokens": {"input": tokens.input, "output": tokens.output, "cached": tokens.cached},
        "model": message.model,
        "provider": message.provider,
        "finish_reason": message.finish_reason,
        "created_at": render_time(message.created_us),
        **_judgement(message),
    }


_CITATION = '"type":"citation"'


def _judgement(message: Message) -> dict[str, Any]:
    """Return the fields that only answers have."""
    if message.role != "assistant":
        return {}
    dropped = {} if message.dropped_citations is None else {"dropped_citations": message.dropped_citations}
    # Answers stored before this field existed count as answered if they cite anything.
    return {"answered": message.answered or ("yes" if _CITATION in message.parts_json else "no"), **dropped}


def result_to_wire(result: AskResult) -> dict[str, Any]:
    """Return a finished turn as the contract shows it."""
    return {
        "session_id": result.session_id,
        "message": message_to_wire(result.message),
        "sources": result.sources,
    }
