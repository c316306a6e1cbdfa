"""Taking back a session that was exported, here or on another server."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from earmark.ask import queries
from earmark.ask.sessions.messages import dump_parts, insert_messages, join_text
from earmark.ask.sessions.sessions import create_session, get_session
from earmark.ask.types import CitationPart, Message, Part, Scope, Session, TextPart, Tokens
from earmark.clock import parse_time
from earmark.ids import new_id
from earmark.lengths import check_length
from earmark.library.folders import find_folder
from earmark.library.recordings import find_recordings
from earmark.library.transcripts import list_segments
from earmark.storage.errors import UniqueViolationError
from earmark.storage.tenant import Tenant
from earmark.text import utf16_length

_LAST_MS = 168 * 3_600_000  # the longest recording
_MOST_TOKENS = 2**53  # what JSON carries exactly
MOST_MESSAGES = 10_000
_MOST_PARTS = 400
"""Of one message: an answer of this server has fewer than a hundred."""
_MOST_UNITS = 100_000
"""Of one part's text; a question has at most 10,000 (`_check_question`)."""
_QUESTION_UNITS = 10_000
_BATCH_MESSAGES = 1_000
"""Made and inserted at once, so that the thread that makes them and the writer are free between two batches."""
_MOST_TEXTS = 8
"""Segments that start at one millisecond which a citation is compared with: people talk over each other, not crowds."""
_BUILT_IN = "earmark"
_EXTRACTIVE = "extractive-"
Spoken = Mapping[tuple[str, int], list[str]]
"""What is said in the segments of a recording that start at a millisecond."""
_is_whole = BeforeValidator(lambda value: int(value) if isinstance(value, float) and value.is_integer() else value)


def _check_time(text: str) -> str:
    try:
        parse_time(text)
    except ValueError as error:
        raise ValueError("must be an RFC 3339 time with an offset, such as 2026-05-20T10:23:45Z") from error
    return text


_Id = Annotated[str, check_length(0, 68)]
_Name = Annotated[str, check_length(0, 200)]
_RecordingName = Annotated[str, check_length(0, 255)]
_Text = Annotated[str, check_length(0, _MOST_UNITS)]
_Time = Annotated[str, AfterValidator(_check_time), WithJsonSchema({"type": "string", "format": "date-time"})]


class _Document(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class _ScopeDocument(_Document):
    type: Literal["recording", "library", "selected", "folder"]
    recording_ids: list[_Id] = Field(max_length=500)
    recording_title: _RecordingName | None = None
    folder_id: _Id | None = None


class _PartDocument(_Document):
    type: Literal["text", "citation"]
    text: _Text = ""
    is_key: bool = False
    recording_id: _Id = ""
    start_ms: Annotated[int, Field(ge=0, le=_LAST_MS), _is_whole] = 0


class _TokensDocument(_Document):
    input: Annotated[int, Field(ge=0, le=_MOST_TOKENS), _is_whole] | None = None
    output: Annotated[int, Field(ge=0, le=_MOST_TOKENS), _is_whole] | None = None
    cached: Annotated[int, Field(ge=0, le=_MOST_TOKENS), _is_whole] | None = None


class _MessageDocument(_Document):
    role: Literal["user", "assistant"]
    parts: list[_PartDocument] = Field(min_length=1, max_length=_MOST_PARTS)
    tokens: _TokensDocument = _TokensDocument()
    model: _Name | None = None
    provider: _Name | None = None
    finish_reason: Literal["stop", "length", "content_filter", "cancelled"] | None = None
    answered: Literal["yes", "partly", "no"] | None = None
    dropped_citations: Annotated[int, Field(ge=0, le=_MOST_TOKENS), _is_whole] | None = None
    created_at: _Time

    @model_validator(mode="after")
    def _check_question(self) -> Self:
        if self.role == "user" and utf16_length("".join(part.text for part in self.parts)) > _QUESTION_UNITS:
            raise ValueError(f"a question must be at most {_QUESTION_UNITS} characters long")
        return self


class SessionDocument(_Document):
    """What `export_json` wrote."""

    format: Literal["earmark.ask-session/1"]
    title: _Name
    scope: _ScopeDocument
    created_at: _Time
    messages: list[_MessageDocument] = Field(max_length=MOST_MESSAGES)


async def import_session(tenant: Tenant, document: SessionDocument) -> tuple[Session, bool]:
    """Make a session of an export, for the end user that the handle is narrowed to.

    Returns: the session, and whether it is new; the same export again gives the one it made before.
    Citations of recordings that are not theirs are dropped, and those that say what no answer of this server
    may say (`_is_sound`); recordings stay named in the scope only if they are theirs.
    """
    digest = await asyncio.to_thread(_digest, document)
    known = await _find_imported(tenant, digest)
    if known is not None:
        return known, False
    # Before the unit of work, which keeps others from writing; batch by batch, so that other threads get their turn.
    spoken = await _spoken(tenant, document)
    batches = [
        await asyncio.to_thread(_to_messages, document, first, spoken)
        for first in range(0, len(document.messages), _BATCH_MESSAGES)
    ]
    try:
        async with tenant.writing() as work:
            session = await _insert(work, document, digest, batches)
    except UniqueViolationError:  # the same import, at the same time
        known = await _find_imported(tenant, digest)
        assert known is not None
        return known, False
    return session, True


def _digest(document: SessionDocument) -> str:
    """Return the SHA-256 of the document as JSON with sorted keys.

    Written message by message: one call for all of them would hold the interpreter's lock, and so the event loop,
    for a second.
    """
    around = orjson.dumps(document.model_dump(exclude={"messages"}) | {"messages": []}, option=orjson.OPT_SORT_KEYS)
    before, messages, after = around.partition(b'"messages":[')  # in a string its quotes would be escaped
    digest = hashlib.sha256(before + messages)
    for ordinal, message in enumerate(document.messages):
        digest.update(b"," if ordinal else b"")
        digest.update(orjson.dumps(message.model_dump(), option=orjson.OPT_SORT_KEYS))
    digest.update(after)
    return digest.hexdigest()


async def _find_imported(tenant: Tenant, digest: str) -> Session | None:
    params = {"end_user_id": tenant.end_user_id, "import_sha256": digest}
    row = await tenant.fetch_one(queries.select_session_by_import, params)
    return None if row is None else Session(*row)


async def _spoken(tenant: Tenant, document: SessionDocument) -> Spoken:
    """Return what is said where the export cites."""
    cited: dict[str, set[int]] = {}
    for message in document.messages:
        for part in message.parts:
            if part.type == "citation":
                cited.setdefault(part.recording_id, set()).add(part.start_ms)
    found: dict[tuple[str, int], list[str]] = {}
    for recording in await find_recordings(tenant, sorted(cited)) if cited else ():
        if recording.transcription_id is not None:
            for segment in await list_segments(tenant, recording.transcription_id):
                if segment.start_ms in cited[recording.id]:
                    texts = found.setdefault((recording.id, segment.start_ms), [])
                    if len(texts) < _MOST_TEXTS:
                        texts.append(segment.text)
    return found


async def _insert(
    work: Tenant, document: SessionDocument, digest: str, batches: Sequence[Sequence[Message]]
) -> Session:
    wanted = sorted(set(document.scope.recording_ids) - {""})
    theirs = {recording.id for recording in await find_recordings(work, wanted)} if wanted else set()
    scope = await _their_folder(work, document.scope) or _their_scope(document.scope, theirs)
    created_us = parse_time(document.created_at)
    last_us = max([created_us, *(message.created_us for messages in batches for message in messages)])
    session = await create_session(
        work, scope, title=document.title, import_sha256=digest, created_us=created_us, last_message_us=last_us
    )
    assert work.end_user_id is not None
    for messages in batches:
        await insert_messages(work, session.id, work.end_user_id, messages)
    answers = [one for one in document.messages if one.role == "assistant"]
    await work.execute(
        queries.update_session_counters,
        {
            "session_id": session.id,
            "new_message_count": len(document.messages),
            "new_last_message_us": last_us,
            "new_updated_us": session.updated_us,
            "new_last_model": answers[-1].model if answers else None,
            "new_last_provider": answers[-1].provider if answers else None,
        },
    )
    return await get_session(work, session.id)


async def _their_folder(work: Tenant, scope: _ScopeDocument) -> Scope | None:
    if scope.type != "folder" or scope.folder_id is None:
        return None
    folder = await find_folder(work, scope.folder_id)
    return None if folder is None else Scope("folder", folder_id=folder.id, folder_name=folder.name)


def _their_scope(scope: _ScopeDocument, theirs: set[str]) -> Scope:
    """An export from elsewhere may name nothing that is theirs: then it becomes a chat over their library."""
    kept = tuple(dict.fromkeys(one for one in scope.recording_ids if one in theirs))
    if scope.type == "library" or not kept:
        return Scope("library")
    if scope.type == "recording":
        return Scope("recording", kept[:1], scope.recording_title)
    return Scope("selected", kept)


def _to_messages(document: SessionDocument, first: int, spoken: Spoken) -> list[Message]:
    """Return one batch of messages, from the ordinal `first` on."""
    batch = document.messages[first : first + _BATCH_MESSAGES]
    return [_to_message(one, ordinal, spoken) for ordinal, one in enumerate(batch, first)]


def _to_message(document: _MessageDocument, ordinal: int, spoken: Spoken) -> Message:
    is_answer = document.role == "assistant"
    parts = _to_parts(document, spoken)
    if not is_answer:
        parts = [TextPart(join_text(parts))]
    tokens = document.tokens
    return Message(
        new_id("msg"),
        ordinal,
        document.role,
        join_text(parts),
        dump_parts(parts),
        document.model if is_answer else None,
        document.provider if is_answer else None,
        (document.finish_reason or "stop") if is_answer else None,
        parse_time(document.created_at),
        Tokens(tokens.input or 0, tokens.output or 0, tokens.cached or 0) if is_answer else Tokens(),
        document.answered if is_answer else None,
        document.dropped_citations if is_answer else None,
    )


def _to_parts(document: _MessageDocument, spoken: Spoken) -> list[Part]:
    parts: list[Part] = []
    said = ""
    for part in document.parts:
        if part.type == "text":
            said = part.text
            parts.append(TextPart(said, part.is_key and document.role == "assistant"))
        elif _is_sound(document, part, said, spoken):
            parts.append(CitationPart(part.recording_id, part.start_ms))
    return parts


def _is_sound(document: _MessageDocument, part: _PartDocument, said: str, spoken: Spoken) -> bool:
    """Whether an answer of this server could cite like this.

    It follows words, and a segment starts where it points; the built-in model's words are that segment's.
    """
    texts = spoken.get((part.recording_id, part.start_ms), [])
    is_quoted = document.provider == _BUILT_IN and (document.model or "").startswith(_EXTRACTIVE)
    return bool(said) and any(not is_quoted or said in text for text in texts)
