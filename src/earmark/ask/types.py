"""Immutable values of Ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

ScopeType = Literal["recording", "library", "selected", "folder"]
NEW_CHAT = "New chat"
TITLE_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Scope:
    """The recordings that a session may use, fixed for its lifetime."""

    type: ScopeType
    recording_ids: tuple[str, ...] = ()
    recording_title: str | None = None
    folder_id: str | None = None
    folder_name: str | None = None


class Session(NamedTuple):
    """A session as lists show it, without its messages.

    A tuple, because lists make twenty of them a request: a frozen dataclass took a seventh of the
    whole request's time (docs/decisions/2026-11-25-how-queries-run.md).
    """

    id: str
    end_user_id: str
    scope_type: str
    scope_json: str
    title: str
    message_count: int
    last_message_us: int
    last_model: str | None
    last_provider: str | None
    created_us: int
    updated_us: int


@dataclass(frozen=True, slots=True)
class SessionState:
    """The fields of a session that a turn needs."""

    id: str
    end_user_id: str
    end_user_no: int
    scope_type: str
    scope_json: str
    title: str
    message_count: int
    last_message_us: int
    updated_us: int
    turn_holder: str | None
    turn_message_id: str | None
    turn_expires_us: int | None
    is_title_default: bool


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one answer; None for messages of users."""

    input: int | None = None
    output: int | None = None
    cached: int | None = None


class Message(NamedTuple):
    """One message. `parts_json` is the JSON array of its text and citation parts.

    For answers: `answered` is `yes`, `partly` or `no`; `dropped_citations` counts citations of an outside model that
    were removed because their passage doesn't support the sentence. None where unknown.
    """

    id: str
    ordinal: int
    role: Literal["user", "assistant"]
    content: str
    parts_json: str
    model: str | None
    provider: str | None
    finish_reason: str | None
    created_us: int
    tokens: Tokens
    answered: str | None = None
    dropped_citations: int | None = None


@dataclass(frozen=True, slots=True)
class TextPart:
    """Text of an answer. `is_key`: it answers most directly."""

    text: str
    is_key: bool = False

    def to_wire(self) -> dict[str, Any]:
        """Return the part as the contract shows it."""
        return {"type": "text", "text": self.text, **({"is_key": True} if self.is_key else {})}


@dataclass(frozen=True, slots=True)
class CitationPart:
    """A citation of the text before it: a recording and the start of a segment."""

    recording_id: str
    start_ms: int

    def fields(self) -> dict[str, Any]:
        """Return the cited recording and time."""
        return {"recording_id": self.recording_id, "start_ms": self.start_ms}

    def to_wire(self) -> dict[str, Any]:
        """Return the part as the contract shows it."""
        return {"type": "citation", **self.fields()}


Part = TextPart | CitationPart


@dataclass(frozen=True, slots=True)
class Question:
    """A question as sent: `content` unchanged.

    `message_id` becomes the id of the stored question. A second send with a stored id is a retry: it returns the
    existing answer, or answers the question if it has none.
    """

    content: str
    provider: str | None = None
    context_recording_ids: tuple[str, ...] = ()
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class AskResult:
    """A finished turn. `sources` are the chunks that the answer was given, as the wire shows them."""

    session_id: str
    message: Message
    sources: list[dict[str, Any]]
