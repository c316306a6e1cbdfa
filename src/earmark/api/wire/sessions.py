"""Wire models of Ask sessions, their scopes, and suggested questions."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field

from earmark.api.wire.common import (
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
from earmark.api.wire.messages import QuestionBody
from earmark.api.wire.turns import scope_to_wire
from earmark.ask.exchange.documents import SessionDocument
from earmark.ask.exchange.importing import ReceivedSession, receive_session
from earmark.ask.types import Session
from earmark.clock import render_seconds
from earmark.lengths import check_length
from earmark.transcripts.limits import MAX_SPEAKER_UNITS

ScopeTypeField = Literal["recording", "library", "selected", "folder"]
SpeakerField = Annotated[str, check_length(1, MAX_SPEAKER_UNITS)]


def check_distinct(ids: list[str]) -> list[str]:
    """Return the ids. Raises: ValueError if one is there twice."""
    if len(set(ids)) < len(ids):
        raise ValueError("must be distinct")
    return ids


class _ScopeBody(Body):
    speaker: SpeakerField | None = Field(None, description="Only what this person says in it.")


class RecordingScopeBody(_ScopeBody):
    """One whole recording."""

    type: Literal["recording"]
    recording_id: RecordingIdField


class LibraryScopeBody(_ScopeBody):
    """All recordings that the end user has at each turn."""

    type: Literal["library"]


class SelectedScopeBody(_ScopeBody):
    """Some recordings of the end user, in this order."""

    type: Literal["selected"]
    recording_ids: Annotated[
        list[RecordingIdField], Field(min_length=1, max_length=500), AfterValidator(check_distinct)
    ]


class FolderScopeBody(_ScopeBody):
    """A folder of the end user, with its content at each turn."""

    type: Literal["folder"]
    folder_id: FolderIdField


ScopeBody = Annotated[
    RecordingScopeBody | LibraryScopeBody | SelectedScopeBody | FolderScopeBody, Field(discriminator="type")
]


class CreateSessionBody(Body):
    """A new session. `end_user_id` is required except for `recording` scope and end-user-scoped credentials."""

    scope: ScopeBody
    end_user_id: EndUserIdField | None = None
    title: Title | None = None
    initial_message: QuestionBody | None = None


class RenameBody(Body):
    """A new title."""

    title: Title


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


class ExportQuery(Query):
    """The format of an export."""

    format: Literal["markdown", "json"] = "markdown"


class ImportBody(SessionDocument):
    """An exported session and its new owner (`end_user_id` as on create)."""

    title: Title
    end_user_id: EndUserIdField | None = None

    def received(self) -> ReceivedImport:
        """Return what the import needs of the body besides its bytes."""
        return ReceivedImport(self.end_user_id, receive_session(self.to_document()))

    def to_document(self) -> SessionDocument:
        """Return the export without its new owner."""
        return SessionDocument.model_construct(**{name: getattr(self, name) for name in SessionDocument.model_fields})


class ReceivedImport(NamedTuple):
    """A checked body of an import without its messages."""

    end_user_id: str | None
    session: ReceivedSession

    @property
    def scope(self) -> Any:
        """The scope that it asks for."""
        return self.session.document.scope


class ScopeShown(Shown):
    """The recordings that a session may use."""

    type: ScopeTypeField
    recording_ids: list[str]
    recording_title: str | None
    folder_id: str | None = Field(None, description="Present if `type` is `folder`.")
    folder_name: str | None = Field(
        None, description="The current name; of a deleted folder, its name when the session was created."
    )
    speaker: str | None = Field(None, description="Present if only what this person says counts.", examples=["Ada"])


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


def session_to_wire(session: Session) -> dict[str, Any]:
    """Return a session as the contract shows it."""
    # Unpacked: a list makes twenty of them a request, and each attribute of a named tuple is a look-up.
    id_, end_user_id, scope, title, count, last_message_us, model, provider, created_us, updated_us = session
    return {
        "id": id_,
        "end_user_id": end_user_id,
        "scope": scope_to_wire(scope),
        "title": title,
        "message_count": count,
        "last_message_at": render_seconds(last_message_us // 1_000_000),
        "last_model": model,
        "last_provider": provider,
        "created_at": render_seconds(created_us // 1_000_000),
        "updated_at": render_seconds(updated_us // 1_000_000),
    }
