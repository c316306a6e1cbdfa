"""Messages and their sources: stored, listed, joined into turns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from earmark.ask import queries
from earmark.ask.errors import MessageNotFoundError
from earmark.ask.sessions.stored import dump_parts, dump_source, load_parts, load_source
from earmark.ask.sessions.word_index import enqueue_if_full
from earmark.ask.types import AskResult, Message, Part, Source, TextPart, Tokens
from earmark.storage.query import Row
from earmark.storage.tenant import Tenant


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Which messages: after an ordinal, at most `limit`, oldest or newest first."""

    limit: int = 20
    after: int | None = None
    is_descending: bool = False


def join_text(parts: Sequence[Part]) -> str:
    """Return the content of a message: its text parts, concatenated."""
    return "".join(part.text for part in parts if isinstance(part, TextPart))


def to_message(row: Sequence[Any]) -> Message:
    """Return the message of a row of `queries.MESSAGE`."""
    before, parts, after = row[:4], load_parts(row[4]), row[5:9]
    return Message._make((*before, parts, *after, Tokens(*row[9:12]), *row[12:]))


async def insert_message(work: Tenant, session_id: str, end_user_id: str, message: Message) -> None:
    """Store a message in the caller's unit of work."""
    is_question = message.role == "user"  # its answer follows, and looks for both
    await insert_rows(work, session_id, end_user_id, [to_row(message)], may_fill_block=not is_question)


async def insert_messages(work: Tenant, session_id: str, end_user_id: str, messages: Iterable[Message]) -> None:
    """Store messages of a session in the caller's unit of work, in one statement."""
    await insert_rows(work, session_id, end_user_id, map(to_row, messages))


async def insert_rows(
    work: Tenant,
    session_id: str,
    end_user_id: str,
    rows: Iterable[Mapping[str, Any]],
    *,
    may_fill_block: bool = True,
) -> None:
    """Store the rows that `to_row` made.

    Args:
        may_fill_block: whether to look if they fill a block of the index of words.
    """
    owned = {"session_id": session_id, "end_user_id": end_user_id}
    await work.execute_many(queries.insert_message, ({**row, **owned} for row in rows))
    if may_fill_block:
        await enqueue_if_full(work, end_user_id)


def to_row(message: Message) -> dict[str, Any]:
    """Return a message as it is stored, without its session."""
    row = message._asdict()
    tokens, parts = row.pop("tokens"), row.pop("parts")
    row["parts_json"] = dump_parts(parts)
    return row | {"input_tokens": tokens.input, "output_tokens": tokens.output, "cached_tokens": tokens.cached}


async def insert_sources(
    work: Tenant, session_id: str, end_user_id: str, message_id: str, sources: Sequence[Source]
) -> None:
    """Store the evidence that an answer was given."""
    common = {"session_id": session_id, "end_user_id": end_user_id, "message_id": message_id}
    rows = [
        {**common, "rank": rank, "recording_id": one.recording_id, "chunk_json": dump_source(one)}
        for rank, one in enumerate(sources)
    ]
    await work.execute_many(queries.insert_source, rows)


async def list_messages(tenant: Tenant, session_id: str, page: MessagePage) -> list[Message]:
    """Return a session's messages, oldest first unless the page says otherwise."""
    return [to_message(row) for row in await list_message_rows(tenant, session_id, page)]


async def list_message_rows(tenant: Tenant, session_id: str, page: MessagePage) -> Sequence[Row]:
    """Return them as they are stored, for `to_message`."""
    params = {"session_id": session_id, "limit": page.limit, "after": page.after}
    shape = {"is_continued": page.after is not None, "is_descending": page.is_descending}
    return await tenant.fetch_all(queries.select_messages, params, **shape)


async def get_message(tenant: Tenant, session_id: str, message_id: str) -> Message:
    """Return one message of a session.

    Raises: MessageNotFoundError.
    """
    row = await tenant.fetch_one(queries.select_message, {"session_id": session_id, "message_id": message_id})
    if row is None:
        raise MessageNotFoundError
    return to_message(row)


async def find_message(tenant: Tenant, session_id: str, message_id: str) -> Message | None:
    """Return one message of a session, or None."""
    try:
        return await get_message(tenant, session_id, message_id)
    except MessageNotFoundError:
        return None


async def find_answer(tenant: Tenant, session_id: str, asked: Message) -> Message | None:
    """Return the answer to a question, or None if it has none yet."""
    found = await list_messages(tenant, session_id, MessagePage(limit=1, after=asked.ordinal))
    return found[0] if found and found[0].role == "assistant" else None


async def find_turn(tenant: Tenant, session_id: str, answer_id: str) -> tuple[Message, Message]:
    """Return a question and its answer.

    Raises: MessageNotFoundError if the answer was replaced by another.
    """
    answer = await get_message(tenant, session_id, answer_id)
    (asked,) = await list_messages(tenant, session_id, MessagePage(limit=1, after=answer.ordinal, is_descending=True))
    return asked, answer


async def with_sources(tenant: Tenant, session_id: str, answer: Message) -> AskResult:
    """Return a stored answer as the result of its turn."""
    sources = await list_sources(tenant, session_id, [answer])
    return AskResult(session_id, answer, tuple(sources.get(answer.id, ())))


async def find_last_message(tenant: Tenant, session_id: str) -> Message | None:
    """Return the newest message, or None in an empty session."""
    found = await list_messages(tenant, session_id, MessagePage(limit=1, is_descending=True))
    return found[0] if found else None


async def list_sources(tenant: Tenant, session_id: str, messages: Sequence[Message]) -> dict[str, list[Source]]:
    """Return the stored sources of a range of messages, by message id."""
    ordinals = [message.ordinal for message in messages]
    params = {"session_id": session_id, "first": min(ordinals, default=0), "last": max(ordinals, default=-1)}
    found: dict[str, list[Source]] = {}
    for message_id, chunk_json in await tenant.fetch_all(queries.select_sources_between, params):
        found.setdefault(message_id, []).append(load_source(chunk_json))
    return found
