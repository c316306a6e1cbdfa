"""The SQL of the search in chats. Queries read one end user's rows: callers narrow their handle first."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    Insert,
    Select,
    Update,
    and_,
    bindparam,
    delete,
    func,
    select,
    update,
)

from earmark.storage.dialect import any_of
from earmark.storage.keyset import after_position
from earmark.storage.query import Guard, long_query, query
from earmark.storage.tables import ask_messages, ask_sessions, ask_word_blocks, ask_words

KEY = (ask_messages.c.session_id, ask_messages.c.ordinal, ask_messages.c.id)


# ---- writing ---------------------------------------------------------------------------------------


@query
def count_unindexed(own: Guard) -> Select[Any]:
    """Count an end user's messages that no block has yet, up to `limit`."""
    unindexed = (
        select(ask_messages.c.created_us)
        .where(
            own(ask_messages),
            ask_messages.c.end_user_id == bindparam("of_end_user_id"),
            ask_messages.c.word_seq.is_(None),
        )
        .limit(bindparam("limit"))
        .subquery("unindexed")
    )
    return select(func.count(unindexed.c.created_us))


@long_query
def count_unindexed_each(own: Guard) -> Select[Any]:
    """Count each end user's messages that no block has yet."""
    return (
        select(ask_messages.c.end_user_id, func.count())
        .where(own(ask_messages), ask_messages.c.word_seq.is_(None))
        .group_by(ask_messages.c.end_user_id)
        .order_by(ask_messages.c.end_user_id)
    )


@long_query
def select_unindexed(own: Guard, *, for_update: bool) -> Select[Any]:
    """Select the oldest messages that no block has yet."""
    statement = (
        select(*KEY, ask_messages.c.content)
        .where(own(ask_messages), ask_messages.c.word_seq.is_(None))
        .order_by(ask_messages.c.created_us, *KEY)
        .limit(bindparam("limit"))
    )
    return statement.with_for_update() if for_update else statement


@query
def update_word_seq(own: Guard) -> Update:
    return (
        update(ask_messages)
        .where(
            own(ask_messages),
            ask_messages.c.session_id == bindparam("of_session_id"),
            ask_messages.c.ordinal == bindparam("of_ordinal"),
        )
        .values(word_seq=bindparam("new_word_seq"))
    )


@query
def insert_word_blocks(own: Guard) -> Insert:
    return own.insert_or_ignore(ask_word_blocks)


@query
def select_word_blocks(own: Guard, *, for_update: bool) -> Select[Any]:
    statement = select(ask_word_blocks.c.block_count).where(own(ask_word_blocks))
    return statement.with_for_update() if for_update else statement


@query
def update_word_blocks(own: Guard) -> Update:
    return update(ask_word_blocks).where(own(ask_word_blocks)).values(block_count=bindparam("new_block_count"))


@query
def insert_word(own: Guard) -> Insert:
    return own.insert(ask_words)


@query
def select_indexed_of(own: Guard, *, is_one: bool) -> Select[Any]:
    """Select and lock the indexed messages of a session, or the one at an ordinal."""
    statement = select(ask_messages.c.word_seq, ask_messages.c.content).where(
        own(ask_messages), ask_messages.c.session_id == bindparam("session_id")
    )
    if is_one:
        statement = statement.where(ask_messages.c.ordinal == bindparam("ordinal"))
    return statement.order_by(ask_messages.c.ordinal).with_for_update()


@query
def select_words_of_block(own: Guard) -> Select[Any]:
    return select(ask_words.c.term, ask_words.c.offsets).where(
        own(ask_words), any_of(ask_words.c.term, "terms"), ask_words.c.block == bindparam("word_block")
    )


@query
def update_word(own: Guard) -> Update:
    is_it = (ask_words.c.term == bindparam("word_term")) & (ask_words.c.block == bindparam("word_block"))
    return update(ask_words).where(own(ask_words), is_it).values(offsets=bindparam("new_offsets"))


@query
def delete_word(own: Guard) -> Delete:
    is_it = (ask_words.c.term == bindparam("word_term")) & (ask_words.c.block == bindparam("word_block"))
    return delete(ask_words).where(own(ask_words), is_it)


# ---- searching -------------------------------------------------------------------------------------


@long_query
def select_words_between(own: Guard) -> Select[Any]:
    """Select what the blocks have of the words that begin alike."""
    return (
        select(ask_words.c.block, ask_words.c.offsets)
        .where(own(ask_words), ask_words.c.term >= bindparam("first"), ask_words.c.term < bindparam("end"))
        .limit(bindparam("limit"))
    )


def _shown(own: Guard, *, is_continued: bool) -> Select[Any]:
    """Select messages with their session's title, after a position if continued."""
    is_session = (ask_sessions.c.tenant_id == ask_messages.c.tenant_id) & (
        ask_sessions.c.id == ask_messages.c.session_id
    )
    columns = (ask_messages.c.created_us, ask_messages.c.id, ask_messages.c.session_id, ask_sessions.c.title,
               ask_messages.c.role, ask_messages.c.content)  # fmt: skip
    statement = select(*columns).join(ask_sessions, is_session).where(own(ask_messages), own(ask_sessions))
    return after_position(statement, ask_messages.c.created_us, ask_messages.c.id, is_continued=is_continued)


def _among(own: Guard, which: ColumnElement[bool], *, is_continued: bool) -> Select[Any]:
    """Select messages that meet a condition of the word index.

    Their keys are read from that index alone, and a LIMIT keeps it apart: planners would walk all messages instead.
    """
    keys = (ask_messages.c.tenant_id, ask_messages.c.session_id, ask_messages.c.ordinal)
    few = select(*keys).where(own(ask_messages), which).limit(bindparam("most")).subquery("few")
    is_it = [few.c[key.name] == key for key in keys]
    return _shown(own, is_continued=is_continued).join(few, and_(*is_it))


@long_query
def select_messages_near(own: Guard, *, is_continued: bool) -> Select[Any]:
    """Select the newest messages, after a position if continued."""
    statement = _shown(own, is_continued=is_continued)
    return statement.order_by(ask_messages.c.created_us.desc(), ask_messages.c.id.desc()).limit(bindparam("reach"))


@long_query
def select_messages_numbered(own: Guard, *, is_continued: bool) -> Select[Any]:
    """Select the messages with these numbers in the word index."""
    return _among(own, any_of(ask_messages.c.word_seq, "word_seqs"), is_continued=is_continued)


@long_query
def select_messages_unindexed(own: Guard, *, is_continued: bool) -> Select[Any]:
    """Select the messages that no block has yet."""
    return _among(own, ask_messages.c.word_seq.is_(None), is_continued=is_continued)
