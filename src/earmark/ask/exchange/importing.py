"""Taking back a session that was exported, here or on another server."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from earmark.ask import queries
from earmark.ask.exchange.documents import MessageDocument, PartDocument, ScopeDocument, SessionDocument
from earmark.ask.sessions.messages import insert_rows, join_text, to_row
from earmark.ask.sessions.sessions import create_session, get_session
from earmark.ask.sessions.stored import to_session
from earmark.ask.types import CitationPart, Message, Part, Scope, Session, TextPart, Tokens
from earmark.clock import parse_time
from earmark.ids import new_id
from earmark.library.folders import find_folder
from earmark.library.recordings import find_recordings
from earmark.library.transcripts import list_segments
from earmark.storage.errors import UniqueViolationError
from earmark.storage.tenant import Tenant

_BATCH_MESSAGES = 200
"""Inserted at once, so that the event loop and the writer are free between two batches."""
_MOST_TEXTS = 8
"""Segments that start at one millisecond which a citation is compared with: people talk over each other, not crowds."""
_BUILT_IN = "earmark"
_EXTRACTIVE = "extractive-"
Spoken = Mapping[tuple[str, int], list[str]]
"""What is said in the segments of a recording that start at a millisecond."""


class ReceivedSession(NamedTuple):
    """An export that was checked, without its messages: these are made where they are read (`make_messages`)."""

    document: SessionDocument
    digest: str
    cited: dict[str, set[int]]
    """Recording to the milliseconds that are cited."""
    message_count: int
    last_us: int
    last_model: str | None
    last_provider: str | None


Rows = list[dict[str, Any]]
MakeRows = Callable[[Spoken], Awaitable[list[Rows]]]


def receive_session(document: SessionDocument) -> ReceivedSession:
    """Describe a checked export."""
    messages = document.messages
    times = [parse_time(document.created_at), *(parse_time(one.created_at) for one in messages)]
    answers = [one for one in messages if one.role == "assistant"]
    light = SessionDocument.model_construct(**{**dict(document), "messages": []})
    model, provider = (answers[-1].model, answers[-1].provider) if answers else (None, None)
    return ReceivedSession(light, _digest(document), _cited(messages), len(messages), max(times), model, provider)


async def import_session(tenant: Tenant, received: ReceivedSession, make_rows: MakeRows) -> tuple[Session, bool]:
    """Make a session of an export, for the end user that the handle is narrowed to.

    Args:
        make_rows: returns what `message_rows` makes of the export, given what is said where it cites.

    Returns: the session, and whether it is new; the same export again gives the one it made before.
    Citations of recordings that are not theirs are dropped, and those that say what no answer of this server
    may say (`_is_sound`); recordings stay named in the scope only if they are theirs.
    """
    known = await _find_imported(tenant, received.digest)
    if known is not None:
        return known, False
    # Before the unit of work, which keeps others from writing.
    batches = await make_rows(await _spoken(tenant, received.cited))
    try:
        async with tenant.writing() as work:
            session = await _insert(work, received, batches)
    except UniqueViolationError:  # the same import, at the same time
        known = await _find_imported(tenant, received.digest)
        assert known is not None
        return known, False
    return session, True


def message_rows(document: SessionDocument, spoken: Spoken) -> Iterator[Rows]:
    """Yield the rows of an export's messages in batches."""
    for first in range(0, len(document.messages), _BATCH_MESSAGES):
        yield [to_row(message) for message in _to_messages(document, first, spoken)]


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
    return None if row is None else to_session(row)


def _cited(messages: Iterable[MessageDocument]) -> dict[str, set[int]]:
    """Return the recordings that an export cites, each with the milliseconds."""
    cited: dict[str, set[int]] = {}
    for message in messages:
        for part in message.parts:
            if part.type == "citation":
                cited.setdefault(part.recording_id, set()).add(part.start_ms)
    return cited


async def _spoken(tenant: Tenant, cited: Mapping[str, set[int]]) -> Spoken:
    """Return what is said where the export cites."""
    found: dict[tuple[str, int], list[str]] = {}
    for recording in await find_recordings(tenant, sorted(cited)) if cited else ():
        if recording.transcription_id is not None:
            for segment in await list_segments(tenant, recording.transcription_id):
                if segment.start_ms in cited[recording.id]:
                    texts = found.setdefault((recording.id, segment.start_ms), [])
                    if len(texts) < _MOST_TEXTS:
                        texts.append(segment.text)
    return found


async def _insert(work: Tenant, received: ReceivedSession, batches: list[Rows]) -> Session:
    document = received.document
    wanted = sorted(set(document.scope.recording_ids) - {""})
    theirs = {recording.id for recording in await find_recordings(work, wanted)} if wanted else set()
    scope = await _their_folder(work, document.scope) or _their_scope(document.scope, theirs)
    scope = scope._replace(speaker=document.scope.speaker)
    session = await create_session(
        work, scope, title=document.title, import_sha256=received.digest,
        created_us=parse_time(document.created_at), last_message_us=received.last_us,
    )  # fmt: skip
    assert work.end_user_id is not None
    left = deque(batches)
    batches.clear()
    while left:  # each is freed by itself: all at once would hold up the event loop
        await insert_rows(work, session.id, work.end_user_id, left.popleft())
    await work.execute(
        queries.update_session_counters,
        {
            "session_id": session.id,
            "new_message_count": received.message_count,
            "new_last_message_us": received.last_us,
            "new_updated_us": session.updated_us,
            "new_last_model": received.last_model,
            "new_last_provider": received.last_provider,
        },
    )
    return await get_session(work, session.id)


async def _their_folder(work: Tenant, scope: ScopeDocument) -> Scope | None:
    if scope.type != "folder" or scope.folder_id is None:
        return None
    folder = await find_folder(work, scope.folder_id)
    return None if folder is None else Scope("folder", folder_id=folder.id, folder_name=folder.name)


def _their_scope(scope: ScopeDocument, theirs: set[str]) -> Scope:
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


def _to_message(document: MessageDocument, ordinal: int, spoken: Spoken) -> Message:
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
        tuple(parts),
        document.model if is_answer else None,
        document.provider if is_answer else None,
        (document.finish_reason or "stop") if is_answer else None,
        parse_time(document.created_at),
        Tokens(tokens.input or 0, tokens.output or 0, tokens.cached or 0) if is_answer else Tokens(),
        document.answered if is_answer else None,
        document.dropped_citations if is_answer else None,
    )


def _to_parts(document: MessageDocument, spoken: Spoken) -> list[Part]:
    parts: list[Part] = []
    said = ""
    for part in document.parts:
        if part.type == "text":
            said = part.text
            parts.append(TextPart(said, part.is_key and document.role == "assistant"))
        elif _is_sound(document, part, said, spoken):
            parts.append(CitationPart(part.recording_id, part.start_ms))
    return parts


def _is_sound(document: MessageDocument, part: PartDocument, said: str, spoken: Spoken) -> bool:
    """Whether an answer of this server could cite like this.

    It follows words, and a segment starts where it points; the built-in model's words are that segment's.
    """
    texts = spoken.get((part.recording_id, part.start_ms), [])
    is_quoted = document.provider == _BUILT_IN and (document.model or "").startswith(_EXTRACTIVE)
    return bool(said) and any(not is_quoted or said in text for text in texts)
