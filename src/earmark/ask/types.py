"""Immutable values of Ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from earmark.library.types import Filters
from earmark.retrieval.types import ChunkHit

ScopeType = Literal["recording", "library", "selected", "folder"]
NEW_CHAT = "New chat"
TITLE_LIMIT = 200


class Scope(NamedTuple):
    """The recordings that a session may use, fixed for its lifetime. A tuple, as `Session` is one.

    `speaker`: only what this person says in them.
    """

    type: ScopeType
    recording_ids: tuple[str, ...] = ()
    recording_title: str | None = None
    folder_id: str | None = None
    folder_name: str | None = None
    speaker: str | None = None


LIBRARY = Scope("library")
"""All recordings that the end user has at each turn."""


class Session(NamedTuple):
    """A session as lists show it, without its messages.

    A tuple, because lists make twenty of them a request: a frozen dataclass took a seventh of the
    whole request's time (docs/decisions/2026-11-25-how-queries-run.md).
    """

    id: str
    end_user_id: str
    scope: Scope
    title: str
    message_count: int
    last_message_us: int
    last_model: str | None
    last_provider: str | None
    created_us: int
    updated_us: int


@dataclass(frozen=True, slots=True)
class SessionFilters(Filters):
    """Narrows a list of sessions. `q` is a part of the title; `active_after` is inclusive, `…before` exclusive."""

    end_user_id: str | None = None
    scope_type: ScopeType | None = None
    recording_id: str | None = None
    q: str | None = None
    active_after: int | None = None
    active_before: int | None = None


@dataclass(frozen=True, slots=True)
class FoundFilters(Filters):
    """Narrows a search in chats: its words, and whose chats."""

    q: str | None = None
    end_user_id: str | None = None


@dataclass(frozen=True, slots=True)
class SessionState:
    """The fields of a session that a turn needs."""

    id: str
    end_user_id: str
    end_user_no: int
    scope: Scope
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


@dataclass(frozen=True, slots=True)
class TextPart:
    """Text of an answer. `is_key`: it answers most directly."""

    text: str
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class CitationPart:
    """A citation of the text before it: a recording and the start of a segment."""

    recording_id: str
    start_ms: int


Part = TextPart | CitationPart


class Message(NamedTuple):
    """One message: its text and citation parts; `content` is the text of all of them.

    For answers: `answered` is `yes`, `partly` or `no`; `dropped_citations` counts citations of an outside model that
    were removed because their passage doesn't support the sentence. None where unknown.
    """

    id: str
    ordinal: int
    role: Literal["user", "assistant"]
    content: str
    parts: tuple[Part, ...]
    model: str | None
    provider: str | None
    finish_reason: str | None
    created_us: int
    tokens: Tokens
    answered: str | None = None
    dropped_citations: int | None = None


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A segment of a source: who says what, and when."""

    start_ms: int
    end_ms: int
    speaker: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """A moment that an answer was given as evidence, as it was then.

    `segments` are its lines; none where an earlier release stored it.
    """

    chunk_id: str
    recording_id: str
    transcription_id: str
    text: str
    speaker: str | None
    start_ms: int
    end_ms: int
    recorded_us: int | None
    score: float
    segments: tuple[SourceLine, ...] = ()


def to_source(hit: ChunkHit) -> Source:
    """Return a retrieved chunk as a source of an answer."""
    return Source(
        hit.chunk_id, hit.recording_id, hit.transcription_id, hit.text, hit.speaker, hit.start_ms, hit.end_ms,
        hit.recorded_us, hit.score,
        tuple(SourceLine(one.start_ms, one.end_ms, one.speaker, one.text) for one in hit.segments),
    )  # fmt: skip


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
    """A finished turn. `sources` is the evidence that the answer was given, best first."""

    session_id: str
    message: Message
    sources: tuple[Source, ...] = ()
