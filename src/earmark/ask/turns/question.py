"""What a question becomes: a new message, the unanswered last one, or one answered before."""

from __future__ import annotations

from earmark.ask.errors import MessageNotFoundError, NotLastTurnError, SupersededError
from earmark.ask.sessions.default_titles import title_from_question
from earmark.ask.sessions.messages import (
    MessagePage,
    find_answer,
    find_last_message,
    find_message,
    get_message,
    insert_message,
    list_messages,
    with_sources,
)
from earmark.ask.sessions.sessions import set_title
from earmark.ask.turns.counters import count_messages
from earmark.ask.turns.running import RunningTurn
from earmark.ask.types import Message, Question, SessionState, TextPart, Tokens
from earmark.clock import now_us
from earmark.ids import new_id
from earmark.storage.tenant import Tenant


async def find_answered(tenant: Tenant, session_id: str, message_id: str | None) -> RunningTurn | None:
    """Return the answer that the same send got before, if it did."""
    asked = await find_message(tenant, session_id, message_id) if message_id is not None else None
    answer = await find_answer(tenant, session_id, asked) if asked is not None else None
    if asked is None or answer is None:
        return None
    return RunningTurn.over(asked.id, await with_sources(tenant, session_id, answer))


async def get_last_turn(work: Tenant, session_id: str, user_message_id: str) -> tuple[Message, Message | None]:
    """Return the session's last question and its answer, if it has one.

    Raises: MessageNotFoundError; NotLastTurnError if the last question is another.
    """
    asked = await get_message(work, session_id, user_message_id)
    if asked.role != "user":
        raise MessageNotFoundError
    newest = await list_messages(work, session_id, MessagePage(limit=2, is_descending=True))
    if newest[0].id == asked.id:
        return asked, None
    if newest[0].role == "assistant" and newest[1].id == asked.id:
        return asked, newest[0]
    raise NotLastTurnError


async def refuse_if_superseded(tenant: Tenant, session_id: str, asked: Message) -> None:
    """Refuse to answer a question after which another was asked.

    Raises: SupersededError.
    """
    later = await list_messages(tenant, session_id, MessagePage(limit=1, after=asked.ordinal))
    if later and later[0].role == "user":
        raise SupersededError(session_id, later[0].id)


async def store_question(work: Tenant, state: SessionState, question: Question) -> Message:
    """Store the question, or return the stored one that it repeats.

    The same text as an unanswered last message is a retry of it.

    Raises: SupersededError if it was asked before, and something else since.
    """
    content = question.content
    last = await find_last_message(work, state.id)
    if last is not None and last.role == "user" and last.content == content:
        return last
    if question.message_id is not None:
        asked = await find_message(work, state.id, question.message_id)
        if asked is not None:
            await refuse_if_superseded(work, state.id, asked)
    now = max(now_us(), state.last_message_us)
    message = Message(
        question.message_id or new_id("msg"), state.message_count, "user", content, (TextPart(content),),
        None, None, None, now, Tokens(),
    )  # fmt: skip
    await insert_message(work, state.id, state.end_user_id, message)
    await count_messages(work, state, messages=1, now=now)
    if state.is_title_default and state.message_count == 0:
        await set_title(work, state.id, title_from_question(content), max(now, state.updated_us))
    return message
